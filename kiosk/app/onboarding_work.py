"""What the stages of onboarding do: the network, the claim, the files. On a thread of its own.

Everything here may wait, and may be done again: after a power cut the same code gets the same
answer for the same key. In the last stage the settings come before the key's change of name, so a
kiosk that finds its own settings and no next key knows that all is done.
"""

import contextlib
import hashlib
import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kiosk.app.inbox import WorkEnded
from kiosk.app.logs import Log
from kiosk.app.onboarding_section import Onboarding, onboarded_at
from kiosk.app.sections import Enrolment, Identity
from kiosk.clock import Clock
from kiosk.door.signal import Failure, Fault
from kiosk.durable import replace_file, replace_secret
from kiosk.enrolment.claim import claim_text
from kiosk.enrolment.client import EnrolmentServer, answers, root_by_pin
from kiosk.enrolment.file import EnrolledFile
from kiosk.enrolment.keys import Held, Key, certificate_pem, certificates_in
from kiosk.enrolment.wire import Refusal
from kiosk.errors import (
    EnrolmentError,
    EnrolmentRefused,
    NetworkError,
    PayloadError,
    SettingsError,
)
from kiosk.identity.periods import SiteKey, Terms, as_text, period_at, site_key_in
from kiosk.network.client import Network
from kiosk.onboarding.cues import Begin
from kiosk.onboarding.form import Setup
from kiosk.onboarding.kept import KeptCode
from kiosk.onboarding.onboarded import Onboarded
from kiosk.onboarding.stages import Stage

_log = Log()

_TURN_S = 0.5
_LARGEST_BYTES = 64_000


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie, as the settings say."""

    onboarding: Onboarding
    enrolment: Enrolment
    identity: Identity


class _Failed(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, why: Failure | Fault, what: object, *, final: bool = False) -> None:
        super().__init__(str(what))
        self.why = why
        self.final = final


class Work:
    """Does what a stage asks for; every file here belongs to the thread that calls it."""

    def __init__(self, places: Places, network: Network, clock: Clock) -> None:
        self._places = places
        self._network = network
        self._clock = clock
        self._file = EnrolledFile(places.enrolment.key_file)
        self._root: x509.Certificate | None = None

    def do(self, stage: Stage, setup: Setup) -> None:
        """Do a stage's work, and return when it is done.

        Raises:
            _Failed: It is not; says why.
        """
        match stage:
            case Stage.NETWORK:
                self._join(setup)
            case Stage.ENROLMENT:
                self._enrol(setup)
            case Stage.FINISHING:
                self._finish(setup)

    def _join(self, setup: Setup) -> None:
        if setup.wifi is None:
            return
        try:
            self._network.join(setup.wifi)
        except (NetworkError, PayloadError) as error:
            # A cable does as well, or the network that was there before.
            if not answers(setup.server):
                raise _Failed(Failure.NETWORK, error) from None
            _log.warning("onboarding", what=f"{error}; the enrolment server is reached without it")

    def _enrol(self, setup: Setup) -> None:
        if self._is_done(setup):
            return
        with _on_disk():
            self._file.recover()
            key = self._file.next_key()
        held = self._redeemed(setup, key)
        with _on_disk():
            self._file.certify(held)

    def _redeemed(self, setup: Setup, key: Key) -> Held:
        try:
            root = self._root = self._known_root(setup) or self._fetched_root(setup)
            server = EnrolmentServer(setup.server, [root])
            held = server.redeem(claim_text(setup.claim), key, setup.site, setup.device)
        except EnrolmentRefused as error:
            if error.refusal == Refusal.BUSY:
                raise _Failed(Failure.SERVER, error) from None
            raise _Failed(Failure.CLAIM, error, final=True) from None
        except EnrolmentError as error:
            raise _Failed(Failure.SERVER, error) from None
        if held.name != f"{setup.site}/{setup.device}":
            raise _Failed(Failure.CLAIM, "the certificate is for another door", final=True)
        return held

    def _fetched_root(self, setup: Setup) -> x509.Certificate:
        path = self._places.enrolment.ca_file
        if path.exists() and not os.access(path.parent, os.W_OK):
            raise EnrolmentError(f"{path}: is the root of another fleet, and may not be replaced")
        return root_by_pin(setup.server, setup.pin)

    def _known_root(self, setup: Setup) -> x509.Certificate | None:
        """Return the root that lies here already, if it is the one that the code names."""
        with contextlib.suppress(OSError, EnrolmentError):
            with self._places.enrolment.ca_file.open("rb") as file:
                raw = file.read(_LARGEST_BYTES)
            for found in certificates_in(raw):
                if hashlib.sha256(found.public_bytes(Encoding.DER)).digest() == setup.pin:
                    return found
        return None

    def _finish(self, setup: Setup) -> None:
        places = self._places
        with _on_disk():
            if not self._is_done(setup):
                self._keep_root()
                self._make_site_key(setup)
                left = Onboarded.of(
                    setup, held=places.enrolment.key_file, root=places.enrolment.ca_file
                )
                replace_file(places.onboarding.file, left.text().encode())
                self._file.swap()
            # What it had before was revoked with the claim: there is nothing to go back to.
            self._file.prove()
            KeptCode(places.onboarding.code_file).discard()

    def _is_done(self, setup: Setup) -> bool:
        """Tell whether a cut came after all was written, and before the code was removed."""
        with contextlib.suppress(SettingsError, EnrolmentError):
            left, held = onboarded_at(self._places.onboarding.file), self._file.held()
            return (
                left is not None
                and left.is_by(setup)
                and held is not None
                and held.name == f"{setup.site}/{setup.device}"
                and not self._file.has_next()
            )
        return False

    def _keep_root(self) -> None:
        if self._root is None:
            raise AssertionError("the claim is redeemed before this, from a server with this root")
        pem = certificate_pem(self._root).encode()
        path = self._places.enrolment.ca_file
        with contextlib.suppress(OSError):
            if path.read_bytes() == pem:
                return
        replace_file(path, pem, 0o644)

    def _make_site_key(self, setup: Setup) -> None:
        """Make the venue's key where the settings name one that is not there.

        Or where that is another venue's, with which this door could not start.
        """
        identity = self._places.identity
        path = identity.site_key_file
        if path is None or _serves(path, setup.site):
            return
        days = identity.period_days
        period = period_at(self._clock.unix_s(), days)
        made = SiteKey(token_bytes(32), Terms(setup.site, days), period)
        replace_secret(path, as_text(made).encode())
        _log.info("onboarding", what="a site key of this kiosk's own was made")


class Worker:
    """The thread `onboarding`: does what was begun, one thing after the other, and says its end."""

    def __init__(self, work: Work, clock: Clock, post: Callable[[WorkEnded], None]) -> None:
        self._work = work
        self._now_s = clock.monotonic_s
        self._post = post
        self._begun: queue.Queue[Begin] = queue.Queue(16)
        self._stopping = threading.Event()
        self._turned_s = self._now_s()
        self._thread = threading.Thread(target=self._run, name="onboarding", daemon=True)

    @property
    def turned_s(self) -> float:
        """When the thread last turned (monotonic s); any thread."""
        return self._turned_s

    def start(self) -> None:
        """Begin to wait for work."""
        self._thread.start()

    def begin(self, begin: Begin) -> None:
        """Do this next; never blocks. What does not fit any more is said to have failed."""
        try:
            self._begun.put_nowait(begin)
        except queue.Full:
            self._post(WorkEnded(begin.attempt, Failure.SERVER))

    def close(self, timeout_s: float) -> None:
        """Stop; what waits for an answer is left behind, and done again after a start."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._turned_s = self._now_s()
            with contextlib.suppress(queue.Empty):
                self._do(self._begun.get(timeout=_TURN_S))

    def _do(self, begin: Begin) -> None:
        try:
            self._work.do(begin.stage, begin.setup)
        except _Failed as error:
            _log.warning(
                "onboarding", stage=begin.stage.value, failed=error.why.value, what=str(error)
            )
            self._post(WorkEnded(begin.attempt, error.why, final=error.final))
        else:
            self._post(WorkEnded(begin.attempt))


@contextlib.contextmanager
def _on_disk() -> Iterator[None]:
    """Say that whatever fails in here is the disk's."""
    try:
        yield
    except (OSError, EnrolmentError, SettingsError) as error:
        raise _Failed(Fault.DISK, error) from None


def _serves(path: Path, site: str) -> bool:
    """Tell whether a key lies there with which the door of this site can start."""
    try:
        found = site_key_in(path.read_text("ascii"))
    except (OSError, ValueError):
        return False
    return found.terms is None or found.terms.site == site
