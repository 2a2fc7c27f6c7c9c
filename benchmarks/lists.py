"""A million revoked cards: what they take of memory, how fast they answer, and what a cut leaves.

Each way to hold them is measured in a process of its own: ours, and beside it what one would write
first, a Python set, and a sorted list with `bisect`. Then the power is cut at every moment of an
update (`benchmarks.lists_cuts`). Exits with 1 where a promise is broken.
"""

import argparse
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import lists_cuts
from benchmarks.disk_model.trace import ROOT, TraceError
from benchmarks.lists_workload import KEY, SITE, keeper_in
from kiosk.lists import files
from kiosk.lists.form import KEY_BYTES, ListName
from kiosk.lists.manifest import Manifest
from provisioning.lists.folder import write
from provisioning.lists.making import made, sharded

MOST_RESIDENT_MB = 20.0
MOST_LOOK_UP_US = 20.0
OURS, SET, LIST = "kiosk.lists", "set of bytes", "sorted list, bisect"
UPDATE = "update"
_NAME = ListName.REVOKED
_LOOK_UPS = 100_000

Contains = Callable[[bytes], bool]


def entries(count: int, seed: int) -> list[bytes]:
    """Return so many entries, in no order."""
    dice = random.Random(seed)  # noqa: S311 - a trial, no secret
    raw = dice.randbytes(count * KEY_BYTES)
    return [raw[at : at + KEY_BYTES] for at in range(0, len(raw), KEY_BYTES)]


def _held(way: str, folder: Path) -> Contains:
    """Load the entries one way; they come from a file, so that nothing else lies about."""
    if way == OURS:
        held = keeper_in(folder / "held").lists[_NAME]
        return lambda key: held.find(key) is not None
    with (folder / "entries").open("rb") as file:
        read = iter(lambda: file.read(KEY_BYTES), b"")
        if way == SET:
            return set(read).__contains__
        ordered = sorted(read)

    def contains(key: bytes) -> bool:
        at = bisect_left(ordered, key)
        return at < len(ordered) and ordered[at] == key

    return contains


def _measured(way: str, folder: Path, seed: int) -> dict[str, Any]:
    """Load and look up in this process; what it takes is the growth of what is resident."""
    gc.collect()
    before_mb, begun_s = _resident_mb(), time.perf_counter()
    contains = _held(way, folder)
    took_s = time.perf_counter() - begun_s
    gc.collect()
    told: dict[str, Any] = {"way": way, "load_s": round(took_s, 3)}
    told["resident_mb"] = round(_resident_mb() - before_mb, 1)
    told["peak_mb"] = round(_peak_mb() - before_mb, 1)
    with (folder / "entries").open("rb") as file:
        there = list(islice(iter(lambda: file.read(KEY_BYTES), b""), _LOOK_UPS))
    random.Random(seed).shuffle(there)  # noqa: S311 - a trial, no secret
    missing = entries(len(there), seed + 1)
    for kind, keys, right in (("hit", there, True), ("miss", missing, False)):
        times_ns = []
        for key in keys:
            begun_ns = time.perf_counter_ns()
            found = contains(key)
            times_ns.append(time.perf_counter_ns() - begun_ns)
            if found is not right:
                raise SystemExit(f"{way}: a {kind} was answered wrong")
        times_ns.sort()
        told[f"{kind}_median_us"] = round(times_ns[len(times_ns) // 2] / 1000, 2)
        told[f"{kind}_p99_us"] = round(times_ns[len(times_ns) * 99 // 100] / 1000, 2)
    return told


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def _peak_mb() -> float:
    # Not `getrusage`: what it calls the peak is inherited from whoever started this process.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def _updated(folder: Path) -> dict[str, float]:
    """Let a kiosk that has the list take the next one, in this process, and measure."""
    keeper = keeper_in(folder / "held")
    gc.collect()
    before_mb, begun_s = _resident_mb(), time.perf_counter()
    files.install(keeper, folder / "next", _NAME, SITE)
    took_s = time.perf_counter() - begun_s
    gc.collect()
    return {
        "took_s": round(took_s, 2),
        "peak_mb": round(_peak_mb() - before_mb, 1),
        "resident_mb": round(_resident_mb() - before_mb, 1),
    }


def _installed(folder: Path, count: int, seed: int) -> dict[str, float]:
    """Make a list and let a kiosk take it from a folder; return how long each took."""
    held = entries(count, seed)
    (folder / "entries").write_bytes(b"".join(held))
    begun_s = time.perf_counter()
    found = made(Manifest(_NAME, 1, 1_790_000_000, 0), sharded(held), KEY)
    made_s = time.perf_counter() - begun_s
    write(folder / "lists", found)
    more = entries(max(1, count // 100), seed + 2)
    write(folder / "next", made(Manifest(_NAME, 2, 1_790_000_001, 0), sharded(held + more), KEY))
    keeper = keeper_in(folder / "held")
    begun_s = time.perf_counter()
    files.install(keeper, folder / "lists", _NAME, SITE)
    install_s = time.perf_counter() - begun_s
    size_mb = (folder / "held/revoked.list").stat().st_size / 1e6
    return {
        "make_s": round(made_s, 2),
        "install_s": round(install_s, 2),
        "file_mb": round(size_mb, 2),
        "largest_shard_kb": round(max(map(len, found.shards.values())) / 1000, 1),
        "manifest_kb": round(len(found.raw) / 1000, 1),
    }


def _figures(count: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told: dict[str, Any] = {"entries": count, **_installed(folder, count, seed)}
        told["ways"] = [_alone(way, folder, seed) for way in (OURS, SET, LIST)]
        told["update"] = _alone(UPDATE, folder, seed)
    return told


def _alone(way: str, folder: Path, seed: int) -> dict[str, Any]:
    """Measure in a process that holds nothing else."""
    command = [sys.executable, "-m", "benchmarks.lists", "--way", way]
    command += ["--in", str(folder), "--seed", str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - this very program
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def table(told: dict[str, Any]) -> str:
    """Return the figures, a line a way."""
    columns = ("resident MB", "peak MB", "load s", "hit us", "hit p99", "miss us", "miss p99")
    keys = ["resident_mb", "peak_mb", "load_s", "hit_median_us", "hit_p99_us"]
    keys += ["miss_median_us", "miss_p99_us"]
    lines = [f"{'':22}" + "".join(f"{name:>12}" for name in columns)]
    lines += [f"{w['way']:22}" + "".join(f"{w[key]:>12}" for key in keys) for w in told["ways"]]
    update = told["update"]
    taken = (
        f"{told['entries']} entries: made in {told['make_s']} s, a file of {told['file_mb']} MB, "
        f"a manifest of {told['manifest_kb']} kB, shards of at most {told['largest_shard_kb']} kB\n"
        f"taken from a folder in {told['install_s']} s; an update of 1 % in {update['took_s']} s, "
        f"which takes {update['peak_mb']} MB for a moment and {update['resident_mb']} MB after it"
    )
    return "\n".join([taken, *lines])


def _promised(told: dict[str, Any]) -> bool:
    ours = told["ways"][0]
    # The slowest of a hundred also tells what else this machine was doing.
    look_up_us = max(ours["hit_median_us"], ours["miss_median_us"])
    return bool(ours["resident_mb"] <= MOST_RESIDENT_MB and look_up_us <= MOST_LOOK_UP_US)


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lists", description=__doc__)
    add = parser.add_argument
    add("--entries", type=int, default=1_000_000, metavar="N")
    add("--cuts", type=int, default=2000, metavar="N", help="power cuts of an update")
    add("--versions", type=int, default=12, metavar="N", help="updates that are traced")
    add("--seed", type=int, default=1)
    add("--json", type=Path, metavar="FILE", help="write the figures there")
    add("--way", help=argparse.SUPPRESS)
    add("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Measure and cut; return 1 where a promise is broken."""
    options = _arguments(sys.argv[1:] if given is None else given)
    if options.way is not None:
        way, folder = options.way, options.folder
        found = _updated(folder) if way == UPDATE else _measured(way, folder, options.seed)
        sys.stdout.write(json.dumps(found))
        return 0
    told = _figures(options.entries, options.seed)
    _say(table(told))
    try:
        cuts = lists_cuts.run(options.cuts, options.versions, 2000, options.seed)
    except TraceError as error:
        _say(str(error))
        return 1
    _say(lists_cuts.table(cuts))
    good = _promised(told) and lists_cuts.kept(cuts)
    _say("as promised" if good else "NOT as promised")
    if options.json is not None:
        told |= {"cuts": lists_cuts.as_json(cuts), "kept": good, "seed": options.seed}
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0 if good else 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
