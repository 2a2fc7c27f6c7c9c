"""Millions of made-up inputs for every payload format, led by coverage; not part of the suite.

`python -m tests.fuzz.long_payloads --runs 300000` needs atheris, which is no dependency of this
project: install it, cbor2 and cryptography into an environment of its own. Each format is driven in
a process of its own from the seeds of `tests.parts.payload_layers`, through every layer. Its lines
tell how coverage (`cov`) and the corpus grew, and how many inputs a second there were. Anything but
the three documented outcomes ends it with an exit code that is not 0 and the input in a file.
"""

import argparse
import importlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

_FORMATS = ("bhyt", "card", "cccd", "certificate", "covid_qr", "foreign")
_MOST_BYTES = 7089
_PROGRESS = re.compile(r"^#(\d+)\s+(\S+)\s+cov: (\d+) ft: \d+ corp: (\d+)/")


def drive(name: str, arguments: Sequence[str]) -> None:
    """Feed one format until atheris ends the process."""
    atheris = importlib.import_module("atheris")
    # What is imported here is watched: the format, what it is made of, and no test.
    with atheris.instrument_imports(include=["kiosk.payloads"]):
        module = importlib.import_module(f"kiosk.payloads.{name}")
    layers = importlib.import_module("tests.parts.payload_layers")
    wraps = layers.layers_of(name)

    def one(raw: bytes) -> None:
        # The first byte says which layer the rest is put into.
        wrapped = wraps[raw[0] % len(wraps)](raw[1:]) if raw else raw
        if name == "foreign":
            module.recognise(wrapped)
        else:
            layers.judge(module, wrapped)

    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def seeds(name: str, folder: Path) -> None:
    """Write the seeds of one format, once for each of its layers."""
    layers = importlib.import_module("tests.parts.payload_layers")
    for number, raw in enumerate(layers.SEEDS[name]):
        for layer in range(len(layers.layers_of(name))):
            (folder / f"{number}-{layer}").write_bytes(bytes([layer]) + raw)


def run(name: str, runs: int, seed: int) -> tuple[int, str]:
    """Drive one format in a process of its own; return its exit code and a line about it."""
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        seeds(name, Path(folder))
        options = [f"-runs={runs}", f"-max_len={_MOST_BYTES}", f"-seed={seed}", folder]
        command = [sys.executable, "-m", "tests.fuzz.long_payloads", "--drive", name, *options]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    took_s = time.monotonic() - began_s
    found = [m.groups() for m in map(_PROGRESS.match, done.stderr.splitlines()) if m]
    if done.returncode or not found:
        return done.returncode or 1, f"{name}: {done.stderr[-2000:]}"
    first = next(line for line in found if line[1] == "INITED")
    last = found[-1]
    return 0, (
        f"{name}: {last[0]} inputs, {int(last[0]) / took_s:.0f} a second; "
        f"coverage {first[2]} with the seeds, {last[2]} at the end; "
        f"corpus {first[3]} to {last[3]}; only documented outcomes"
    )


def main(given: Sequence[str]) -> int:
    """Drive one format, or all of them one after the other; return the exit code."""
    if given[:1] == ["--drive"]:
        drive(given[1], given[2:])
        return 0
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.long_payloads")
    parser.add_argument("--runs", type=int, default=300_000, help="inputs for each format")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", action="append", choices=_FORMATS, help="only this one")
    arguments = parser.parse_args(given)
    worst = 0
    for name in arguments.format or _FORMATS:
        code, line = run(name, arguments.runs, arguments.seed)
        worst = worst or code
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    return worst


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
