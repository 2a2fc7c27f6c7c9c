"""A direction that was told holds over restarts, until it is taken back or the settings change."""

from pathlib import Path

import pytest

from kiosk.app.told_direction import Way
from kiosk.door.event import Direction
from kiosk.door.machine import Passing


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "direction.json"


def test_without_a_word_the_settings_hold(path: Path) -> None:
    way = Way(Passing.OUT, path)
    assert (way.passing, way.told) == (Passing.OUT, None)
    assert not path.exists()


def test_what_was_told_holds_after_a_restart(path: Path) -> None:
    Way(Passing.IN, path).turn(Direction.OUT)
    way = Way(Passing.IN, path)
    assert (way.passing, way.told) == (Passing.OUT, Direction.OUT)
    assert path.stat().st_mode & 0o077 == 0


def test_it_is_taken_back(path: Path) -> None:
    way = Way(Passing.IN, path)
    way.turn(Direction.OUT)
    way.turn(None)
    way.turn(None)
    assert way.passing is Passing.IN
    assert Way(Passing.IN, path).told is None


def test_a_person_who_changes_the_settings_has_the_last_word(path: Path) -> None:
    Way(Passing.IN, path).turn(Direction.OUT)
    assert Way(Passing.OUT, path).told is None
    assert Way(Passing.TOGGLE, path).passing is Passing.TOGGLE
    # Nobody wrote meanwhile: with the settings of then, the word of then holds.
    assert Way(Passing.IN, path).told is Direction.OUT


def test_where_nobody_may_tell_anything_nothing_that_was_told_counts(path: Path) -> None:
    Way(Passing.IN, path).turn(Direction.OUT)
    way = Way(Passing.IN)
    assert way.passing is Passing.IN
    with pytest.raises(OSError, match="no file"):
        way.turn(Direction.OUT)


@pytest.mark.parametrize("content", [b"", b"out", b'{"direction":"up","settings":"in"}', b"\xff"])
def test_a_damaged_file_is_as_none(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    way = Way(Passing.IN, path)
    assert way.told is None
    way.turn(Direction.OUT)
    assert Way(Passing.IN, path).told is Direction.OUT


def test_a_file_that_cannot_be_read_is_as_none(path: Path) -> None:
    path.mkdir()
    assert Way(Passing.IN, path).told is None


def test_a_disk_that_takes_no_write_changes_nothing(tmp_path: Path) -> None:
    way = Way(Passing.IN, tmp_path / "gone" / "direction.json")
    with pytest.raises(OSError, match="No such file"):
        way.turn(Direction.OUT)
    assert way.passing is Passing.IN
