"""`kiosk outbox forget`: the door's memory of one card goes, from the file and from its log."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kiosk.app.outbox_cli import outbox_app
from kiosk.door.credential import Credential
from kiosk.door.event import Direction
from kiosk.identity import mark_of
from kiosk.outbox import MemoryChange, StoredPassage, StoredVisits
from kiosk.outbox.sqlite import Settings, SqliteOutbox, build
from tests.parts.check_ins import SOURCE
from tests.parts.readings import check_in_at, reading
from tests.unit.test_outbox_cli import config_for

DEVICE_KEY = bytes(range(32))
AN, BINH = "099090000001", "099190000002"
CARD = f"{AN}|011000001|Nguyễn Văn An|01011990|Nam|Hà Nội|15042021"
runner = CliRunner()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "device.key").write_bytes(DEVICE_KEY)
    return tmp_path / "outbox.db"


def mark(number: str) -> str:
    return mark_of(Credential("cccd", number), b"", DEVICE_KEY)


def filled(path: Path) -> SqliteOutbox:
    """Give an open outbox of a door that remembers many, An and Bình among them."""
    outbox = build(Settings(path=path), SOURCE)
    others = [f"{number:032x}" for number in range(2000)]
    for second, each in enumerate([*others, mark(AN), mark(BINH)], 1):
        change = MemoryChange(
            {each: StoredPassage(Direction.IN, 1e9)}, {each: StoredVisits(14, {20_000: 2, 9: 1})}
        )
        if each in others:
            outbox.remember(change)
        else:
            outbox.commit(check_in_at(second, reading(second)), change)
    return outbox


def forgotten(path: Path, person: str | bytes, code: int = 0) -> str:
    config = config_for(path)
    words = f'device_key_file = "{path.with_name("device.key")}"\n[camera]'
    config.write_text(config.read_text("utf-8").replace("[camera]", words), "utf-8")
    done = runner.invoke(outbox_app, ["forget", "--config", str(config)], input=person)
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


def all_bytes(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.glob("outbox.db*"))


@pytest.mark.parametrize("person", [f"{CARD}\n", f"cccd {AN}\n"], ids=["card", "number"])
def test_passage_and_visits_of_one_card_are_gone_and_nobody_else_s(path: Path, person: str) -> None:
    outbox = filled(path)
    waiting = [event.body for event in outbox.pending(0, 10)]
    assert mark(AN).encode() in all_bytes(path)
    # Beside the kiosk, which has the file open all the time.
    assert forgotten(path, person) == "3 rows are gone; restart the kiosk if it runs\n"
    memory = outbox.memory()
    assert (len(memory.passages), len(memory.visits)) == (2001, 2001)
    assert mark(AN) not in memory.passages.keys() | memory.visits.keys()
    assert mark(BINH) in memory.passages.keys() & memory.visits.keys()
    # What is recorded is still delivered, byte for byte.
    assert [event.body for event in outbox.pending(0, 10)] == waiting
    outbox.close()


def test_nothing_of_them_is_left_in_the_file_or_its_log(path: Path) -> None:
    outbox = filled(path)
    forgotten(path, CARD)
    assert outbox.pending(0, 1)
    left = all_bytes(path)
    assert mark(AN).encode() not in left
    assert mark(BINH).encode() in left
    outbox.close()
    assert mark(AN).encode() not in all_bytes(path)


def test_a_second_time_finds_nothing(path: Path) -> None:
    filled(path).close()
    forgotten(path, CARD)
    assert forgotten(path, CARD).startswith("0 rows")


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("", "standard input: there is no payload"),
        (b"\xff\xfe", "holds no card that can be read here"),
        (f"https://example.vn/{AN}", "holds no card that can be read here"),
        (f"passport {AN}", "holds no card that can be read here"),
        ("x" * 8000, "more than the 7089 bytes"),
    ],
)
def test_what_is_no_card_is_refused_and_not_quoted(
    path: Path, person: str | bytes, words: str
) -> None:
    filled(path).close()
    said = forgotten(path, person, code=1)
    assert words in said
    assert AN not in said
    assert len(said.splitlines()) == 1


def test_without_the_device_s_key_none_is_made(path: Path) -> None:
    filled(path).close()
    path.with_name("device.key").unlink()
    assert "identity.device_key_file" in forgotten(path, CARD, code=78)
    assert not path.with_name("device.key").exists()


def test_without_an_outbox_none_is_made(path: Path) -> None:
    assert forgotten(path, CARD, code=1) == f"{path}: there is no outbox\n"
    assert not path.exists()
