"""The fenced blocks of a Markdown page, and the marks that stand before them.

A mark is an HTML comment on the line before a fence: `<!-- file: kiosk/payloads/member.py -->`.
Readers do not see it; tests learn from it what to do with the block.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<language>\w*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)
_MARK = re.compile(r"<!-- (.*?) -->\n\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `line` is that of its fence, from 1."""

    language: str
    text: str
    line: int
    marks: Mapping[str, str] = field(default_factory=dict)


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        before = text[: match.start()]
        mark = _MARK.search(before[before.rfind("<!--") :]) if "<!--" in before else None
        pairs = (part.partition(":") for part in mark[1].split(";")) if mark else ()
        marks = {key.strip(): value.strip() for key, _, value in pairs}
        found.append(Block(match["language"], match["text"], before.count("\n") + 1, marks))
    return found


def pages() -> list[Path]:
    """Return every Markdown page of the project."""
    places = (ROOT.glob("*.md"), (ROOT / "docs").rglob("*.md"), (ROOT / "systemd").rglob("*.md"))
    return sorted(path for place in places for path in place)
