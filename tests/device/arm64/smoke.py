"""What an installed kiosk does, tried where it was installed: decode, decide, record.

Runs with the installed environment and nothing else, so without pytest. `smoke.py PICTURES`; each
check is one line, and the first that fails ends it with exit code 1.
"""

import base64
import json
import platform
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

PATIENCE_S = 240.0
"""For one program under emulation."""
SETTINGS = """\
[kiosk]
site = "hk-042"
device = "door-1"
direction = "in"
[identity]
site_key = "{key}"
[camera]
kind = "synthetic"
fps = 2
[eye]
decoders = {decoders}
socket = "eye.sock"
[payloads]
accept = ["cccd"]
[gpio]
pins = "mock"
[outbox]
kind = "sqlite"
path = "outbox.db"
[uplink]
kind = "stdout"
"""


def main(pictures: Path) -> None:
    """Run all checks."""
    check("the processor", platform.machine() == "aarch64", platform.machine())
    said = kiosk("--version")
    check("its version", said.startswith("kiosk "), said.strip())
    for decoder in ("zxing", "zbarlight"):
        check(f"what {decoder} reads", *same(pictures, settings(decoder)))
    config = settings("zxing", "zbarlight")
    check("its settings", kiosk("config", "check", "--config", config).strip().endswith("ok"))
    check("check-ins on disk", *runs(config))


def check(name: str, holds: bool, why: object = "") -> None:  # noqa: FBT001 - reads as a sentence
    """Print one line; end where it does not hold."""
    sys.stdout.write(f"arm64: {name}: {'ok' if holds else 'FAILED'} {why}\n")
    sys.stdout.flush()
    if not holds:
        raise SystemExit(1)


def kiosk(*words: str) -> str:
    """Return what `kiosk` prints."""
    done = subprocess.run(
        ["kiosk", *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    if done.returncode:
        check(f"kiosk {words[0]}", False, done.stderr[-2000:])  # noqa: FBT003 - as above
    return done.stdout


def settings(*decoders: str) -> str:
    """Write settings; return the file's name."""
    path = Path("-".join(decoders)).with_suffix(".toml")
    path.write_text(SETTINGS.format(key="0123456789abcdef" * 4, decoders=json.dumps(decoders)))
    return str(path)


def same(pictures: Path, config: str) -> tuple[bool, str]:
    """Tell whether every picture gives exactly the bytes that were put into its code."""
    paths = sorted(pictures.glob("*.png"))
    words = [str(path) for path in paths]
    found = json.loads(kiosk("decode", "--json", "--reveal", "--config", config, *words))
    exact = 0
    for path, each in zip(paths, found, strict=True):
        read = [base64.b64decode(code["payload"]) for code in each["codes"]]
        exact += read == [path.with_suffix(".txt").read_bytes()]
    return bool(paths) and exact == len(paths), f"{exact} of {len(paths)} exact"


def runs(config: str) -> tuple[bool, str]:
    """Tell whether a kiosk with people before its camera records them and ends when told to.

    Two programs, as the two units are: a kiosk ends an eye of its own that takes 20 s to start.
    """
    quiet = subprocess.DEVNULL
    door = subprocess.Popen(["kiosk", "run", "--config", config], stdout=quiet)
    eye = subprocess.Popen(["kiosk", "eye", "--config", config], stdout=quiet)
    until_s = time.monotonic() + PATIENCE_S
    recorded = 0
    while recorded < 1 and time.monotonic() < until_s and door.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            door.wait(2.0)
        if Path("outbox.db").exists():
            recorded = rows(config)
    codes = []
    for process in (door, eye):
        process.send_signal(signal.SIGTERM)
        codes.append(process.wait(PATIENCE_S))
    return recorded > 0 and codes == [0, 0], f"{recorded} recorded, exit codes {codes}"


def rows(config: str) -> int:
    """Return how many events the outbox holds."""
    return len(kiosk("outbox", "list", "--config", config).splitlines())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
