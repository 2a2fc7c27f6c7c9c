"""`kiosk-provision serve`: the enrolment server on a web server, over HTTPS and nothing else."""

import contextlib
import os
import socket
import time
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from kiosk.enrolment.keys import key_pem
from ledger.alive import Alive
from provisioning.command_line import one_line_errors
from provisioning.errors import ProvisioningError
from provisioning.fleet.certificates import Signer, new_key, server
from provisioning.fleet.folder import FleetFolder, pems, write
from provisioning.fleet.options import DEFAULT_FOLDER, Folder, PassphraseFile
from provisioning.fleet.registrar import Registrar
from provisioning.passphrase import passphrase

if TYPE_CHECKING:
    from starlette.applications import Starlette

CERTIFICATE, KEY = "serve.pem", "serve.key"
_MOST_CONNECTIONS = 100
_KEEP_ALIVE_S = 5
_SAID_EVERY_S = 10


def serve(
    host: Annotated[
        list[str] | None, typer.Option(help="By what kiosks reach it; absent: as the fleet says.")
    ] = None,
    bind: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8443,
    folder: Folder = DEFAULT_FOLDER,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Redeem claims, renew certificates and tell what is revoked, until Ctrl-C."""
    with one_line_errors():
        from provisioning.fleet.serve import (  # noqa: PLC0415 - only who serves needs its libraries
            EnrolmentServer,
        )

        fleet = FleetFolder(folder)
        names = host or _hosts(fleet)
        phrase = passphrase(passphrase_file, f"the issuing key of {folder}")
        signers = fleet.signers(phrase)
        registrar = Registrar(fleet, signers, time.time, lambda: fleet.signers(phrase))
        registrar.revocations.write()
        _certify(fleet, signers[-1], names)
        app = EnrolmentServer(registrar, time.monotonic).app()
        where = f"enrolment server for {', '.join(names)}: https://{bind}:{port}"
        _run(app, fleet, (bind, port), where)


def _run(app: "Starlette", fleet: FleetFolder, at: tuple[str, int], where: str) -> None:
    """Answer requests until a signal ends it; `where` is said when it listens, and not before."""
    import uvicorn  # noqa: PLC0415 - only who serves needs it

    alive = Alive(os.environ)

    async def turned() -> None:
        alive.turned(where, reached=True)

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                typer.echo(where)
                await turned()

    config = uvicorn.Config(
        app,
        host=at[0],
        port=at[1],
        ssl_certfile=fleet.path / CERTIFICATE,
        ssl_keyfile=str(fleet.path / KEY),
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        lifespan="off",
        callback_notify=turned,
        timeout_notify=_SAID_EVERY_S,
    )
    # uvicorn ends in order at Ctrl-C, and then raises it again.
    with contextlib.suppress(KeyboardInterrupt):
        Announced(config).run()


def _hosts(fleet: FleetFolder) -> list[str]:
    found = urlsplit(fleet.terms().server or "").hostname
    if found is None:
        raise ProvisioningError("by what name do kiosks reach this server? --host NAME")
    return [found]


def _certify(fleet: FleetFolder, signer: Signer, names: list[str]) -> None:
    """Make the server's own key and certificate; new ones at each start, so they never run out."""
    key = new_key()
    made = server(signer, key.public_key(), names, int(time.time()))
    write(fleet.path / KEY, key_pem(key))
    write(fleet.path / CERTIFICATE, pems([made, signer.certificate]).encode(), 0o644)
