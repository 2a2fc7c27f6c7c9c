"""`kiosk rules explain`, as a technician types it: what it says, and what it never says."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from kiosk.app.cli import app
from kiosk.door.event import Direction
from kiosk.door.rules import Rule
from kiosk.eye.people import person
from kiosk.eye.scenes import Scene, SceneCode, draw
from kiosk.identity import mark_of
from kiosk.outbox import MemoryChange, StoredPassage, StoredVisits
from kiosk.outbox.sqlite import Settings, SqliteOutbox
from kiosk.payloads import formats, read
from tests.parts.check_ins import SOURCE

AN, BINH = (person(random.Random(seed)) for seed in (1, 2))
DEVICE_KEY = b"d" * 32
MONDAY_8 = "2026-11-23T08:00+07:00"
MONDAY_8_S = 1795395600.0
DAY = 20780
"""That Monday, in days since 1970."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "device.key").write_bytes(DEVICE_KEY)
    path = tmp_path / "config.toml"
    path.write_text(
        f"""\
[kiosk]
site = "hk-042"
device = "door-1"
direction = "toggle"
[identity]
site_key = "{"01" * 32}"
device_key_file = "{tmp_path / "device.key"}"
[camera]
kind = "synthetic"
[rules]
open_hours = ["mon-fri 06:00-18:00"]
quota_visits = 2
quota_days = 7
capacity = 2
[gpio]
pins = "mock"
[outbox]
kind = "sqlite"
path = "{tmp_path / "outbox.db"}"
[uplink]
kind = "stdout"
[clock]
kind = "manual"
start = 2026-11-23T01:00:00Z
trusted = false
[lists]
folder = "{tmp_path / "lists"}"
""",
        encoding="utf-8",
    )
    return path


def ask(config: Path, *arguments: str, payload: str | bytes | None = AN) -> Result:
    command = ["rules", "explain", "--config", str(config), *arguments]
    return CliRunner().invoke(app, command, input=payload)


def said(config: Path, *arguments: str, payload: str = AN) -> dict[str, Any]:
    done = ask(config, "--json", *arguments, payload=payload)
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (told["verdict"] != "accepted")
    told["said"] = {each["rule"]: each["finding"] for each in told["rules"]}
    assert list(told["said"]) == [rule.value for rule in Rule]
    return told


def remember(config: Path, text: str, direction: Direction, *, visits: int = 0) -> None:
    """Let the outbox know that somebody passed an hour before."""
    raw = text.encode()
    mark = mark_of(read(raw, formats()), raw, DEVICE_KEY)
    passage = StoredPassage(direction, MONDAY_8_S - 3600)
    counted = {mark: StoredVisits(7, {DAY - 1: visits})} if visits else {}
    outbox = SqliteOutbox(Settings(path=config.parent / "outbox.db"), SOURCE)
    outbox.remember(MemoryChange({mark: passage}, counted))
    outbox.close()


def test_every_rule_is_told_in_order_and_then_the_light(config: Path) -> None:
    done = ask(config, "--at", MONDAY_8)
    lines = done.stdout.splitlines()
    numbered = [line.split()[1] for line in lines if line.split()[0].isdigit()]
    assert numbered == [rule.value for rule in Rule]
    assert lines[-2].split() == ["decision", "accepted,", "ok"]
    assert "Đã ghi nhận" in lines[-1]
    assert done.exit_code == 0


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_nobody_is_told_whose_card_it_is(config: Path, as_json: tuple[str, ...]) -> None:
    remember(config, AN, Direction.IN)
    done = ask(config, "--at", MONDAY_8, *as_json)
    for secret in (*AN.split("|"), mark_of(read(AN.encode(), formats()), b"", DEVICE_KEY)):
        assert not secret or len(secret) < 4 or secret not in done.stdout


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_line_end_of_a_shell_is_no_part_of_the_payload(config: Path, ending: str) -> None:
    assert said(config, "--at", MONDAY_8, payload=AN + ending)["card"] == "cccd, unsigned"


def test_a_refusal_exits_with_1_and_names_the_rule(config: Path) -> None:
    told = said(config, "--at", "2026-11-22T08:00+07:00")
    assert (told["reason"], told["signal"]) == ("outside-hours", "rejected")
    assert told["said"]["hours"] == "refuses"
    assert told["said"]["capacity"] == "passes"


def test_what_is_no_card_is_refused_by_the_first_rule(config: Path) -> None:
    told = said(config, payload="https://example.vn/menu")
    assert (told["card"], told["reason"], told["signal"]) == ("none: url", "url", "not-a-card")
    assert set(told["said"].values()) == {"refuses", "not reached"}


def test_a_damaged_card_is_refused_as_unreadable(config: Path) -> None:
    fields = AN.split("|")
    fields[3] = "99999999"
    told = said(config, payload="|".join(fields))
    assert told["card"] == "cccd, damaged"
    assert (told["said"]["format"], told["said"]["readable"]) == ("passes", "refuses")


def test_without_a_clock_it_says_what_the_door_would(config: Path) -> None:
    told = said(config)
    assert told["time"].startswith("not known")
    assert told["said"]["hours"] == "cannot be judged"
    assert told["flags"] == ["clock-untrusted"]
    assert said(config, "--at", MONDAY_8)["flags"] == []


def test_so_many_inside_may_be_supposed(config: Path) -> None:
    assert said(config, "--at", MONDAY_8, "--inside", "1")["reason"] == "ok"
    told = said(config, "--at", MONDAY_8, "--inside", "2")
    assert (told["reason"], told["signal"]) == ("full", "full")
    assert told["direction"] == "in"


def test_it_says_when_it_does_not_know_who_passed(config: Path) -> None:
    told = said(config, "--at", MONDAY_8)
    assert told["memory"].startswith("none: there is no ")
    remember(config, AN, Direction.IN)
    assert said(config, "--at", MONDAY_8)["memory"].endswith("outbox.db: 1 passed, 1 inside")
    (config.parent / "device.key").unlink()
    assert "device.key" in said(config, "--at", MONDAY_8)["memory"]
    assert not (config.parent / "device.key").exists()


def test_the_outbox_is_asked_and_not_changed(config: Path) -> None:
    remember(config, AN, Direction.OUT, visits=2)
    remember(config, BINH, Direction.IN)
    before = {f.name: f.read_bytes() for f in config.parent.iterdir() if f.suffix == ".db"}
    told = said(config, "--at", MONDAY_8)
    assert (told["reason"], told["direction"]) == ("quota-used", "in")
    told = said(config, "--at", MONDAY_8, payload=BINH)
    assert (told["reason"], told["direction"]) == ("ok", "out")
    assert before == {f.name: f.read_bytes() for f in config.parent.iterdir() if f.suffix == ".db"}


def test_another_outbox_may_be_named(config: Path) -> None:
    remember(config, BINH, Direction.IN)
    moved = config.parent / "card-of-another-kiosk.db"
    (config.parent / "outbox.db").replace(moved)
    told = said(config, "--at", MONDAY_8, "--outbox", str(moved), payload=BINH)
    assert told["direction"] == "out"
    done = ask(config, "--outbox", str(config.parent / "nothing.db"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "there is no outbox" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "payload", "why"),
    [
        ((), "", "there is no payload"),
        ((), "x" * 8000, "more than the 7089 bytes"),
        (("--at", "noon"), AN, "--at"),
        (("--at", "2026-11-23T08:00"), AN, "add the zone"),
        (("--at", MONDAY_8, "--no-clock"), AN, "not both"),
    ],
)
def test_what_cannot_be_answered_exits_with_2(
    config: Path, arguments: tuple[str, ...], payload: str, why: str
) -> None:
    done = ask(config, *arguments, payload=payload)
    assert (done.exit_code, done.stdout) == (2, "")
    assert why in done.stderr


def test_a_picture_is_read_by_a_process_without_keys(config: Path) -> None:
    picture = config.parent / "thẻ.png"
    codes = (SceneCode(text=AN, x=0.5, size=0.5),)
    draw(Scene(codes=codes), (640, 480), rng_seed=1).save(picture)
    told = said(config, "--at", MONDAY_8, "--picture", str(picture), payload="")
    assert (told["card"], told["reason"]) == ("cccd, unsigned", "ok")
    empty = config.parent / "empty.png"
    draw(Scene(codes=()), (640, 480), rng_seed=1).save(empty)
    done = ask(config, "--picture", str(empty), payload=None)
    assert (done.exit_code, "no code that can be read" in done.stderr) == (2, True)
    done = ask(config, "--picture", str(config), payload=None)
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
