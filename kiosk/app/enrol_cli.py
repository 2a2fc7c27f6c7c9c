"""`kiosk enrol`: a technician at the bench gives this kiosk its first certificate.

The key is made here. What is typed is good once; given again after a cut, it gets the same answer.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel

from kiosk.app.command_errors import one_line_errors
from kiosk.app.onboarding_section import opened
from kiosk.app.sections import Enrolment, Kiosk
from kiosk.app.settings import DEFAULT_PATH, REQUIRED, SECTIONS
from kiosk.errors import EnrolmentError

if TYPE_CHECKING:
    # Only the command imports it: the eye runs from the same program and has no cryptography.
    from cryptography import x509


def enrol(
    server: Annotated[
        str | None, typer.Option(help="https://HOST:PORT; absent: as the settings or the code say.")
    ] = None,
    claim: Annotated[
        str | None, typer.Option(help="The claim or the code on paper; absent: asked for.")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option("--ca", metavar="FILE", help="The fleet's root certificate.")
    ] = None,
    pin: Annotated[
        str | None, typer.Option(help="The root's pin, to fetch it from the server.")
    ] = None,
    config: Annotated[Path, typer.Option("--config", help="The settings file.")] = DEFAULT_PATH,
) -> None:
    """Enrol this kiosk with a one-time claim: its key is made here, its certificate comes back."""
    from kiosk.enrolment import claim as claims  # noqa: PLC0415 - the eye must not import this
    from kiosk.enrolment.client import EnrolmentServer  # noqa: PLC0415 - see above
    from kiosk.enrolment.file import EnrolledFile  # noqa: PLC0415 - see above

    with one_line_errors():
        kiosk, section = load_enrolment(config, os.environ)
        typed = claim if claim is not None else typer.prompt("Claim or code")
        pinned = None if pin is None else claims.read_pin(pin)
        if typed.startswith(claims.CODE_START):
            code = claims.read_code(typed)
            server, typed, pinned = code.server, claims.claim_text(code.claim), code.pin
        where = server or section.server
        if where is None:
            raise EnrolmentError("which server? --server https://HOST:PORT, or the code on paper")
        where = claims.checked_server(where)
        claims.read_claim(typed)
        root = _root(where, ca, pinned, section.ca_file)
        file = EnrolledFile(section.key_file)
        file.recover()
        held = EnrolmentServer(where, [root]).redeem(
            typed, file.next_key(), kiosk.site, kiosk.device
        )
        file.certify(held)
        file.swap()
        # What it had before was revoked with this: there is nothing to go back to.
        file.prove()
        _keep_root(section.ca_file, root)
        until = time.strftime("%Y-%m-%d", time.gmtime(held.until_s))
        typer.echo(f"enrolled as {held.name} until {until}: {section.key_file}")


def load_enrolment(path: Path, environ: Mapping[str, str]) -> tuple[Kiosk, Enrolment]:
    """Return which door this is and how it is enrolled; nothing else need be there yet.

    Raises:
        SettingsError: `[kiosk]` or `[enrolment]` cannot be used.
    """
    reading = opened(path, environ, may_wait=False)
    own: dict[str, type[BaseModel]] = {"kiosk": Kiosk, "enrolment": Enrolment}
    reading.unread.update((name,) for name in SECTIONS if name not in own)
    reading.is_missing("kiosk", REQUIRED["kiosk"])
    for name, model in own.items():
        reading.check((name,), model)
    reading.finish()
    return reading.take(("kiosk",), Kiosk), reading.take(("enrolment",), Enrolment)


def _root(where: str, ca: Path | None, pin: bytes | None, known: Path) -> "x509.Certificate":
    """Return the root by which the server is known; one that is here already must be the same."""
    from kiosk.enrolment.client import root_by_pin  # noqa: PLC0415 - see above

    held = _read_root(known) if known.exists() else None
    if ca is not None:
        found = _read_root(ca)
    elif pin is not None:
        found = root_by_pin(where, pin)
    elif held is not None:
        found = held
    else:
        raise EnrolmentError(f"how is the server known? --ca FILE or --pin PIN; {known} is missing")
    if held is not None and held != found:
        raise EnrolmentError(f"{known}: is the root of another fleet; remove it first")
    return found


def _read_root(path: Path) -> "x509.Certificate":
    from kiosk.enrolment.keys import certificates_in  # noqa: PLC0415 - see above

    try:
        return certificates_in(path.read_bytes())[0]
    except OSError as error:
        raise EnrolmentError(f"{path}: cannot be read: {error.strerror}") from None
    except EnrolmentError as error:
        raise EnrolmentError(f"{path}: {error}") from None


def _keep_root(path: Path, root: "x509.Certificate") -> None:
    from kiosk.enrolment.keys import certificate_pem  # noqa: PLC0415 - see above

    if path.exists():
        return
    try:
        path.write_text(certificate_pem(root), "ascii")
        path.chmod(0o644)
    except OSError as error:
        raise EnrolmentError(
            f"{path}: cannot be written: {error.strerror}; the certificate is there already"
        ) from None
