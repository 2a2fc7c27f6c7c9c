"""The file of key and certificate: whatever is cut off, there is a whole one to connect with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.enrolment.file import EnrolledFile
from kiosk.enrolment.keys import Held
from kiosk.errors import EnrolmentError
from tests.parts.certificates import held

OLD, NEW = held("hk-042/door-1", 1), held("hk-042/door-1", 2)


class PowerCut(Exception):  # noqa: N818 - it is no error of anybody's
    """The power is gone."""


class Fragile(EnrolledFile):
    """Loses power after so many of its steps; each step is one change of names."""

    def __init__(self, path: Path, steps: int) -> None:
        super().__init__(path)
        self.steps = steps

    def _durable(self) -> None:
        if self.steps == 0:
            raise PowerCut
        self.steps -= 1


def file_of(folder: Path) -> EnrolledFile:
    """Return files with an old certificate in use and a new one that came."""
    file = EnrolledFile(folder / "enrolled.key")
    file.path.write_bytes(OLD.pem())
    file.certify(NEW)
    return file


def same(left: Held | None, right: Held) -> bool:
    return left is not None and left.pem() == right.pem()


def test_the_next_key_is_made_once_and_lies_on_the_disk_first(tmp_path: Path) -> None:
    file = EnrolledFile(tmp_path / "enrolled.key")
    key = file.next_key()
    again = EnrolledFile(file.path).next_key()
    assert again.private_numbers() == key.private_numbers()
    assert (tmp_path / "enrolled.key.next").stat().st_mode & 0o777 == 0o600
    assert file.held() is None
    assert file.next() is None


def test_a_swap_keeps_the_one_before_until_it_is_proven(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    file.swap()
    assert same(file.held(), NEW)
    assert same(file.before(), OLD)
    assert file.next() is None
    file.prove()
    assert file.before() is None


def test_a_roll_back_keeps_the_new_one_as_the_next(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    file.swap()
    file.roll_back()
    assert same(file.held(), OLD)
    assert same(file.next(), NEW)
    assert file.before() is None


@pytest.mark.parametrize("steps", range(4))
@pytest.mark.parametrize("deed", [EnrolledFile.swap, EnrolledFile.roll_back, EnrolledFile.prove])
def test_a_cut_anywhere_leaves_a_whole_pair_in_use(
    tmp_path: Path, deed: Callable[[EnrolledFile], None], steps: int
) -> None:
    file = file_of(tmp_path)
    if deed is not EnrolledFile.swap:
        file.swap()
    try:
        deed(Fragile(file.path, steps))
    except PowerCut:
        cut = True
    else:
        cut = False
    after = EnrolledFile(file.path)
    # As the uplink would read it, before anything is put in order.
    assert same(after.held(), OLD) or same(after.held(), NEW)
    after.recover()
    assert same(after.held(), OLD) or same(after.held(), NEW)
    assert not (tmp_path / "enrolled.key.draft").exists()
    # Neither key is lost while the new one has not connected.
    if deed is not EnrolledFile.prove:
        kept = [each for each in (after.held(), after.next(), after.before()) if each is not None]
        assert {each.pem() for each in kept} == {OLD.pem(), NEW.pem()}
        assert len(kept) == 2
    assert cut is (steps < (1 if deed is EnrolledFile.prove else 2))


def test_a_damaged_pair_gives_way_to_the_one_before(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    file.swap()
    file.path.write_bytes(NEW.pem()[:100])
    with pytest.raises(EnrolmentError, match="private key"):
        file.held()
    file.recover()
    assert same(file.held(), OLD)


def test_a_certificate_of_another_key_is_not_used(tmp_path: Path) -> None:
    file = EnrolledFile(tmp_path / "enrolled.key")
    file.path.write_bytes(Held(OLD.key, NEW.chain).pem())
    with pytest.raises(EnrolmentError, match="not that of the key"):
        file.held()


def test_without_a_certificate_nothing_is_swapped(tmp_path: Path) -> None:
    file = EnrolledFile(tmp_path / "enrolled.key")
    file.next_key()
    with pytest.raises(EnrolmentError, match="no certificate"):
        file.swap()
