"""Every clock: time is told, never invented; what it means is told once it is known."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.app.adapters import CLOCKS
from kiosk.clock import Clock
from kiosk.clock.manual import ManualClock
from kiosk.clock.manual import Settings as ManualSettings
from kiosk.clock.system import Settings as SystemSettings
from kiosk.clock.system import SystemClock
from tests.parts.families import every

Made = tuple[Clock, Callable[[], None]]


def manual(_folder: Path) -> Made:
    clock = ManualClock(ManualSettings(trusted=False))
    return clock, lambda: clock.synchronise(datetime(2024, 2, 29, tzinfo=UTC))


def system(folder: Path) -> Made:
    sign = folder / "synchronized"
    return SystemClock(SystemSettings(trust_file=sign)), sign.touch


MAKERS = {"manual": manual, "system": system}


@pytest.fixture(params=MAKERS)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    """A clock that nothing synchronised yet, and what synchronises it."""
    return MAKERS[request.param](tmp_path)


def test_every_clock_is_held_to_this() -> None:
    assert set(every(CLOCKS)) == set(MAKERS)


def test_a_time_is_marked_until_something_synchronised_it(made: Made) -> None:
    clock, synchronise = made
    assert (clock.trusted(), clock.read().trusted) == (False, False)
    synchronise()
    assert (clock.trusted(), clock.read().trusted) == (True, True)


def test_a_boot_keeps_its_id(made: Made) -> None:
    clock, synchronise = made
    before = clock.read().boot
    synchronise()
    assert clock.read().boot == clock.boot_clock().boot == before
    assert before


def test_the_monotonic_clock_is_the_same_everywhere_and_never_goes_back(made: Made) -> None:
    clock, synchronise = made
    first_s = clock.monotonic_s()
    synchronise()
    reading = clock.read()
    assert first_s * 1e9 <= reading.mono_ns + 1000
    assert reading.mono_ns <= clock.monotonic_s() * 1e9 + 1000


def test_the_offset_turns_a_reading_s_monotonic_time_into_its_utc(made: Made) -> None:
    clock, synchronise = made
    synchronise()
    reading = clock.read()
    unix_ns = reading.mono_ns + clock.boot_clock().offset_ns
    told = datetime.fromtimestamp(unix_ns / 1e9, UTC)
    # Another process may run between two readings of the system's clock.
    assert abs(told - reading.utc) < timedelta(seconds=1)


class TestManual:
    """What tests of hours and of power cuts need."""

    clock = staticmethod(lambda **settings: ManualClock(ManualSettings(**settings)))

    def test_time_passes_for_both_clocks(self) -> None:
        clock = self.clock()
        unix_s = clock.unix_s()
        clock.advance(60)
        assert clock.monotonic_s() == 60
        assert clock.unix_s() == unix_s + 60

    @pytest.mark.parametrize("seconds", [86400.0, -86400.0])
    def test_the_wall_clock_jumps_alone(self, seconds: float) -> None:
        clock = self.clock()
        clock.advance(5)
        before = clock.read()
        clock.jump(seconds)
        after = clock.read()
        assert after.mono_ns == before.mono_ns
        assert after.utc - before.utc == timedelta(seconds=seconds)

    def test_synchronising_sets_the_wall_clock_and_lets_no_time_pass(self) -> None:
        clock = self.clock(start=datetime(1970, 1, 1, tzinfo=UTC), trusted=False)
        clock.advance(90)
        utc = datetime(2024, 2, 29, 8, 0, tzinfo=UTC)
        clock.synchronise(utc)
        assert clock.read().utc == utc
        assert clock.monotonic_s() == 90

    def test_another_boot_has_another_id(self) -> None:
        assert self.clock(boot="b").read().boot == "b" != self.clock().read().boot


class TestSystem:
    """The machine's own."""

    def test_the_boot_id_is_the_kernel_s(self) -> None:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        assert SystemClock(SystemSettings()).read().boot == boot
