"""A fleet file: one line a kiosk, as a spreadsheet writes it: site, device, the site's title.

For onboarding it may say more: the kiosk's bootstrap key, and the Wi-Fi at its door.
"""

import csv
import io
from dataclasses import dataclass, field, fields
from pathlib import Path

from kiosk.errors import OnboardingError, PayloadError
from kiosk.network.wifi import Wifi, checked
from kiosk.onboarding.bootstrap import read_public
from provisioning.cards.words import folded
from provisioning.errors import ProvisioningError
from provisioning.fleet import names

_LARGEST_BYTES = 5_000_000
_MOST_ROWS = 10_000
_MOST_SHOWN = 20
_LONGEST_TITLE = 80
_HEADINGS = {
    "site": ("site", "dia diem"),
    "device": ("device", "may"),
    "title": ("title", "ten dia diem", "ten"),
    "bootstrap": ("bootstrap", "khoa may"),
    "ssid": ("ssid", "wi-fi", "wifi"),
    "wifi_password": ("wifi password", "mat khau wi-fi", "mat khau wifi"),
}
_FIELDS = {heading: field for field, headings in _HEADINGS.items() for heading in headings}


@dataclass(frozen=True, slots=True)
class Row:
    """One kiosk to enrol. `bootstrap` is its key as `kiosk bootstrap-key` prints it."""

    site: str
    device: str
    title: str = ""
    bootstrap: str = ""
    ssid: str = ""
    wifi_password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """What its certificate will call it."""
        return f"{self.site}/{self.device}"


def read(path: Path) -> list[Row]:
    """Return the kiosks of a fleet file, in its order.

    Raises:
        ProvisioningError: It cannot be read, or lines of it are wrong; all of them are told.
    """
    try:
        raw = path.read_bytes()[: _LARGEST_BYTES + 1]
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ProvisioningError(f"{path}: is not UTF-8; save it as CSV in UTF-8") from None
    lines = [(number, line) for number, line in enumerate(_lines(text), 1) if any(line)]
    if len(raw) > _LARGEST_BYTES or len(lines) > _MOST_ROWS:
        raise ProvisioningError(f"{path}: is too long: at most {_MOST_ROWS} kiosks")
    if len(lines) < 2:
        raise ProvisioningError(f"{path}: holds no kiosk; the first line is: site,device,title")
    columns = _columns(path, lines[0][1])
    rows, problems = _rows(columns, lines[1:])
    if problems:
        more = len(problems) - _MOST_SHOWN
        shown = problems[:_MOST_SHOWN] + ([f"and {more} more"] if more > 0 else [])
        raise ProvisioningError("\n".join(f"{path}: {problem}" for problem in shown))
    return rows


def _lines(text: str) -> list[list[str]]:
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        table = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error:
        raise ProvisioningError("the fleet file is no CSV of a spreadsheet") from None
    return [[cell.strip() for cell in line] for line in table]


def _columns(path: Path, heading: list[str]) -> list[str]:
    found = [_FIELDS.get(folded(cell).replace("_", " "), "") for cell in heading]
    unknown = [cell for cell, field in zip(heading, found, strict=True) if not field and cell]
    if unknown:
        raise ProvisioningError(f"{path}: line 1: unknown column: {', '.join(unknown)}")
    if "site" not in found or "device" not in found:
        raise ProvisioningError(f"{path}: line 1: must name the columns site and device")
    return found


def _rows(columns: list[str], lines: list[tuple[int, list[str]]]) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    problems, seen = [], dict[str, int]()
    for number, cells in lines:
        values = dict(zip(columns, cells, strict=False))
        row = Row(**{each.name: values.get(each.name, "") for each in fields(Row)})
        try:
            _check(row)
        except (ProvisioningError, OnboardingError, PayloadError) as error:
            problems.append(f"line {number}: {error}")
            continue
        if row.name in seen:
            problems.append(f"line {number}: {row.name} stands in line {seen[row.name]} already")
        seen.setdefault(row.name, number)
        rows.append(row)
    return rows, problems


def _check(row: Row) -> None:
    """Refuse a line that cannot be; what it says of the Wi-Fi is not told."""
    names.check_device(row.site, row.device)
    if len(row.title) > _LONGEST_TITLE:
        raise ProvisioningError(f"the title is longer than {_LONGEST_TITLE} letters")
    if row.bootstrap:
        read_public(row.bootstrap)
    if row.wifi_password and not row.ssid:
        raise ProvisioningError("a Wi-Fi password, and no name of a Wi-Fi")
    if row.ssid:
        checked(Wifi(row.ssid, row.wifi_password or None))
