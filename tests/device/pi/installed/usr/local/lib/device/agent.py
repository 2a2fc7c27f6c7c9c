"""Runs in the virtual Pi: does, one after the other, what the test on the other side asks for.

The shared folder is the only way between the two, and it tells nobody of changes: so both look. The
test writes `N.sh` and then `N.asked`; this runs it and answers with `N.out`, `N.err` and `N.code`.
A machine that boots again goes on with the next number.
"""

import subprocess
import sys
import threading
from pathlib import Path

_LOOK_S = 0.1
_SHELL = ("/bin/sh", "-eu")


def main(share: Path) -> None:
    """Serve for ever."""
    pause = threading.Event()
    number = 0
    while (share / f"{number}.code").exists():
        number += 1
    (share / "boot").write_text(Path("/proc/sys/kernel/random/boot_id").read_text("ascii"), "ascii")
    while True:
        if (share / f"{number}.asked").exists():
            run(share, number)
            number += 1
        else:
            pause.wait(_LOOK_S)


def run(share: Path, number: int) -> None:
    """Run one script, and answer."""
    # One that turns the machine off gets no further: it counts as done.
    answer, coming = share / f"{number}.code", share / f"{number}.coming"
    with (share / f"{number}.out").open("wb") as out, (share / f"{number}.err").open("wb") as err:
        code = subprocess.call(
            [*_SHELL, str(share / f"{number}.sh")],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
    coming.write_text(str(code), "ascii")
    coming.rename(answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
