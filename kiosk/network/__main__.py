"""`python -I -m kiosk.network`: one request for a network, in two steps, and an end.

systemd starts both for each connection to the network socket, which is their standard input: see
systemd/kiosk-network@.service. The first step reads what a stranger may have made up and writes the
network's file, in a sandbox that has nothing else. The second, `up`, reads nothing at all: it tells
NetworkManager of that file. So who takes over the first can choose the kiosk's network and no more.

Neither says to the log what was in a request.
"""

import os
import socket
import sys
import time
from pathlib import Path

from kiosk.errors import PayloadError
from kiosk.network.keyfile import FOLDER, keyfile_of, put
from kiosk.network.nmcli import PROGRAM, bring_up
from kiosk.network.wire import Answer, answer_line, read_line, read_request

LISTEN_S = 2.0
UP_S = 24.0
"""With the time that systemd and Python take: less than the 30 s for which the kiosk waits."""


def write(end: socket.socket, folder: Path = FOLDER) -> bool:
    """Read one request from `end` and write its network's file; tell whether that was done.

    Says nothing into `end` then: the next step does. Otherwise answers what went wrong. Blocks for
    twice `LISTEN_S` at most.
    """
    try:
        content = keyfile_of(read_request(read_line(end, time.monotonic() + LISTEN_S)))
        put(folder, content)
    except TimeoutError:
        return _refused(end, Answer.REFUSED, "nothing was asked in time")
    except PayloadError as error:
        return _refused(end, Answer.REFUSED, str(error))
    except OSError as error:
        why = f"{error.strerror}; is network-manager installed?"
        return _refused(end, Answer.NOT_WRITTEN, f"{folder}: {why}")
    _tell("written")
    return True


def up(end: socket.socket, folder: Path = FOLDER, program: Path = PROGRAM) -> Answer:
    """Make NetworkManager use the file in `folder`, and answer into `end` what became of it.

    `program` is nmcli, which need not be there. Blocks for `UP_S` and `LISTEN_S` at most.
    """
    answer = Answer.WRITTEN
    if program.exists():
        answer = bring_up(program, folder, time.monotonic() + UP_S)
    _say(end, answer)
    _tell(answer)
    return answer


def _refused(end: socket.socket, answer: Answer, why: str) -> bool:
    _say(end, answer)
    _tell(f"{answer}: {why}")
    return False


def _say(end: socket.socket, answer: Answer) -> None:
    try:
        end.settimeout(LISTEN_S)
        end.sendall(answer_line(answer))
    except OSError:
        _tell("nobody waited for the answer")


def _tell(what: str) -> None:
    sys.stderr.write(f"network: {what}\n")


def main() -> int:
    """Take one step with the connection that systemd hands over as standard input."""
    try:
        end = socket.socket(fileno=os.dup(0))
    except OSError:
        _tell("systemd starts this, with a connection to kiosk-network.socket")
        return 2
    with end:
        if sys.argv[1:] == ["up"]:
            up(end)
            return 0
        return 0 if write(end) else 1


if __name__ == "__main__":
    sys.exit(main())
