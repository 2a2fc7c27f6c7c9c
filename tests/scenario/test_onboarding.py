"""The loop of onboarding between a scripted eye and scripted hands; time is moved by the test."""

from pathlib import Path

import pytest

from kiosk.app.inbox import WorkEnded
from kiosk.app.logs import captured
from kiosk.app.onboarding_loop import Onboarder, Parts, Trust
from kiosk.door.cues import Guide, Show
from kiosk.door.signal import Failure, Fault, OnboardingSignal, Signal
from kiosk.eye.link import EyeGone, Heard
from kiosk.eye.messages import Heartbeat, Message
from kiosk.eye.supervisor import START_PATIENCE_S
from kiosk.onboarding.cues import Begin
from kiosk.onboarding.kept import KeptCode
from kiosk.onboarding.machine import PATIENCE_S
from kiosk.onboarding.stages import Stage
from tests.parts.onboarding_codes import (
    ISSUED_S,
    SETUP,
    bootstrap,
    onboarding_code,
    trusting_onboarders,
)
from tests.scenario.doorway import (
    FRAME_S,
    SILENT_S,
    WATCHDOG_S,
    RecordedNotify,
    Turning,
    clock,
    seen,
)

BEAT = Heartbeat(
    camera_ok=True,
    frames=1,
    frames_read=0,
    codes_read=0,
    sensor_ns=0,
    sharpness=100,
    brightness=120,
)
CARD = "012345678901|123456789|Nguyen Van An"


class Lights(Turning):
    """Notes what is shown."""

    shown: list[Guide | Show]

    def play(self, effect: Guide | Show) -> None:
        self.shown.append(effect)


class Hands(Turning):
    """Notes what is begun, and never ends it."""

    begun: list[Begin]

    def begin(self, begin: Begin) -> None:
        self.begun.append(begin)


class Newcomer:
    """An onboarding in a folder of its own."""

    def __init__(self, folder: Path, patience_s: float = float("inf"), floor_s: int = 0) -> None:
        self.clock = clock(trusted=False)
        self.clock.jump(ISSUED_S + 60 - self.clock.unix_s())
        self.lights, self.hands = Lights(self.clock), Hands(self.clock)
        self.lights.shown, self.hands.begun = [], []
        self.notify = RecordedNotify(self.clock)
        self.code_file = folder / "onboarding.code"
        self._beat_s = float("-inf")
        parts = Parts(
            lights=self.lights,
            clock=self.clock,
            supervisor=None,
            silent_s=SILENT_S,
            notify=self.notify,
            hands=self.hands,
            trust=Trust(trusting_onboarders(), floor_s, bootstrap()),
            code_file=self.code_file,
            button_is_down=lambda: False,
        )
        self.loop = Onboarder(parts, patience_s)

    def hear(self, message: Message) -> None:
        self.loop.take(Heard(message, self.clock.monotonic_s()))
        self.loop.turn()

    def hold(self, *texts: str | bytes | None, for_s: float = FRAME_S) -> None:
        """Hold these up: they are in every frame for so long."""
        for _ in range(max(1, round(for_s / FRAME_S))):
            self.hear(seen(*texts))
            self.wait(FRAME_S)

    def wait(self, for_s: float, *, beats: bool = True) -> None:
        for _ in range(max(1, round(for_s / FRAME_S))):
            self.loop.turn()
            if beats and self.clock.monotonic_s() - self._beat_s >= 1:
                self._beat_s = self.clock.monotonic_s()
                self.hear(BEAT)
            self.clock.advance(FRAME_S)

    def ends(self, trouble: Failure | Fault | None = None, *, final: bool = False) -> None:
        """End what the hands do."""
        self.loop.take(WorkEnded(self.hands.begun[-1].attempt, trouble, final))
        self.loop.turn()

    @property
    def stages(self) -> list[Stage]:
        return [begin.stage for begin in self.hands.begun]


def test_a_code_goes_through_its_stages(tmp_path: Path) -> None:
    kiosk = Newcomer(tmp_path)
    code = onboarding_code()
    kiosk.hold(code)
    # It was on the disk before anything was begun.
    assert kiosk.code_file.read_bytes() == code
    assert kiosk.code_file.stat().st_mode & 0o777 == 0o600
    for _ in range(3):
        kiosk.ends()
        kiosk.wait(0.3)
    assert kiosk.stages == [Stage.NETWORK, Stage.ENROLMENT, Stage.FINISHING]
    assert kiosk.hands.begun[0].setup == SETUP
    kiosk.wait(3)
    assert kiosk.loop.ended is True


def test_a_password_sealed_to_this_kiosk_is_opened(tmp_path: Path) -> None:
    kiosk = Newcomer(tmp_path)
    kiosk.hold(onboarding_code(sealed_to=bootstrap()))
    assert kiosk.hands.begun[0].setup.wifi == SETUP.wifi


def test_a_code_beside_a_card_is_taken_and_a_card_alone_is_answered(tmp_path: Path) -> None:
    kiosk = Newcomer(tmp_path)
    kiosk.hold(CARD, for_s=2)
    assert kiosk.lights.shown.count(Guide(OnboardingSignal.NOT_ONBOARDED)) == 1
    kiosk.hold(CARD, onboarding_code(), None)
    assert kiosk.stages == [Stage.NETWORK]


@pytest.mark.threat("replay-onboarding-code")
def test_a_code_is_refused_by_a_kiosk_that_remembers_it(tmp_path: Path) -> None:
    kiosk = Newcomer(tmp_path, floor_s=ISSUED_S)
    kiosk.hold(onboarding_code())
    assert kiosk.lights.shown[-1] == Guide(OnboardingSignal.FAILED, Failure.OLD)
    assert kiosk.stages == []
    assert not kiosk.code_file.exists()
    kiosk.hold(onboarding_code(issued_s=ISSUED_S + 1))
    assert kiosk.stages == [Stage.NETWORK]


def test_nothing_of_a_code_or_a_card_is_logged(tmp_path: Path) -> None:
    kiosk = Newcomer(tmp_path)
    with captured() as lines:
        kiosk.hold(CARD)
        kiosk.hold(onboarding_code())
        kiosk.ends(Failure.NETWORK)
    said = str(lines)
    assert "code taken" in said
    assert SETUP.wifi is not None
    assert SETUP.wifi.password is not None
    for secret in (SETUP.wifi.ssid, SETUP.wifi.password, SETUP.claim.hex(), "Nguyen", "DKSETUP"):
        assert secret not in said


def test_a_disk_that_takes_no_code_is_shown_and_the_code_taken_when_it_does(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "state"
    kiosk = Newcomer(folder)
    kiosk.hold(onboarding_code(), for_s=2)
    assert kiosk.lights.shown == [Show(Signal.OUT_OF_ORDER, Fault.DISK)]
    assert kiosk.stages == []
    folder.mkdir()
    kiosk.hold(onboarding_code(), for_s=2)
    assert kiosk.stages == [Stage.NETWORK]
    assert kiosk.lights.shown[-1:] == [Guide(OnboardingSignal.JOINING)]
    assert KeptCode(kiosk.code_file).read() == onboarding_code()


def test_a_refused_claim_leaves_nothing_of_the_code(tmp_path: Path) -> None:
    kiosk = Newcomer(tmp_path)
    kiosk.hold(onboarding_code(wifi=None))
    kiosk.wait(0.3)
    kiosk.ends(Failure.CLAIM, final=True)
    assert not kiosk.code_file.exists()
    assert kiosk.lights.shown[-2:] == [
        Guide(OnboardingSignal.FAILED, Failure.CLAIM),
        Guide(OnboardingSignal.SHOW_CODE),
    ]


def test_a_lost_camera_is_shown_as_at_a_door(tmp_path: Path) -> None:
    kiosk = Newcomer(tmp_path)
    kiosk.wait(2)
    kiosk.loop.take(EyeGone("it ended"))
    kiosk.hear(BEAT)
    kiosk.wait(START_PATIENCE_S, beats=False)
    lost, waiting = Show(Signal.OUT_OF_ORDER, Fault.CAMERA), Guide(OnboardingSignal.SHOW_CODE)
    assert kiosk.lights.shown == [lost, waiting, lost]


def test_the_watchdog_is_fed_while_it_waits_and_not_while_the_hands_hang(tmp_path: Path) -> None:
    kiosk = Newcomer(tmp_path)
    kiosk.wait(2)
    assert "READY=1" in kiosk.notify.words
    kiosk.wait(300)
    assert kiosk.clock.monotonic_s() - kiosk.notify.fed_s <= WATCHDOG_S / 2 + 1
    kiosk.hands.hang()
    kiosk.wait(300)
    assert kiosk.clock.monotonic_s() - kiosk.notify.fed_s > WATCHDOG_S


def test_a_door_waits_so_long_and_then_starts(tmp_path: Path) -> None:
    kiosk = Newcomer(tmp_path, PATIENCE_S)
    kiosk.wait(PATIENCE_S - 1)
    assert kiosk.loop.ended is None
    kiosk.wait(2)
    assert kiosk.loop.ended is False


def test_a_code_that_was_half_removed_is_none(tmp_path: Path) -> None:
    kept = KeptCode(tmp_path / "onboarding.code")
    kept.keep(b"DKSETUP:1:ABC")
    assert kept.read() == b"DKSETUP:1:ABC"
    (tmp_path / "onboarding.code").write_bytes(bytes(13))
    assert kept.read() is None
    assert [*tmp_path.iterdir()] == []
