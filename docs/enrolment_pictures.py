"""Draw the pictures of the enrolment how-to: `python -m docs.enrolment_pictures`.

The terminal's words are what the real commands said, in a folder that is thrown away; the sheet of
labels is the one that they made. Fleet, keys and claims are nobody's, and good for nothing by the
time anybody sees them. A test compares what a picture shows with what the commands say now.
"""

import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import fontpkg
import pypdfium2
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from provisioning.paper import fonts

PICTURES = Path(__file__).resolve().parent / "pictures"
FLEET_FILE = """\
site,device,title
hk-001,door-1,Nhà văn hóa phường Phúc Tân
hk-001,door-2,
hk-002,door-1,Chợ Long Biên
"""
PASSPHRASES = {"root-passphrase": "a long passphrase for the safe", "passphrase": "for every day"}
TYPED = (
    "kiosk-provision ca init fleet --server https://enrol.example:8443",
    "kiosk-provision fleet enrol fifty.csv --out claims --labels labels.pdf",
    "kiosk-provision device list",
)
GIVEN = {
    "ca init": "--root-passphrase-file root-passphrase --passphrase-file passphrase",
    "fleet enrol": "--passphrase-file passphrase",
}
"""What a reader is asked for instead, so the pictures do not show it."""

_FONT_PX, _LINE_PX, _EDGE_PX = 17, 25, 18
_COLUMNS = 92
_PAPER, _INK, _PROMPT = "#1d2430", "#dfe5ee", "#7fd6a4"
_SAID = "said"
_SHEET_DPI, _SHEET_PART = 100, 0.128
_CHANGING = (
    (re.compile(r"(?<=pin )[0-9A-Z]+"), "5D0R" * 13),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"), "2026-12-31 12:00 UTC"),
    (re.compile(r"\d+\.\d s"), "0.1 s"),
)
"""What differs from run to run."""


def session(folder: Path) -> tuple[list[str], bytes]:
    """Type the commands in an empty folder; return what a terminal shows, and the labels."""
    (folder / "fifty.csv").write_text(FLEET_FILE, "utf-8")
    for name, words in PASSPHRASES.items():
        (folder / name).write_text(f"{words}\n")
    lines = []
    for typed in TYPED:
        given = next((more for words, more in GIVEN.items() if words in typed), "")
        lines += [f"$ {typed}", *_said(folder, f"{typed} {given}"), ""]
    return lines[:-1], (folder / "labels.pdf").read_bytes()


def _said(folder: Path, command: str) -> list[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603 - the commands above, and nobody else's
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": str(_COLUMNS), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    said = done.stdout
    for changing, instead in _CHANGING:
        said = changing.sub(instead, said)
    return [part for line in said.splitlines() for part in _wrapped(line.replace("\t", "  "))]


def _wrapped(line: str) -> list[str]:
    return [line[at : at + _COLUMNS] for at in range(0, max(1, len(line)), _COLUMNS)]


def terminal(lines: Sequence[str]) -> bytes:
    """Return a picture of a terminal with these lines."""
    font = ImageFont.truetype(str(fontpkg.path(fonts.FAMILY, weight=400)), _FONT_PX)
    height = 2 * _EDGE_PX + _LINE_PX * len(lines)
    width = 2 * _EDGE_PX + max(round(font.getlength(line)) for line in lines)
    picture = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        ink = _PROMPT if line.startswith("$ ") else _INK
        draw.text((_EDGE_PX, _EDGE_PX + number * _LINE_PX), line, ink, font)
    return _png(picture, "\n".join(lines))


def said_in(picture: Path) -> list[str]:
    """Return the lines of a terminal's picture, which it holds as words too."""
    with Image.open(picture) as opened:
        return str(opened.info[_SAID]).splitlines()


def sheet(pdf: bytes) -> bytes:
    """Return a picture of the upper part of a sheet of labels."""
    document = pypdfium2.PdfDocument(pdf)
    page = document[0].render(scale=_SHEET_DPI / 72).to_pil().convert("RGB")
    document.close()
    return _png(page.crop((0, 0, page.width, round(page.height * _SHEET_PART))))


def _png(picture: Image.Image, said: str = "") -> bytes:
    info = PngInfo()
    if said:
        info.add_itxt(_SAID, said)
    small = picture.quantize(12, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True, pnginfo=info)
    return out.getvalue()


def pictures() -> dict[str, bytes]:
    """Return the pictures by their file's name."""
    with tempfile.TemporaryDirectory() as place:
        lines, labels = session(Path(place))
    return {"enrol-terminal.png": terminal(lines), "enrol-labels.png": sheet(labels)}


def main() -> None:
    """Write the pictures."""
    for name, raw in pictures().items():
        (PICTURES / name).write_bytes(raw)


if __name__ == "__main__":
    main()
