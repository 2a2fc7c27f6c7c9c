"""How well the eye reads QR codes, beside the readers that anybody can install.

`python -m benchmarks.eye --corpus FOLDER --scenes SEED --stream --json FILE`; `--help` tells more.
Everything that is random comes from the seed. Seeds 1 to 99 are for tuning, 1000 and above for
judging: what was tuned on a seed is not judged on it.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import corpus, measure, readers, tally


def say(line: str) -> None:
    """Print one line now, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.eye", description=__doc__)
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="folder with a manifest.jsonl")
    parser.add_argument("--limit", type=int, metavar="N", help="only N pictures of each kind")
    parser.add_argument("--readers", metavar="A,B", help=f"of: {readers.KIOSK}, {_names()}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args(given)
    if options.corpus is None:
        parser.error("nothing to do: give --corpus")
    return options


def _names() -> str:
    return ", ".join(readers.PEERS)


def _about(chosen: Sequence[readers.Reader], missing: dict[str, str]) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "versions": {reader.name: reader.version for reader in chosen},
        "missing": missing,
    }


def _progress() -> measure.Progress:
    last_s = time.monotonic()

    def show(done: int, of: int) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= 10 or done == of:
            last_s = time.monotonic()
            say(f"  {done} of {of}")

    return show


def main(given: Sequence[str] | None = None) -> int:
    """Run what was asked for; return the exit code."""
    options = _arguments(sys.argv[1:] if given is None else given)
    wanted = options.readers.split(",") if options.readers else None
    chosen, missing = readers.load(wanted)
    for name, reason in missing.items():
        say(f"without {name}: {reason}")
    pictures = list(corpus.samples(options.corpus))
    pictures = corpus.spread(pictures, options.limit)
    results = measure.run(pictures, chosen, _progress())
    report = _about(chosen, missing) | tally.summary(results)
    for name, row in report["readers"].items():
        say(f"{name:10} {row}")
    say(f"union of peers: {report['union_of_peers']}")
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
