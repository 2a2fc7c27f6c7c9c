"""A program that commits check-ins as fast as it can, to be killed in the middle of it.

`python -m tests.parts.committer DATABASE` waits for lines on its input. For each it starts a child,
which writes its process id and then the number of every event, after `commit` returned it; when
the child is dead the program writes `dead`. Forking saves importing everything for each kill.
"""

import os
import sys
from pathlib import Path

from kiosk.outbox.sqlite import Settings, build
from tests.parts.check_ins import SOURCE, check_in, mark
from tests.parts.memories import came_in


def _say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def _commit_until_killed(database: Path) -> None:
    _say(str(os.getpid()))
    outbox = build(Settings(path=database), SOURCE)
    number = 0
    while True:
        number += 1
        _say(str(outbox.commit(check_in(number), came_in({mark(number): 1.0})).seq))


def main() -> None:
    """Start one child for each line of input."""
    database = Path(sys.argv[1])
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            _commit_until_killed(database)
        os.waitpid(child, 0)
        _say("dead")


if __name__ == "__main__":
    main()
