"""The thread `enrolment`, turn by turn: a server and a line that do as they are told."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.app.enrolment_thread import EnrolmentThread
from kiosk.app.inbox import EnrolmentChanged
from kiosk.clock.manual import ManualClock, Settings
from kiosk.enrolment.file import EnrolledFile
from kiosk.enrolment.keys import Held, Key
from kiosk.enrolment.renewal import ANSWERED_S, PROVE_S, SWAP_AGAIN_S
from kiosk.enrolment.wire import Refusal
from kiosk.errors import EnrolmentError, EnrolmentRefused
from kiosk.uplink import Connected
from kiosk.uplink.courier import Heard
from provisioning.fleet import certificates
from tests.parts.certificates import DAY_S, ISSUING, NOW_S, held

DOOR = "hk-042/door-1"
REVOKED = EnrolmentRefused(Refusal.REVOKED, "this certificate was revoked")


class Server:
    """Answers with a certificate, or with what `answers` holds first."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.answers: list[EnrolmentError] = []
        self.asked: list[Key] = []

    def renew(self, present: Held, key: Key) -> Held:
        self.asked.append(key)
        if self.answers:
            raise self.answers.pop(0)
        now_s = int(self._clock.unix_s())
        made = certificates.client(ISSUING, key.public_key(), present.name, now_s, 90)
        return Held(key, (made, ISSUING.certificate))


class Line:
    """A courier that redials when the test lets it."""

    def __init__(self) -> None:
        self.connected = False
        self.redials: list[Callable[[], None]] = []

    def redial(self, done: Callable[[], None]) -> None:
        self.redials.append(done)

    def heard_by(self, _listener: Callable[[Heard], None]) -> None:
        raise AssertionError("the thread was not started")


class Kiosk:
    """A thread that is turned by hand, `days` into its certificate's life."""

    def __init__(self, folder: Path, days: float) -> None:
        start = datetime.fromtimestamp(NOW_S, UTC)
        self.clock = ManualClock(Settings(start=start))
        self.file = EnrolledFile(folder / "enrolled.key")
        self.old = held(DOOR, days_ago=0)
        self.file.path.write_bytes(self.old.pem())
        self.server, self.line = Server(self.clock), Line()
        self.told: list[EnrolmentChanged] = []
        self.thread = EnrolmentThread(
            self.file, self.server, self.line, self.clock, self.told.append
        )
        self.clock.advance(days * DAY_S)
        self.line.connected = True

    @property
    def trouble(self) -> str | None:
        return self.told[-1].certificate.trouble

    def turn(self, count: int = 1) -> None:
        for _ in range(count):
            self.thread.turn()

    def redialled_and_connected(self) -> None:
        self.line.redials.pop()()
        self.thread.hear(Connected(20))

    def in_use(self) -> bytes:
        return self.file.path.read_bytes()


def test_nothing_is_asked_while_the_certificate_is_young(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path, 50)
    kiosk.turn(3)
    assert kiosk.server.asked == []
    assert kiosk.told == [kiosk.told[0]]
    assert kiosk.told[0].certificate.until_s == int(kiosk.old.until_s)
    assert kiosk.trouble is None


def test_a_new_one_comes_is_used_and_proves_itself(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path, 80)
    kiosk.turn(2)
    assert kiosk.in_use() != kiosk.old.pem()
    before = kiosk.file.before()
    assert before is not None
    assert before.pem() == kiosk.old.pem()
    kiosk.thread.hear(Connected(20))
    kiosk.turn()
    assert kiosk.file.before() is not None, "the old connection proves nothing"
    kiosk.redialled_and_connected()
    kiosk.turn()
    assert kiosk.file.before() is None
    assert kiosk.told[-1].certificate.until_s == pytest.approx(
        kiosk.old.until_s + 80 * DAY_S, abs=2
    )


def test_a_new_one_that_does_not_connect_gives_way_and_is_tried_again(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path, 80)
    kiosk.turn(2)
    new = kiosk.in_use()
    kiosk.clock.advance(PROVE_S + 1)
    kiosk.turn()
    assert kiosk.in_use() == kiosk.old.pem()
    assert "did not connect" in str(kiosk.trouble)
    assert len(kiosk.line.redials) == 2
    kiosk.clock.advance(SWAP_AGAIN_S[0])
    kiosk.turn()
    assert kiosk.in_use() == new
    kiosk.redialled_and_connected()
    kiosk.turn()
    assert kiosk.file.before() is None
    assert kiosk.trouble is None
    assert len(kiosk.server.asked) == 1


def test_a_server_that_is_away_is_asked_again_with_the_same_key(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path, 80)
    kiosk.server.answers = [EnrolmentError("cannot be reached")] * 3
    for _ in range(4):
        kiosk.turn()
        kiosk.clock.advance(6 * 3600)
    assert len({key.private_numbers() for key in kiosk.server.asked}) == 1
    assert len(kiosk.server.asked) == 4
    assert kiosk.trouble is None, "days are left"
    assert kiosk.in_use() == kiosk.old.pem()


def test_an_ended_certificate_and_no_server_is_told(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path, 100)
    kiosk.server.answers = [EnrolmentError("cannot be reached")]
    kiosk.turn()
    assert str(kiosk.trouble).startswith("the certificate has ended")
    kiosk.clock.advance(6 * 3600)
    kiosk.turn()
    assert kiosk.trouble is None


def test_a_revoked_kiosk_says_so_and_asks_once_a_day(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path, 80)
    kiosk.server.answers = [REVOKED] * 5
    kiosk.turn(3)
    assert len(kiosk.server.asked) == 1
    assert "was revoked" in str(kiosk.trouble)
    kiosk.clock.advance(ANSWERED_S)
    kiosk.turn()
    assert len(kiosk.server.asked) == 2


def test_a_kiosk_without_a_certificate_says_what_to_do(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path, 0)
    kiosk.file.path.unlink()
    kiosk.turn()
    assert "kiosk enrol" in str(kiosk.trouble)


def test_a_damaged_file_is_told_and_stops_nothing(tmp_path: Path) -> None:
    kiosk = Kiosk(tmp_path, 80)
    kiosk.file.path.write_bytes(b"damaged")
    kiosk.turn(2)
    assert "holds no private key" in str(kiosk.trouble)
    assert kiosk.told[-1].certificate.until_s is None
    kiosk.file.path.write_bytes(kiosk.old.pem())
    kiosk.server.answers = [EnrolmentRefused(Refusal.EARLY, "good for long yet")]
    kiosk.turn()
    assert kiosk.trouble is None
