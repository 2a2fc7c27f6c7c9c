"""What the operator's folder holds, in words, verified as a kiosk does it."""

import time
from collections.abc import Iterator
from pathlib import Path

from kiosk.errors import ListError
from kiosk.lists import drain, manifest
from kiosk.lists.manifest import Manifest
from kiosk.lists.signers import signers_in
from kiosk.payloads.parts.trust import Context
from provisioning.errors import ProvisioningError
from provisioning.lists import drain as rates
from provisioning.lists import folder as folders
from provisioning.lists.making import Made


def called(found: Manifest) -> str:
    """Return what a list is called for a person."""
    return found.name if found.site is None else f"{found.site}/{found.name}"


def lines(root: Path, signers: list[Path]) -> Iterator[str]:
    """Yield a line for each list, and one for the drain rate; no `signers`: nothing is verified.

    Raises:
        ProvisioningError: There is nothing, or one cannot be read, or somebody else signed it.
        SettingsError: A file of `signers` holds no key.
    """
    lists, rate = contents(root)
    trusted = signers_in(signers) if signers else None
    word = "signature not verified: --signer" if trusted is None else "signature verified"
    for each in lists:
        yield f"{called(each.manifest)}: {_list(each, trusted)}, {word}; {_made(each.manifest)}"
    if rate is not None:
        yield f"drain: {_rate(rate, trusted)}, {word}; {_made(drain.said(rate))}"


def contents(root: Path) -> tuple[list[Made], bytes | None]:
    """Return all lists of the folder and the signed drain rate, verified by nobody.

    Raises:
        ProvisioningError: There is nothing, or one of them cannot be read.
    """
    lists, rate = list(folders.every(root)), rates.read(root)
    if not lists and rate is None:
        raise ProvisioningError(f"{root}: there is no list")
    return lists, rate


def _list(made: Made, trusted: Context | None) -> str:
    found = made.manifest
    if trusted is not None:
        try:
            manifest.read(made.raw, trusted)
        except ListError as error:
            raise ProvisioningError(f"{called(found)}: {error}") from None
    size = sum(map(len, made.shards.values())) + len(made.raw)
    parts = [f"version {found.version}", f"{found.entries} entries", f"{size} bytes"]
    parts.append(f"{len(made.shards)} shards")
    if found.periods:
        parts.append(f"for key periods {', '.join(map(str, found.periods))}")
    return ", ".join(parts)


def _rate(raw: bytes, trusted: Context | None) -> str:
    if trusted is not None:
        try:
            drain.read(raw, trusted)
        except ListError as error:
            raise ProvisioningError(f"drain: {error}") from None
    found = drain.said(raw)
    return f"version {found.version}, {rates.words_of(found)}"


def _made(found: Manifest | drain.DrainRate) -> str:
    return f"made {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime(found.issued_s))}"
