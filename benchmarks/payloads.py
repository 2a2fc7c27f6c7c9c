"""Is what the eye reports byte for byte what the symbol holds? So many made-up Vietnamese payloads.

Each is drawn as a plain symbol and read by the whole look, and by zbarlight's adapter alone, which
must be silent where it cannot be sure. Not one may be changed.
"""

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from zbarlight import scan_codes

from benchmarks.texts import Payload, payloads, symbol
from kiosk.eye.decoders import zbarlight, zxing
from kiosk.eye.frame import Frame
from kiosk.eye.look import Look
from kiosk.eye.look_settings import LookSettings
from kiosk.eye.luma import as_image

Read = Callable[[Frame], list[bytes]]


@dataclass(slots=True)
class Tally:
    """What one reader made of the payloads of one kind."""

    shown: int = 0
    read: int = 0
    exact: int = 0
    changed: int = 0

    def add(self, raw: bytes, reported: Sequence[bytes]) -> None:
        """Count one symbol: anything reported that it does not hold is a change."""
        self.shown += 1
        self.read += bool(reported)
        changed = any(payload != raw for payload in reported)
        self.changed += changed
        self.exact += bool(reported) and not changed


Tallies = dict[str, dict[str, Tally]]


def readers() -> dict[str, Read]:
    """Return what is judged: the whole look as a door has it, and zbarlight's adapter alone.

    "no libzbar" is the adapter where libzbar itself cannot be called and only proof is left.
    """
    first, second = zxing.build(zxing.Settings()), zbarlight.build(zbarlight.Settings())

    def whole(frame: Frame) -> list[bytes]:
        look = Look([first, second], LookSettings(gate=False, extra_share=100))
        for _ in range(look.turns):
            if symbols := [s.payload for s in look.read(frame) if s.payload is not None]:
                return symbols
        return []

    def alone(frame: Frame) -> list[bytes]:
        return [s.payload for s in second.decode(frame) if s.payload is not None]

    def unaided(frame: Frame) -> list[bytes]:
        texts = scan_codes(["qrcode"], as_image(frame)) or []
        return [payload for text in texts if (payload := zbarlight.exact_bytes(text))]

    return {"look": whole, "zbarlight": alone, "no libzbar": unaided}


def judge(given: Iterable[Payload], chosen: dict[str, Read], seed: int) -> Tallies:
    """Show every payload to every reader; return the counts by reader and kind."""
    rng = random.Random(seed)  # noqa: S311 - a picture, no secret
    tallies: Tallies = {name: {} for name in chosen}
    for payload in given:
        frame = symbol(payload, rng)
        kind = f"{payload.kind}, ECI 26" if payload.eci else payload.kind
        for name, read in chosen.items():
            tallies[name].setdefault(kind, Tally()).add(payload.raw, read(frame))
    return tallies


def total(kinds: dict[str, Tally]) -> Tally:
    """Return one reader's sum over all kinds."""
    whole = Tally()
    for tally in kinds.values():
        whole.shown += tally.shown
        whole.read += tally.read
        whole.exact += tally.exact
        whole.changed += tally.changed
    return whole


def table(tallies: Tallies) -> str:
    """Return the counts, a line a reader and kind."""
    lines = [f"{'reader':10} {'payload':18} {'shown':>7} {'read':>7} {'exact':>7} {'changed':>7}"]
    for name, kinds in tallies.items():
        for kind, tally in [*sorted(kinds.items()), ("all", total(kinds))]:
            lines.append(
                f"{name:10} {kind:18} {tally.shown:7d} {tally.read:7d} {tally.exact:7d}"
                f" {tally.changed:7d}"
            )
    return "\n".join(lines)


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.payloads", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1000, metavar="S")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 when a payload was changed, or the look read none."""
    options = _arguments(sys.argv[1:] if given is None else given)
    tallies = judge(payloads(options.seed, options.count), readers(), options.seed)
    sys.stdout.write(table(tallies) + "\n")
    if options.json is not None:
        told = {name: {k: asdict(t) for k, t in kinds.items()} for name, kinds in tallies.items()}
        whole = {"seed": options.seed, "count": options.count, "readers": told}
        options.json.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    whole_of = {name: total(kinds) for name, kinds in tallies.items()}
    changed = any(tally.changed for tally in whole_of.values())
    return 1 if changed or not whole_of["look"].exact else 0


if __name__ == "__main__":
    sys.exit(main())
