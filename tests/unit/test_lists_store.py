"""A list on the disk: whole or set aside, and never an older one than was taken before."""

from pathlib import Path

import pytest

from kiosk.errors import ListError
from kiosk.lists.form import ListName
from kiosk.lists.keeper import Keeper
from kiosk.lists.shards import SignedList
from kiosk.lists.store import Store
from provisioning.lists.making import Made
from tests.parts.issuers import ward
from tests.parts.lists import SITE, a_list, entries, issuers, keeper_in, operator, trusted

REVOKED, BARRED = ListName.REVOKED, ListName.BARRED
FIVE = a_list(version=5, held=entries(3))


def take(keeper: Keeper, found: Made) -> None:
    manifest = keeper.examine(found.manifest.name, found.raw)
    assert manifest is not None
    keeper.install(manifest, found.raw, found.shards)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    take(keeper_in(tmp_path), FIVE)
    return tmp_path


def test_a_damaged_file_is_set_aside_and_said_and_the_door_goes_on_without_it(folder: Path) -> None:
    whole = (folder / "revoked.list").read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        (folder / "revoked.list").write_bytes(damaged)
        keeper = keeper_in(folder)
        if keeper.lists:
            pytest.fail(f"byte {place} may be anything")
        if (folder / "revoked.list").exists():
            # Only in the name of the key: a signer whom this kiosk does not know is no damage.
            assert keeper.troubles["revoked"].endswith("lists.signers does not name")
        else:
            assert keeper.troubles["revoked"].startswith("the file is damaged: ")
            assert keeper.troubles["revoked"].endswith("it was set aside as revoked.damaged")
            assert (folder / "revoked.damaged").read_bytes() == damaged


@pytest.mark.parametrize("left", [0, 1, 11, 12, 13, 200, -1])
def test_a_file_that_is_cut_off_is_damaged(folder: Path, left: int) -> None:
    path = folder / "revoked.list"
    path.write_bytes(path.read_bytes()[:left])

    keeper = keeper_in(folder)
    assert keeper.lists == {}
    assert "the file is damaged" in keeper.troubles["revoked"]


@pytest.mark.threat("old-list")
def test_after_damage_an_older_list_is_still_refused_and_the_same_one_is_taken(
    folder: Path,
) -> None:
    (folder / "revoked.list").write_bytes(b"damaged")
    keeper = keeper_in(folder)

    with pytest.raises(ListError, match="version 4 is below 5, which was taken before"):
        keeper.examine(REVOKED, a_list(version=4).raw)
    take(keeper, FIVE)
    assert keeper_in(folder).lists[REVOKED].manifest.version == 5


def test_looking_does_not_move_a_damaged_file(folder: Path) -> None:
    (folder / "revoked.list").write_bytes(b"damaged")
    keeper = keeper_in(folder)
    (folder / "revoked.list").write_bytes(b"damaged again")

    assert keeper.load(mend=False)
    assert (folder / "revoked.list").exists()
    assert "set aside" not in keeper.troubles["revoked"]


def test_an_operator_who_is_trusted_no_more_loses_no_file(folder: Path) -> None:
    keeper = keeper_in(folder, trusted(operator(8)))

    assert keeper.lists == {}
    assert keeper.troubles["revoked"].endswith("signed with a key that lists.signers does not name")
    assert keeper_in(folder).lists[REVOKED].manifest == FIVE.manifest


def test_a_highest_version_that_cannot_be_read_is_none(folder: Path) -> None:
    (folder / "revoked.list").unlink()
    (folder / "revoked.highest").write_bytes(b"\xff")

    take(keeper_in(folder), a_list(version=2))
    assert (folder / "revoked.highest").read_bytes() == b"2"


def test_two_processes_do_not_undo_each_other(folder: Path) -> None:
    first, second = keeper_in(folder), keeper_in(folder)
    seven, six = a_list(version=7), a_list(version=6)
    manifest = second.examine(REVOKED, six.raw)
    assert manifest is not None
    take(first, seven)

    with pytest.raises(ListError, match="version 6 is below 7, which was taken before"):
        second.install(manifest, six.raw, six.shards)
    assert second.load()
    assert second.lists[REVOKED].manifest.version == 7
    assert not second.load()


def test_a_list_of_a_site_stays_at_that_site(folder: Path) -> None:
    take(keeper_in(folder), a_list(BARRED, version=9, held=entries(2)))

    moved = keeper_in(folder, site="hk-043")
    assert set(moved.lists) == {REVOKED}
    assert moved.examine(BARRED, a_list(BARRED, version=1, site="hk-043").raw) is not None
    assert set(keeper_in(folder).lists) == {REVOKED, BARRED}


def test_a_draft_that_a_cut_has_left_is_in_nobody_s_way(folder: Path) -> None:
    for name in ("revoked.list.draft", "revoked.highest.draft"):
        (folder / name).write_bytes(b"half a list")

    take(keeper_in(folder), a_list(version=6))
    assert sorted(path.name for path in folder.iterdir()) == ["revoked.highest", "revoked.list"]


def test_a_folder_that_is_no_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    keeper = keeper_in(tmp_path / "file")

    with pytest.raises(ListError, match=r"revoked\.list: cannot be written: File exists"):
        Store(tmp_path / "file", SITE).save(SignedList(FIVE.manifest, FIVE.raw, FIVE.shards))
    assert keeper.lists == {}


def test_the_issuers_are_there_after_a_restart(tmp_path: Path) -> None:
    key = ward().key()
    take(keeper_in(tmp_path), issuers(key))

    assert keeper_in(tmp_path).book().context.signers("card", key.kid) == (key,)
