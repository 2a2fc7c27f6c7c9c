"""`[rules]`: what the settings make of a venue's rules, and what they say of wrong ones."""

from pathlib import Path

import pytest

from kiosk.app.conduct import conduct_of
from kiosk.app.settings import load_kiosk
from kiosk.door.credential import Quota
from kiosk.door.hours import hours_of
from kiosk.door.machine import Conduct, Passing
from kiosk.door.rules import Passback, Rules, UntrustedClock
from kiosk.errors import SettingsError

KEY = "00112233445566778899aabbccddeeff" * 2
TEXT = f"""\
[kiosk]
site = "hk-042"
device = "door-1"
direction = "toggle"
[identity]
site_key = "{KEY}"
[camera]
kind = "synthetic"
[gpio]
pins = "mock"
[outbox]
kind = "memory"
[uplink]
kind = "stdout"
[rules]
"""
RULES_LINE = len(TEXT.splitlines())


def conduct(folder: Path, rules: str, direction: str = "toggle") -> Conduct:
    config = folder / "config.toml"
    config.write_text(TEXT.replace('"toggle"', f'"{direction}"') + rules, encoding="utf-8")
    return conduct_of(load_kiosk(config, {}))


def test_without_a_word_a_venue_asks_for_nothing_but_its_cards(tmp_path: Path) -> None:
    assert conduct(tmp_path, "").rules == Rules(frozenset({"cccd"}))


def test_every_key_is_a_rule(tmp_path: Path) -> None:
    told = conduct(
        tmp_path,
        """\
declaration = true
open_hours = ["mon-fri 06:00-18:00", "sat 07:00-11:30"]
utc_offset_hours = 6.5
quota_visits = 2
quota_days = 7
passback = "timed"
passback_s = 60
capacity = 30
untrusted_clock = "refuse"
[door]
stay_max_s = 7200
""",
    )
    assert told.passing is Passing.TOGGLE
    assert told.stay_max_s == 7200
    assert told.rules == Rules(
        frozenset({"cccd"}),
        declaration=True,
        hours=hours_of(["mon-fri 06:00-18:00", "sat 07:00-11:30"]),
        quota=Quota(2, 7),
        passback=Passback.TIMED,
        passback_s=60.0,
        capacity=30,
        untrusted_clock=UntrustedClock.REFUSE,
        utc_offset_s=23400.0,
    )


def test_a_quota_counts_for_a_day_unless_it_says_otherwise(tmp_path: Path) -> None:
    assert conduct(tmp_path, "quota_visits = 3").rules.quota == Quota(3, 1)


@pytest.mark.parametrize(
    ("rules", "line", "key", "fix"),
    [
        ('open_hours = ["mon-fri 6-18"]', 1, "open_hours", "write 'mon-fri 06:00-18:00'"),
        ('open_hours = ["xyz 06:00-18:00"]', 1, "open_hours", "none of mon, tue"),
        ("utc_offset_hours = 15", 1, "utc_offset_hours", "allowed: -12 to 14"),
        ("quota_visits = 0", 1, "quota_visits", "allowed: 1 to 99"),
        ("quota_days = 7", 0, "", "add quota_visits = 1"),
        ('passback = "firm"', 1, "passback", "allowed: off, soft, hard, timed"),
        ('untrusted_clock = "maybe"', 1, "untrusted_clock", "allowed: accept, refuse"),
        (
            'passback = "timed"\npassback_s = 10',
            2,
            "passback_s",
            "set passback_s above 10",
        ),
        ("capasity = 3", 1, "capasity", "did you mean capacity?"),
    ],
)
def test_a_wrong_rule_is_one_line_with_its_fix(
    tmp_path: Path, rules: str, line: int, key: str, fix: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        conduct(tmp_path, rules)
    (text,) = str(caught.value).splitlines()
    name = f"rules.{key}" if key else "rules"
    assert text.startswith(f"{tmp_path}/config.toml:{RULES_LINE + line}: {name}")
    assert fix in text


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_door_that_counts_one_way_only_has_no_capacity(tmp_path: Path, direction: str) -> None:
    with pytest.raises(SettingsError) as caught:
        conduct(tmp_path, "capacity = 3", direction)
    (text,) = str(caught.value).splitlines()
    assert f"{RULES_LINE + 1}: rules.capacity = 3: " in text
    assert "set kiosk.direction = 'toggle', or remove capacity" in text


def test_short_anti_passback_is_no_problem_where_nothing_is_timed(tmp_path: Path) -> None:
    assert conduct(tmp_path, "passback_s = 5").rules.passback is Passback.OFF
