"""How long a payload takes to be read, as it grows to the largest that a QR code holds.

`python -m benchmarks.parsers [--json FILE]` doubles the length of the worst that is known for each
format, up to 7,089 bytes, and fits time = c * length ** e. An exponent near 1 is linear; less means
that a fixed part dominates or that the format stops early. Times are medians on this machine and
are shown, not judged. The program ends with 1 when an input had an outcome that is not documented.
"""

import argparse
import importlib
import json
import math
import random
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.door.sighting import Content
from kiosk.errors import PayloadError
from kiosk.payloads import MAX_PAYLOAD_BYTES, formats, read
from kiosk.payloads.foreign import recognise
from kiosk.payloads.parts import base45
from kiosk.payloads.parts.trust import Algorithm, Context, IssuerKey, trusting

LENGTHS = (*(64 << step for step in range(7)), MAX_PAYLOAD_BYTES)
"""Bytes: 64, 128, ... 4096, 7089."""
_ROUNDS = 7
_ROUND_S = 0.002
_FITTED_FROM = 512
"""Bytes; below, what a parser costs at all hides how it grows."""
_KID = b"nobody-8"

Parse = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Growth:
    """How the time of one kind of input grows: bytes, microseconds, and the exponent fitted."""

    format: str
    shape: str
    lengths: tuple[int, ...]
    micros: tuple[float, ...]
    exponent: float

    def line(self) -> str:
        """Return it in one line."""
        last_us = self.micros[-1]
        return (
            f"{self.format:<12} {self.shape:<28} {self.micros[0]:8.1f} us at {self.lengths[0]} B"
            f" {last_us:8.1f} us at {self.lengths[-1]} B   exponent {self.exponent:5.2f}"
        )


def _cut(head: bytes, filler: bytes) -> Callable[[int], bytes]:
    def shape(length: int) -> bytes:
        return (head + filler * (length // len(filler) + 1))[:length]

    return shape


def _address(length: int) -> bytes:
    head, tail = "099090000017||Nguyễn Văn An|01011990|Nam|".encode(), b"|15042021"
    return head + b"a" * max(0, length - len(head) - len(tail)) + tail


def _name_in_hex(length: int) -> bytes:
    head, tail = b"GD4010000000001|", b"|1990|1|-|01 - C54|-|-|-|$"
    return head + b"4e" * (max(2, length - len(head) - len(tail)) // 2) + tail


def _ext(length: int) -> bytes:
    head = b"099090000017|NGUYEN VAN AN|1990-01-01|0|162979388586171100|"
    return head + b"<" * max(0, length - len(head))


def _packed(make: Callable[[int], bytes], level: int) -> Callable[[int], bytes]:
    """Return the longest certificate below a length that `make`'s bytes fit into."""

    def shape(length: int) -> bytes:
        # Three characters hold two bytes.
        room = max(1, (length - 4) * 2 // 3 - 16)
        return b"HC1:" + base45.encode(zlib.compress(make(room), level))

    return shape


def _noise(length: int) -> bytes:
    return random.Random(length).randbytes(length)  # noqa: S311 - a payload, no secret


def _envelope(length: int) -> bytes:
    """Return a whole envelope of so many bytes, in a trusted issuer's name and not signed by it."""
    header = cbor2.dumps({1: -7, 4: _KID})
    parts = [header, {}, _noise(max(0, length - 96)), bytes(64)]
    return cbor2.dumps(cbor2.CBORTag(18, parts))


SHAPES: dict[str, dict[str, Callable[[int], bytes]]] = {
    "cccd": {
        "a long address": _address,
        "bars": _cut(b"099090000017||x|1990|Nam", b"|"),
        "digits": _cut(b"", b"0"),
    },
    "covid_qr": {"a long EXT": _ext, "bars": _cut(b"", b"|")},
    "bhyt": {"a long name": _name_in_hex, "hexadecimal": _cut(b"0100000001|", b"4e")},
    "card": {"base45": _cut(b"DK1:", b"A0"), "a wrong letter at the end": _cut(b"DK1:", b"0")},
    "certificate": {
        "a forged envelope": _packed(_envelope, 0),
        "noise": _packed(_noise, 0),
        "a bomb": _packed(lambda room: bytes(room * 900), 9),
        "lists in lists": _packed(lambda room: b"\x81" * room, 0),
        "base45": _cut(b"HC1:", b"A0"),
    },
    "foreign": {
        "a payment code": _cut(b"000201", b"6304"),
        "a host without end": _cut(b"https://", b"a."),
        "a host of hyphens": _cut(b"https://", b"-"),
        "letters": _cut(b"", b"a"),
        "spaces": _cut(b"000201", b" "),
    },
    "any": {"bars": _cut(b"", b"|"), "digits": _cut(b"", b"0"), "noise": _noise},
}
"""The worst that is known for each format, by length in bytes; "any" goes through all of them."""


def parser_of(name: str) -> Parse:
    """Return what reads a format; a `PayloadError` is one of its outcomes."""
    if name == "any":
        return _read
    if name == "foreign":
        return recognise
    context = _context()
    parse = importlib.import_module(f"kiosk.payloads.{name}").parse

    def told(raw: bytes) -> object:
        try:
            return parse(raw, context)
        except PayloadError as error:
            return error

    return told


def _read(raw: bytes) -> Content:
    return read(raw, formats())


def _context() -> Context:
    """Return one in which a key is trusted, so that forgeries cost a verification."""
    public = ec.derive_private_key(1, ec.SECP256R1()).public_key()
    raw = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    kinds = frozenset({"certificate"})
    return trusting([IssuerKey(_KID, Algorithm.ES256, raw, "XX", kinds)])


def micros(parse: Parse, raw: bytes) -> float:
    """Return how long one input takes, in microseconds: the best round, as others work here too."""
    parse(raw)
    rounds = []
    for _ in range(_ROUNDS):
        count, began_s = 0, time.perf_counter()
        while (took_s := time.perf_counter() - began_s) < _ROUND_S:
            parse(raw)
            count += 1
        rounds.append(took_s / count * 1e6)
    return min(rounds)


def exponent(lengths: Sequence[int], times: Sequence[float]) -> float:
    """Return e of time = c * length ** e by least squares over the logarithms.

    >>> round(exponent([512, 1024, 2048], [1.0, 4.0, 16.0]), 6)
    2.0
    """
    points = [
        (math.log(n), math.log(t)) for n, t in zip(lengths, times, strict=True) if n >= _FITTED_FROM
    ]
    return statistics.linear_regression(*zip(*points, strict=True)).slope


def growth(name: str, shape: str) -> Growth:
    """Measure one kind of input at every length."""
    parse, make = parser_of(name), SHAPES[name][shape]
    raws = [make(length) for length in LENGTHS]
    lengths = tuple(len(raw) for raw in raws)
    times = tuple(micros(parse, raw) for raw in raws)
    return Growth(name, shape, lengths, times, exponent(lengths, times))


def main(given: Sequence[str]) -> int:
    """Measure everything and show it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parsers", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--format", action="append", choices=SHAPES, help="only this one")
    arguments = parser.parse_args(given)
    measured = []
    for name in arguments.format or SHAPES:
        for shape in SHAPES[name]:
            measured.append(growth(name, shape))
            sys.stdout.write(f"{measured[-1].line()}\n")
    if arguments.json is not None:
        text = json.dumps([asdict(each) for each in measured], indent=2)
        arguments.json.write_text(f"{text}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
