"""Pictures to read: a folder with a `manifest.jsonl`, one object a line.

Fields: `file` (below the folder), `kind` (`qr` or `neg`), `group`, `text` (null where nobody knows
it), and optionally `payload_hex` (the bytes, where they are known). Others are ignored.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from benchmarks.truth import Truth, Verdict, judge, judge_negative, judge_unknown

MANIFEST = "manifest.jsonl"
LARGEST_PX = 4096

Anything = TypeVar("Anything")


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture and what is known about it; `draw` returns it in mode "L".

    `family` is the set it belongs to (photographs, door scenes); `group` the part of that set.
    """

    name: str
    family: str
    group: str
    truth: Truth | None
    draw: Callable[[], Image.Image] = field(repr=False)
    has_code: bool = field(default=True, kw_only=True)

    @property
    def kind(self) -> str:
        """Return `known`, `unknown` or `negative`."""
        if not self.has_code:
            return "negative"
        return "unknown" if self.truth is None else "known"

    def judge(self, payloads: list[bytes]) -> Verdict:
        """Return what `payloads`, reported for this picture, are worth."""
        if not self.has_code:
            return judge_negative(payloads)
        return judge_unknown(payloads) if self.truth is None else judge(payloads, self.truth)


def samples(folder: Path) -> Iterator[Sample]:
    """Yield the pictures of a corpus folder, in the order of its manifest.

    Raises:
        SystemExit: There is no manifest, or a line of it is not understood.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise SystemExit(f"{folder}: no {MANIFEST} here; see docs/reference/eye-benchmark.md")
    for number, line in enumerate(manifest.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield _sample(folder, json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise SystemExit(f"{manifest}:{number}: {error!r}") from None


def _sample(folder: Path, row: dict[str, Any]) -> Sample:
    if row["kind"] not in ("qr", "neg"):
        raise ValueError(f"kind {row['kind']!r} is neither qr nor neg")
    path = folder / row["file"]
    return Sample(
        name=row["file"],
        family="photographs",
        group=row["group"],
        truth=_truth(row) if row["kind"] == "qr" else None,
        draw=lambda: open_picture(path),
        has_code=row["kind"] == "qr",
    )


def _truth(row: dict[str, Any]) -> Truth | None:
    payload = bytes.fromhex(row["payload_hex"]) if row.get("payload_hex") else None
    text = row.get("text")
    return None if text is None and payload is None else Truth(text, payload)


def open_picture(path: Path) -> Image.Image:
    """Return the picture in mode "L"; very large ones are made smaller, the same for everybody."""
    with Image.open(path) as opened:
        if "A" in opened.getbands() or "transparency" in opened.info:
            # A code drawn on nothing would be black on black.
            coloured = opened.convert("RGBA")
            picture = Image.new("RGBA", coloured.size, "white")
            picture.alpha_composite(coloured)
            picture = picture.convert("L")
        else:
            picture = opened.convert("L")
    picture.thumbnail((LARGEST_PX, LARGEST_PX))
    return picture


def spread(all_of_them: list[Anything], limit: int | None) -> list[Anything]:
    """Return at most `limit` of the samples, taken evenly from all over the list.

    >>> spread(list("abcdefgh"), 4)
    ['a', 'c', 'e', 'g']
    """
    if limit is None or limit >= len(all_of_them):
        return all_of_them
    return [all_of_them[index * len(all_of_them) // limit] for index in range(limit)]
