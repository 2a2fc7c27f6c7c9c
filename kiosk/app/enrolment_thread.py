"""The thread `enrolment`: renews the kiosk's certificate in time, so that nobody has to come.

It talks to the enrolment server and writes the certificate's files; the courier is only told to
connect anew. Whatever fails here is told in the status and tried again: the door never waits.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from kiosk.app.inbox import EnrolmentChanged
from kiosk.app.logs import Log
from kiosk.app.settings import Settings
from kiosk.app.status import CertificateStatus
from kiosk.clock import Clock
from kiosk.enrolment.client import EnrolmentServer, Server
from kiosk.enrolment.file import EnrolledFile
from kiosk.enrolment.keys import Held, certificates_in
from kiosk.enrolment.renewal import Files, Renewal, Step
from kiosk.enrolment.wire import Refusal
from kiosk.errors import EnrolmentError, EnrolmentRefused
from kiosk.uplink import Connected
from kiosk.uplink.courier import Heard

_log = Log()

LOOK_S = 20.0
_CLOSE_S = 0.5
_WORDS_MOST = 256
_NOT_YET = "not enrolled: kiosk enrol --server URL --claim CLAIM"


class Line(Protocol):
    """What renewal asks of the courier; nothing blocks."""

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us."""

    def redial(self, done: Callable[[], None]) -> None:
        """Connect anew; `done` is called when the old connection has ended."""

    def heard_by(self, listener: Callable[[Heard], None]) -> None:
        """Tell `listener` of each connection."""


class EnrolmentThread:
    """Runs renewal; file, server and renewal belong to this thread once it is started."""

    def __init__(
        self,
        file: EnrolledFile,
        server: Server,
        line: Line,
        clock: Clock,
        changed: Callable[[EnrolmentChanged], None],
    ) -> None:
        self._file = file
        self._server = server
        self._line = line
        self._clock = clock
        self._changed = changed
        self._renewal = Renewal(clock.monotonic_s())
        self._told: CertificateStatus | None = None
        self._trouble: str | None = None
        self._wrong: str | None = None
        self._words: queue.Queue[Callable[[], None]] = queue.Queue(_WORDS_MOST)
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="enrolment", daemon=True)

    def start(self) -> None:
        """Put the files in order, and begin; called before the courier reads them."""
        self._line.heard_by(self.hear)
        with self._excused():
            self._file.recover()
        self._thread.start()

    def hear(self, item: Heard) -> None:
        """Take note of a connection; any thread, never blocks."""
        if isinstance(item, Connected):
            now_s = self._clock.monotonic_s()
            self._leave(lambda: self._renewal.connected(now_s))

    def close(self, timeout_s: float) -> None:
        """Stop; a request that waits for its answer is left behind and repeated after a start."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(timeout_s)

    def turn(self) -> None:
        """Take in what was heard, and do what is due."""
        while not self._words.empty():
            self._words.get_nowait()()
        now_s = self._clock.monotonic_s()
        if self._line.connected:
            self._renewal.still_connected(now_s)
        with self._excused():
            held = self._file.held()
            self._wrong = _NOT_YET if held is None else None
            if held is not None:
                self._take(self._renewal.step(self._files(held), now_s, self._clock.unix_s()), held)
                held = self._file.held()
            self._tell(held)

    def _take(self, step: Step, held: Held) -> None:
        now_s = self._clock.monotonic_s()
        match step:
            case Step.ASK:
                self._ask(held, now_s)
            case Step.SWAP:
                self._file.swap()
                self._renewal.swapped(now_s)
                self._redial()
                _log.info("certificate", what="the new one is in use; the one before is kept")
            case Step.PROVE:
                self._file.prove()
                self._renewal.proven()
                self._trouble = None
                _log.info("certificate", what="the new one has connected")
            case Step.ROLL_BACK:
                self._file.roll_back()
                self._renewal.rolled_back(now_s)
                self._redial()
                self._trouble = "the new certificate did not connect: the one before is in use"
                _log.warning("certificate", what=self._trouble)
            case Step.WAIT:
                pass

    def _ask(self, held: Held, now_s: float) -> None:
        try:
            made = self._server.renew(held, self._file.next_key())
            self._file.certify(made)
        except EnrolmentRefused as error:
            self._renewal.refused(now_s)
            self._trouble = None if error.refusal == Refusal.EARLY else str(error)
            if self._trouble is not None:
                _log.warning("certificate", what=self._trouble)
        except EnrolmentError as error:
            self._renewal.failed(now_s)
            # Only what a person must mend: days are left, and networks come back.
            if self._clock.unix_s() >= held.until_s:
                self._trouble = f"the certificate has ended: {error}"
            _log.warning("certificate", what=str(error))
        else:
            self._renewal.got()
            self._trouble = None
            _log.info("certificate", what="a new one came")
            self._woken.set()

    def _files(self, held: Held) -> Files:
        following, before = self._file.next(), self._file.before()
        return Files(
            held.from_s,
            held.until_s,
            None if following is None else following.until_s,
            None if before is None else before.until_s,
        )

    def _redial(self) -> None:
        self._line.redial(lambda: self._leave(self._renewal.redialled))

    def _leave(self, word: Callable[[], None]) -> None:
        # Full: of so many connections one is as good as the other.
        with contextlib.suppress(queue.Full):
            self._words.put_nowait(word)
        self._woken.set()

    def _tell(self, held: Held | None) -> None:
        until_s = None if held is None else int(held.until_s)
        said = CertificateStatus(until_s=until_s, trouble=self._wrong or self._trouble)
        if said != self._told:
            self._told = said
            self._changed(EnrolmentChanged(said))

    @contextlib.contextmanager
    def _excused(self) -> Iterator[None]:
        """Tell what is wrong with the files, and go on."""
        try:
            yield
        except EnrolmentError as error:
            if self._wrong != str(error):
                _log.warning("certificate", what=str(error))
            self._wrong = str(error)
            self._tell(None)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.turn()
            self._woken.wait(LOOK_S)
            self._woken.clear()


@contextlib.contextmanager
def renewing(
    settings: Settings, line: Line, clock: Clock, changed: Callable[[EnrolmentChanged], None]
) -> Iterator[None]:
    """Renew the certificate while `with` lasts; without a server, nothing is done."""
    section = settings.enrolment
    if section.server is None:
        yield
        return
    roots = certificates_in(section.ca_file.read_bytes())
    thread = EnrolmentThread(
        EnrolledFile(section.key_file), EnrolmentServer(section.server, roots), line, clock, changed
    )
    thread.start()
    try:
        yield
    finally:
        thread.close(_CLOSE_S)
