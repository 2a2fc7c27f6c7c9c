"""How much memory processes hold, as the kernel counts it.

A page that two processes map is there once. PSS gives each its part, but parts also go to whoever
else happens to run on this computer, so it flatters a benchmark beside other Pythons. On a kiosk
nobody else maps these pages: there the two processes hold the pages that either of them has, and
`together_mb` counts those.

Source: proc(5), `smaps`, and Documentation/admin-guide/mm/pagemap.rst of the kernel.
"""

import mmap
import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_MB = 1024 * 1024
_KB_A_MB = 1024
_HEADER = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ *(.*)$")
_PRESENT = 1 << 63
_FRAME_BITS = (1 << 55) - 1
_ENTRY_BYTES = 8


@dataclass(frozen=True, slots=True)
class Held:
    """What one process holds, MB: its own pages, its proportional share, and what is no file's."""

    private_mb: float
    pss_mb: float
    anonymous_mb: float


def held(pid: int) -> Held:
    """Return what the process holds now."""
    kb: Counter[str] = Counter()
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()[1:]:
        name, value, *_ = line.split()
        kb[name] += int(value)
    private_kb = kb["Private_Clean:"] + kb["Private_Dirty:"]
    return Held(private_kb / _KB_A_MB, kb["Pss:"] / _KB_A_MB, kb["Anonymous:"] / _KB_A_MB)


def by_mapping(pid: int) -> Counter[str]:
    """Return the proportional share of each file that is mapped, KB; `anonymous`: no file's."""
    share: Counter[str] = Counter()
    name = ""
    for line in Path(f"/proc/{pid}/smaps").read_text("utf-8").splitlines():
        header = _HEADER.match(line)
        if header:
            name = Path(header[3]).name if header[3] else "anonymous"
        elif line.startswith("Pss:"):
            share[name] += int(line.split()[1])
    return share


def together_mb(pids: Iterable[int]) -> float | None:
    """Return what they hold together, MB, each page once; None where the kernel does not tell.

    Only root is told which page is where.
    """
    pages: set[int] = set()
    for pid in pids:
        pages.update(_frames(pid))
    # To everybody else each page is number 0.
    return None if pages <= {0} else len(pages) * mmap.PAGESIZE / _MB


def _frames(pid: int) -> Iterator[int]:
    """Yield the number of each page of memory that the process has."""
    with Path(f"/proc/{pid}/pagemap").open("rb", buffering=0) as pagemap:
        for line in Path(f"/proc/{pid}/maps").read_text("utf-8").splitlines():
            header = _HEADER.match(line)
            if header is None or header[3].startswith("[v"):
                continue  # the kernel's own pages
            first, end = (int(text, 16) // mmap.PAGESIZE for text in header.group(1, 2))
            pagemap.seek(first * _ENTRY_BYTES)
            raw = pagemap.read((end - first) * _ENTRY_BYTES)
            for (entry,) in struct.iter_unpack("Q", raw[: len(raw) // _ENTRY_BYTES * _ENTRY_BYTES]):
                if entry & _PRESENT:
                    yield entry & _FRAME_BITS
