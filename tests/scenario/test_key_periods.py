"""A door through the periods of its key: handles change, what the door remembers does not."""

import random
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from kiosk.app import logs
from kiosk.app.identity_checks import Secrets
from kiosk.app.keys import KeyPeriods, key_periods
from kiosk.app.sections import Identity
from kiosk.clock.manual import ManualClock
from kiosk.door.credential import Credential
from kiosk.door.event import CheckIn, CheckInEvent
from kiosk.door.machine import Conduct, Passing
from kiosk.door.rules import Rules
from kiosk.door.signal import Signal
from kiosk.errors import SettingsError
from kiosk.eye.people import person
from kiosk.identity import handle_of
from kiosk.identity.periods import (
    CONFIRM_S,
    SiteKey,
    Terms,
    as_text,
    derived,
    ratcheted,
    site_key_in,
)
from kiosk.outbox.memory import MemoryOutbox, Settings
from tests.parts.authorities import office
from tests.parts.check_ins import SOURCE
from tests.scenario.doorway import Doorway, clock

TERMS = Terms("hk-042", 14)
FIRST = 1484
BEGIN = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=14 * FIRST)
KEY = derived(b"r" * 32, TERMS, FIRST)
AN = person(random.Random(1))
NUMBER = AN.partition("|")[0]


class Venue:
    """A doorway whose site key lies in a file."""

    def __init__(self, folder: Path, *, trusted: bool = True) -> None:
        self.file = folder / "site.key"
        self.file.write_text(as_text(KEY))
        self.clock: ManualClock = clock(start=BEGIN, trusted=trusted)
        self.periods = self.opened(folder)
        conduct = Conduct(Rules(frozenset({"cccd"})), Passing.TOGGLE)
        outbox = MemoryOutbox(Settings(), SOURCE)
        self.door = Doorway(outbox, conduct=conduct, time=self.clock, keys=self.periods).open()

    def opened(self, folder: Path) -> KeyPeriods:
        identity = Identity(site_key_file=self.file, device_key_file=folder / "device.key")
        secrets = Secrets(site_key_in(self.file.read_text()), (office().public,))
        return key_periods(identity, secrets, SOURCE, self.clock)

    def passes(self, text: str = AN) -> CheckIn:
        """Hold up a card, and return what was recorded last."""
        self.door.wait(2)
        self.door.hold(text)
        self.door.wait(15)
        return CheckInEvent.model_validate_json(self.door.committed[-1].body).data

    @property
    def on_disk(self) -> SiteKey:
        return site_key_in(self.file.read_text())


def handle_in(period: int) -> str:
    return handle_of(Credential("cccd", NUMBER), ratcheted(KEY, period).key)


def test_a_person_has_another_handle_in_the_next_period_and_the_event_says_which(
    tmp_path: Path,
) -> None:
    venue = Venue(tmp_path)
    before = venue.passes()
    venue.clock.jump(14 * 86400)
    after = venue.passes()
    assert [(each.period, each.handle) for each in (before, after)] == [
        (FIRST, handle_in(FIRST)),
        (FIRST + 1, handle_in(FIRST + 1)),
    ]
    assert before.handle != after.handle


@pytest.mark.threat("earlier-periods")
def test_the_old_key_is_gone_from_the_file_and_from_beside_it(tmp_path: Path) -> None:
    venue = Venue(tmp_path)
    old = venue.file.open("rb")
    venue.clock.jump(14 * 86400)
    venue.door.wait(2)
    assert venue.on_disk == ratcheted(KEY, FIRST + 1)
    assert stat.S_IMODE(venue.file.stat().st_mode) == 0o600
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert KEY.key.hex().encode() not in left
    with old:
        # The file that it was is still open here; its blocks hold nothing any more.
        assert set(old.read()) == {0}


def test_what_the_door_remembers_does_not_move_with_the_period(tmp_path: Path) -> None:
    venue = Venue(tmp_path)
    venue.clock.advance(14 * 86400 - 60)
    ways = [venue.passes().direction]
    venue.clock.advance(60)
    ways.append(venue.passes().direction)
    assert ways == ["in", "out"]
    assert venue.periods.keys.period == FIRST + 1


def test_already_recorded_holds_across_the_end_of_a_period(tmp_path: Path) -> None:
    venue = Venue(tmp_path)
    venue.door.wait(14 * 0.1)
    venue.clock.jump(14 * 86400 - 30)
    venue.door.hold(AN, for_s=0.5)
    venue.clock.jump(60)
    venue.door.wait(3)
    venue.door.hold(AN, for_s=0.5)
    assert venue.door.signals[-1] is Signal.ALREADY_RECORDED
    assert venue.periods.keys.period == FIRST + 1


def test_without_a_trusted_clock_the_period_stays(tmp_path: Path) -> None:
    venue = Venue(tmp_path, trusted=False)
    venue.clock.jump(400 * 86400)
    assert venue.passes().period == FIRST
    venue.clock.synchronise(BEGIN + timedelta(days=15))
    assert venue.passes().period == FIRST + 1


def test_a_restart_goes_on_from_the_file(tmp_path: Path) -> None:
    venue = Venue(tmp_path)
    venue.clock.jump(28 * 86400)
    venue.door.wait(2)
    assert venue.opened(tmp_path).keys.site == ratcheted(KEY, FIRST + 2).key


@pytest.mark.threat("lie-about-time")
def test_years_ahead_are_not_believed_at_once_and_said(tmp_path: Path) -> None:
    venue = Venue(tmp_path)
    venue.clock.jump(20 * 365 * 86400)
    assert venue.passes().period == FIRST
    assert venue.door.status.site_key is not None
    assert "far ahead" in (venue.door.status.site_key.trouble or "")
    venue.clock.synchronise(BEGIN + timedelta(days=1))
    venue.door.wait(12)
    assert venue.door.status.site_key.trouble is None
    assert venue.on_disk == KEY


def test_years_ahead_are_believed_when_the_clock_stands_by_them(tmp_path: Path) -> None:
    venue = Venue(tmp_path)
    venue.clock.jump(400 * 86400)
    venue.door.wait(2)
    venue.clock.advance(CONFIRM_S)
    assert venue.passes().period == FIRST + 28


def test_a_key_that_went_ahead_stays_there_and_asks_for_a_new_file(tmp_path: Path) -> None:
    venue = Venue(tmp_path)
    venue.clock.jump(60 * 86400)
    ahead = venue.passes()
    venue.clock.synchronise(BEGIN + timedelta(days=1))
    with logs.captured() as lines:
        back = venue.passes()
    assert (ahead.period, back.period) == (FIRST + 4, FIRST + 4)
    assert ahead.handle == back.handle
    said = [line["what"] for line in lines if line["event"] == "site key"]
    assert said == ["the site key is 4 periods ahead of the clock: have its file made anew"]


def test_a_disk_that_takes_no_file_keeps_trying_and_handles_move_on(tmp_path: Path) -> None:
    venue = Venue(tmp_path)
    blocked = tmp_path / "site.key.draft"
    blocked.mkdir()
    venue.clock.jump(14 * 86400)
    assert venue.passes().period == FIRST + 1
    assert venue.on_disk == KEY
    assert "cannot be erased" in (venue.periods.trouble or "")
    blocked.rmdir()
    venue.clock.advance(61)
    venue.door.wait(2)
    assert venue.on_disk.period == FIRST + 1
    assert venue.periods.trouble is None


def test_a_folder_that_the_kiosk_may_not_write_is_said_at_the_start(tmp_path: Path) -> None:
    identity = Identity(site_key_file=Path("/proc/1/site.key"), device_key_file=tmp_path / "d")
    with pytest.raises(SettingsError, match=r"move it to /var/lib/kiosk/site\.key"):
        key_periods(identity, Secrets(KEY), SOURCE, clock())


def test_a_key_without_periods_stays_for_ever(tmp_path: Path) -> None:
    bare = Identity(site_key=SecretStr("5a" * 32), device_key_file=tmp_path / "device.key")
    time = clock(start=BEGIN)
    periods = key_periods(bare, Secrets(SiteKey(b"\x5a" * 32)), SOURCE, time)
    time.jump(400 * 86400)
    assert (periods.now().site, periods.now().period) == (b"\x5a" * 32, None)
    assert periods.trouble is None


def test_an_identity_is_sealed_in_every_event_of_a_card_and_in_no_other(tmp_path: Path) -> None:
    venue = Venue(tmp_path)
    assert (venue.passes().sealed or "").startswith(f"1.{office().authority.key_id}.")
    venue.door.hold("https://thucdon.example.vn")
    venue.door.wait(1)
    refused = CheckInEvent.model_validate_json(venue.door.committed[-1].body).data
    assert (refused.kind, refused.handle, refused.period, refused.sealed) == (None,) * 4
