"""Enrols all kiosks of a fleet file, one after the other; those that are enrolled are left alone.

So the same command can be given again after it was cut off, or with more lines in the file.
"""

import csv
import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from kiosk.enrolment.claim import Code, claim_text
from kiosk.enrolment.keys import Held
from provisioning.errors import ProvisioningError
from provisioning.fleet.fleet_file import Row
from provisioning.fleet.folder import write
from provisioning.fleet.registrar import Registrar

KEY, ROOT, CLAIMS = "enrolled.key", "ca.pem", "claims.csv"


class Done(StrEnum):
    """What became of a line."""

    ENROLLED = "enrolled"
    CLAIM = "claim made"
    ALREADY = "is enrolled already"
    WAITING = "its claim waits already"


@dataclass(frozen=True, slots=True)
class Made:
    """One kiosk, when its certificate or its claim ends, and its code where it has a claim."""

    row: Row
    done: Done
    until_s: int
    code: Code | None = field(default=None, repr=False)


def enrol(
    registrar: Registrar,
    rows: Sequence[Row],
    make: Callable[[Row], Made],
    now_s: int,
    *,
    again: bool = False,
) -> Iterator[Made]:
    """Yield each kiosk as soon as it is made, or found to be enrolled.

    Raises:
        ProvisioningError: One could not be; those before it are.
    """
    with closing(registrar.folder.roll()) as roll:
        with roll.change():
            for row in rows:
                roll.add_site(row.site, row.title, now_s)
        known = {device.name: device for device in roll.devices()}
        titles = roll.titles()
    for row in (replace(each, title=titles[each.site]) for each in rows):
        device = None if again else known.get(row.name)
        if device is not None and device.revoked_s is None:
            newest = device.newest
            if newest is not None and newest.revoked_s is None and newest.until_s > now_s:
                yield Made(row, Done.ALREADY, newest.until_s)
                continue
            if device.claim_until_s is not None and device.claim_until_s > now_s:
                yield Made(row, Done.WAITING, device.claim_until_s)
                continue
        yield make(row)


def at_the_bench(registrar: Registrar, out: Path) -> Callable[[Row], Made]:
    """Return what makes key and certificate of a kiosk, in a folder of its own."""

    def make(row: Row) -> Made:
        held = registrar.enrol_here(row.site, row.device)
        write_bench(out / row.site / row.device, held, registrar.root)
        return Made(row, Done.ENROLLED, int(held.until_s))

    return make


def by_claim(
    registrar: Registrar, server: str, pin: bytes, hours: int | None
) -> Callable[[Row], Made]:
    """Return what makes a claim for a kiosk."""

    def make(row: Row) -> Made:
        claim, until_s = registrar.claim_for(row.site, row.device, hours)
        return Made(row, Done.CLAIM, until_s, Code(server, claim, pin))

    return make


def write_bench(folder: Path, held: Held, root: str) -> None:
    """Write what is copied to a kiosk: its key with its certificate, and the root.

    Raises:
        ProvisioningError: It cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ProvisioningError(f"{folder}: cannot be made: {error.strerror}") from None
    write(folder / KEY, held.pem())
    write(folder / ROOT, root.encode(), 0o644)


def write_claims(path: Path, made: Sequence[Made]) -> None:
    """Write claims as a table; whoever reads it can enrol in their place.

    Raises:
        ProvisioningError: It cannot be written, or is there already.
    """
    if path.exists():
        raise ProvisioningError(f"{path}: is there already: name another file")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["site", "device", "claim", "until", "code"])
    for each in made:
        if each.code is not None:
            until = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(each.until_s))
            claim = claim_text(each.code.claim)
            table.writerow([each.row.site, each.row.device, claim, until, each.code.text()])
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write(path, text.getvalue().encode())
