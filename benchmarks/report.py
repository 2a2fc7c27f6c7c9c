"""The page and the plot of a run: `python -m benchmarks.report FIGURES.json`, or `--report`.

Markdown and SVG are put together as text. The page names seeds and versions, no machine and no
folder; milliseconds stay out of it, since only ratios carry over to another processor.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.readers import KIOSK

ROOT = Path(__file__).resolve().parent.parent
PAGE = "docs/reference/eye-benchmark.md"
PLOT = "docs/reference/eye-benchmark.svg"
_BAR_PX, _ROW_PX, _LEFT_PX, _WIDTH_PX = 420, 24, 120, 640

_INTRODUCTION = """\
<!-- Written by `python -m benchmarks.eye --report`; do not edit. -->
# How well the eye reads

```sh
bash benchmarks/setup.sh
.venv-bench/bin/python -m benchmarks.eye --corpus FOLDER --scenes 1000 --stream --report
```

`kiosk` is the product's own look, built as the eye process builds it. The others are packages that
anybody can install, with their defaults and QR codes only. All of them see the same frames in one
interleaved run.

- *Read*: the right code came back. *Exact*: and its bytes were unchanged. *False*: something was
  reported that is not there.
- *CPU*: process CPU time a frame relative to zbarlight, on frames with a code and without one: the
  sum over all pictures of each reader, each picture counting once.
- A still picture is held before the kiosk like a card: the same frame for three seconds, or until
  it is read; by then every strategy has had its turn, zbarlight's too. Its cost is the mean of
  those frames. The gate is off: it would skip what does not move.
- *CPU, empty door*: the same with the gate on, as at a door where nobody is. Halls with a sensor's
  noise and drifting light, first two seconds to learn them, then ten that are compared: kiosk and
  zbarlight take turns at every frame.
- The truth of a photograph is a text. A payload is exact when one of the usual charsets turns it
  into that text, line ends aside; it is changed, but the right code, when its printable ASCII is
  the same to four fifths or more. In door scenes the bytes are known and must be equal.
- Door scenes are drawn from a seed, each condition swept from harmless to hopeless without looking
  at any reader. Seeds 1 to 99 are for tuning, 1000 and above for judging.

A corpus is a folder with a `manifest.jsonl`: one object a line with `file`, `kind` (`qr` or `neg`),
`group`, `text` (null where unknown) and, where the bytes are known, `payload_hex`.

![Read rate and cost](eye-benchmark.svg)
"""


def page(figures: dict[str, Any]) -> str:
    """Return the Markdown page of a run."""
    versions = ", ".join(f"{name}: {version}" for name, version in figures["versions"].items())
    about = f"Seed {figures['seed']}, Python {figures['python']}, {figures['machine']}. {versions}."
    if figures["missing"]:
        about += f" Missing: {', '.join(sorted(figures['missing']))}."
    return f"{_INTRODUCTION}\n{about}\n\n{tables(figures)}\n"


def tables(figures: dict[str, Any]) -> str:
    """Return all tables of a run."""
    parts = []
    for name, one in figures["sets"].items():
        parts += [f"## {name.capitalize()}", _readers(one), _groups(one)]
    if "empty_door" in figures:
        parts += ["## An empty door", _empty(figures["empty_door"])]
    if "stream" in figures:
        parts += ["## In real time", _STREAM_NOTE, _stream(figures["stream"])]
    if "never_read" in figures:
        parts += ["## Beyond a single frame", _never(figures["never_read"])]
    return "\n\n".join(parts)


_STREAM_NOTE = (
    "Thirty frames a second, the newest wins; CPU time here, times the slow-down, decides which "
    "frames are missed. Milliseconds are from a card's first frame in the picture to its bytes; "
    "*never* in the median: more than half were not read."
)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def _readers(one: dict[str, Any]) -> str:
    frames, union = one["frames"], one["union_of_peers"]
    rows = [
        (
            name,
            _share(row["read"], row["of"]),
            _share(row["exact"], row["of"]),
            row["false"],
            f"{row['unknown_read']} of {frames['unknown']}",
            _ratio(row["cpu_ratio_pos"]),
            _ratio(row["cpu_ratio_neg"]),
        )
        for name, row in one["readers"].items()
    ]
    rows.append(
        (
            "any of the peers",
            _share(union["read"], union["of"]),
            _share(union["exact"], union["of"]),
            "",
            "",
            "",
            "",
        )
    )
    head = ("Reader", "Read", "Exact", "False", "Unknown read", "CPU, code", "CPU, none")
    note = (
        f"{frames['known']} frames with a known code, {frames['unknown']} with an unknown one, "
        f"{frames['negative']} without."
    )
    return f"{note}\n\n{_table(head, rows)}"


def _groups(one: dict[str, Any]) -> str:
    names = list(one["readers"])
    rows = []
    for group, part in one["groups"].items():
        known = part["frames"]["known"]
        if known:
            read = [part["readers"][name]["read"] for name in names]
            rows.append((group, known, *read, part["union_of_peers"]["read"]))
    return _table(("Group", "Frames", *names, "any peer"), rows)


def _empty(door: dict[str, Any]) -> str:
    halls = sorted(door["halls"])
    row = (
        len(halls),
        door["frames"],
        door["false"],
        *(f"{ratio:.3f}" for ratio in (door["cpu_ratio_empty"], halls[0], halls[-1])),
    )
    head = ("Halls", "Frames", "False", "CPU, empty door", "Cheapest hall", "Dearest hall")
    return _table(head, [row])


def _stream(stream: dict[str, Any]) -> str:
    rows = [
        (
            f"{slowdown}x",
            name,
            f"{row['read']} of {row['of']}",
            _ms(row["median_ms"]),
            f"{row['ordinary']['read']} of {row['ordinary']['of']}",
            _ms(row["ordinary"]["median_ms"]),
            row["dropped"],
            row["false"],
        )
        for slowdown, by_reader in stream.items()
        for name, row in by_reader.items()
    ]
    head = (
        "CPU slower by",
        "Reader",
        "Cards read",
        "Median",
        "Ordinary cards",
        "Median",
        "Frames missed",
        "False",
    )
    return _table(head, rows)


def _never(never: dict[str, Any]) -> str:
    text = (
        f"Of {never['cards']} cards, {never['no_single_frame']} are read in no single held frame "
        f"by any reader or strategy ({', '.join(never['asked'])}). The kiosk reads "
        f"{never['kiosk_reads']} of those from several frames together."
    )
    rows = [(name, *counts) for name, counts in never["by_condition"].items()]
    return f"{text}\n\n{_table(('Condition', 'Kiosk reads', 'Of'), rows)}"


def _share(part: int, of: int) -> str:
    return f"{part} of {of} ({part / of:.1%})" if of else "none"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _ms(value: float | None) -> str:
    return "never" if value is None else f"{value} ms"


def plot(figures: dict[str, Any]) -> str:
    """Return bars of the read rates of every set as SVG, each with its cost beside it."""
    parts, y = [], 24
    for name, one in figures["sets"].items():
        parts.append(f'<text x="8" y="{y}" class="head">{escape(name.capitalize())}</text>')
        y += 12
        for reader, row in one["readers"].items():
            parts.append(_bar(reader, row, y))
            y += _ROW_PX
        y += 28
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH_PX} {y}" '
        f'font-family="sans-serif" font-size="13">\n'
        "<style>.head{font-weight:bold}.own{fill:#5cc48d}.peer{fill:#a9bccb}</style>\n"
        f'<rect width="{_WIDTH_PX}" height="{y}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _bar(reader: str, row: dict[str, Any], y: int) -> str:
    share = row["read"] / row["of"] if row["of"] else 0.0
    exact = row["exact"] / row["of"] if row["of"] else 0.0
    kind = "own" if reader == KIOSK else "peer"
    left, text_y = _LEFT_PX, y + 15
    cost = _ratio(row["cpu_ratio_pos"])
    label = f"{share:.1%}" + (f", CPU {cost}x" if cost else "")
    return (
        f'<text x="{left - 8}" y="{text_y}" text-anchor="end">{escape(reader)}</text>'
        f'<rect x="{left}" y="{y + 3}" width="{_BAR_PX * share:.0f}" height="16" class="{kind}" '
        f'opacity="0.45"/>'
        f'<rect x="{left}" y="{y + 3}" width="{_BAR_PX * exact:.0f}" height="16" class="{kind}"/>'
        f'<text x="{left + 6}" y="{text_y}">{label}</text>'
    )


def write(figures: dict[str, Any], root: Path = ROOT) -> list[str]:
    """Write page and plot below `root`; return their names."""
    for name, text in ((PAGE, page(figures)), (PLOT, plot(figures))):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return [PAGE, PLOT]


if __name__ == "__main__":
    sys.stdout.write(f"{write(json.loads(Path(sys.argv[1]).read_text(encoding='utf-8')))}\n")
