"""`kiosk-provision broker`: write a mosquitto's files, keep them up to date, run one here."""

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Annotated

import typer

from provisioning.broker import end, program
from provisioning.command_line import one_line_errors
from provisioning.errors import ProvisioningError
from provisioning.fleet import broker_files
from provisioning.fleet.broker_files import CONFIG, Listener
from provisioning.fleet.commands import group
from provisioning.fleet.folder import FleetFolder, write
from provisioning.fleet.options import DEFAULT_FOLDER, Folder, PassphraseFile
from provisioning.passphrase import passphrase

broker_app = group("The fleet's broker: mosquitto, with certificates at both ends.")

Out = Annotated[Path, typer.Argument(metavar="FOLDER", help="The broker's files.")]

_LOOK_S = 1.0
_PR_SET_PDEATHSIG = 1


@broker_app.command("write")
def write_files(
    out: Out,
    host: Annotated[list[str], typer.Option(help="By what kiosks reach it; may be given again.")],
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8883,
    bind: Annotated[str | None, typer.Option(help="Only at this address.")] = None,
    lies_in: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Where the files will lie, if elsewhere.")
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write settings, access, certificates and revocations; again: a new certificate."""
    with one_line_errors():
        fleet = FleetFolder(folder)
        signers = fleet.signers(passphrase(passphrase_file, f"the issuing key of {folder}"))
        broker_files.write_broker(out, fleet, signers[-1], host, int(time.time()))
        there = out.resolve() if lies_in is None else lies_in
        user = broker_files.owner() if lies_in is None else None
        lines = broker_files.settings(there, Listener(port, bind), user)
        write(out / CONFIG, ("\n".join(lines) + "\n").encode())
        typer.echo(f"{out / CONFIG}: a broker for {', '.join(host)}, port {port}")
        typer.echo(f"kiosk-provision broker run {out}, or mosquitto -c {there / CONFIG}")


@broker_app.command("refresh")
def refresh(out: Out, folder: Folder = DEFAULT_FOLDER) -> None:
    """Write access and revocations anew; a broker that runs has to be told (SIGHUP)."""
    with one_line_errors():
        _written(out)
        changed = broker_files.refresh(out, FleetFolder(folder))
        said = "written; tell the broker: systemctl reload mosquitto" if changed else "nothing new"
        typer.echo(f"{out}: {said}")


@broker_app.command("run")
def run(out: Out, folder: Folder = DEFAULT_FOLDER) -> None:
    """Run a broker here until Ctrl-C, and tell it what changes in the fleet."""
    with one_line_errors():
        _written(out)
        name = program()
        if name is None:
            raise ProvisioningError("mosquitto is not installed: sudo apt install mosquitto")
        fleet = FleetFolder(folder)
        broker_files.refresh(out, fleet)
        process = subprocess.Popen(
            [name, "-c", str(out / CONFIG)],
            stdin=subprocess.DEVNULL,
            # Ctrl-C is for us, who end it in order; and where we are killed, it must not stay.
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - no thread of ours runs here
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _n, _f: process.terminate())
        try:
            code = _watch(process, out, fleet)
        finally:
            end(process)
        raise typer.Exit(0 if code in {0, -signal.SIGTERM} else 1)


def _watch(process: subprocess.Popen[bytes], out: Path, fleet: FleetFolder) -> int:
    """Wait for the broker's end; whoever is revoked meanwhile is refused within a second or two."""
    while True:
        try:
            return process.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            if broker_files.refresh(out, fleet):
                typer.echo("access or revocations changed: the broker reads them again")
                process.send_signal(signal.SIGHUP)


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _written(out: Path) -> None:
    if not (out / CONFIG).is_file():
        raise ProvisioningError(f"{out}: holds no broker: kiosk-provision broker write {out}")
    if not os.access(out, os.W_OK):
        raise ProvisioningError(f"{out}: cannot be written")
