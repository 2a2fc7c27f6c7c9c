"""From single results to rates: what the JSON of a run says."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from benchmarks.measure import Result
from benchmarks.readers import BASE, KIOSK


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """Return rates and relative costs of every reader, over all and for each set and group."""
    families = list(dict.fromkeys(result.sample.family for result in results))
    return {
        "frames": len({id(result.sample) for result in results}),
        "readers": rates(results),
        "union_of_peers": union(results),
        "sets": {
            family: _set([r for r in results if r.sample.family == family]) for family in families
        },
    }


def _set(results: Sequence[Result]) -> dict[str, Any]:
    groups = sorted({result.sample.group for result in results})
    return {
        "frames": _kinds(results),
        "readers": rates(results),
        "union_of_peers": union(results),
        "groups": {
            group: _group([r for r in results if r.sample.group == group]) for group in groups
        },
    }


def _group(results: Sequence[Result]) -> dict[str, Any]:
    return {
        "frames": _kinds(results),
        "readers": {name: _counts(own) for name, own in _by_reader(results).items()},
        "union_of_peers": union(results),
    }


def rates(results: Sequence[Result]) -> dict[str, dict[str, Any]]:
    """Return, by reader, what it read and what it cost relative to the base reader."""
    by_reader = _by_reader(results)
    base = _cost(by_reader.get(BASE, []))
    return {name: _counts(own) | _ratios(_cost(own), base) for name, own in by_reader.items()}


def _by_reader(results: Sequence[Result]) -> dict[str, list[Result]]:
    names = sorted({r.reader for r in results}, key=lambda name: (name != KIOSK, name))
    return {name: [r for r in results if r.reader == name] for name in names}


def _counts(own: Sequence[Result]) -> dict[str, Any]:
    known = [r.verdict for r in own if r.sample.kind == "known"]
    return {
        "read": sum(v.read for v in known),
        "of": len(known),
        "exact": sum(v.exact for v in known),
        "false": sum(r.verdict.false for r in own),
        "unknown_read": sum(r.verdict.read for r in own if r.sample.kind == "unknown"),
    }


def _cost(own: Sequence[Result]) -> dict[str, list[float]]:
    return {
        "pos": [r.cpu_ns for r in own if r.sample.has_code],
        "neg": [r.cpu_ns for r in own if not r.sample.has_code],
    }


def _ratios(cost: dict[str, list[float]], base: dict[str, list[float]]) -> dict[str, float | None]:
    """Return the ratios of the sums, and the median milliseconds of this machine."""
    out: dict[str, float | None] = {}
    for side, spent in cost.items():
        total = sum(base[side])
        out[f"cpu_ratio_{side}"] = round(sum(spent) / total, 3) if spent and total else None
        out[f"cpu_ms_{side}"] = round(median(spent) / 1e6, 3) if spent else None
    return out


def union(results: Iterable[Result]) -> dict[str, int]:
    """Return how many of the known samples at least one peer read, and read exactly."""
    known = [r for r in results if r.sample.kind == "known"]
    peers = [r for r in known if r.reader != KIOSK]
    return {
        "read": len({id(r.sample) for r in peers if r.verdict.read}),
        "exact": len({id(r.sample) for r in peers if r.verdict.exact}),
        "of": len({id(r.sample) for r in known}),
    }


def _kinds(results: Sequence[Result]) -> dict[str, int]:
    samples = {id(r.sample): r.sample for r in results}.values()
    kinds = ("known", "unknown", "negative")
    return {kind: sum(sample.kind == kind for sample in samples) for kind in kinds}
