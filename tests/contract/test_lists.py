"""What a list must be to be taken, whichever way it comes: from a folder, or over a broker."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import pytest

from kiosk.errors import ListError
from kiosk.lists import files
from kiosk.lists.form import (
    MAX_MANIFEST_BYTES,
    MAX_SHARD_BYTES,
    ListName,
    manifest_topic,
    place_of,
    site_of,
)
from kiosk.lists.keeper import NO_SIGNERS, Keeper
from kiosk.lists.manifest import payload_of
from kiosk.lists.reception import Reception
from kiosk.lists.shards import digest
from kiosk.payloads.parts.trust import NOBODY
from provisioning.lists.making import Made, made, signed
from tests.parts.lists import MAX_ENTRIES, SITE, a_list, entries, keeper_in, operator

Arrive = Callable[[Keeper, Made], bool]
"""Let a list arrive in the place of `REVOKED`; tells whether it is in use now."""
REVOKED = ListName.REVOKED


def from_a_folder(keeper: Keeper, root: Path, found: Made, name: ListName) -> bool:
    folder = files.place(root, name, site_of(name, SITE))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / files.MANIFEST).write_bytes(found.raw)
    for first, body in found.shards.items():
        (folder / f"{first:02x}").write_bytes(body)
    return files.install(keeper, root, name, SITE)


def over_a_broker(keeper: Keeper, found: Made, name: ListName) -> bool:
    """Play a broker that retains this list in the place of `name`, and nothing else."""
    reception = Reception(keeper, SITE)
    reception.take(manifest_topic(name, site_of(name, SITE)), found.raw)
    taken = reception.finish(0.0)
    while topics := reception.asks(0.0):
        for topic in topics:
            place = place_of(topic)
            assert place is not None
            reception.take(topic, found.shards[place[2] or 0])
        taken += reception.finish(0.0)
    return bool(taken)


@pytest.fixture(params=["folder", "broker"])
def arrive(request: pytest.FixtureRequest, tmp_path: Path) -> Arrive:
    if request.param == "broker":
        return lambda keeper, found: over_a_broker(keeper, found, REVOKED)
    return lambda keeper, found: from_a_folder(keeper, tmp_path / "stick", found, REVOKED)


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """A kiosk's own folder, with version 5 in it."""
    over_a_broker(keeper_in(tmp_path / "held"), a_list(version=5, held=entries(3)), REVOKED)
    return tmp_path / "held"


def said(found: Made, **changed: Any) -> Made:
    """Return a list whose signed manifest says something else of one thing."""
    fields = {**cbor2.loads(payload_of(found.manifest)), **changed}
    return replace(found, raw=signed(cbor2.dumps(fields), operator()))


def with_shards(found: Made, shards: Mapping[int, bytes]) -> Made:
    """Return a list with these shards, as its signed manifest names them."""
    digests = {first: digest(body) for first, body in shards.items()}
    return replace(said(found, shards=digests), shards=shards)


NEXT = a_list(version=6, held=entries(4))
REFUSED: dict[str, tuple[Made, str]] = {
    "another operator": (
        a_list(version=6, key=operator(8)),
        "manifest: signed with a key that lists.signers does not name",
    ),
    "altered": (
        replace(NEXT, raw=NEXT.raw[:-1] + bytes([NEXT.raw[-1] ^ 1])),
        "manifest: the signature does not match",
    ),
    "older": (a_list(version=4), "version 4 is below 5, which is in use"),
    "of the same version": (a_list(version=5), "version 5 is in use and is another one"),
    "another list": (
        a_list(ListName.BARRED, version=6),
        "the list barred in the place of revoked",
    ),
    "too long": (
        a_list(version=6, held=entries(MAX_ENTRIES + 1)),
        "1001 entries, at most 1000 are taken (lists.max_entries)",
    ),
    "another shard": (
        replace(NEXT, shards={**NEXT.shards, 0x40: bytes(6) + b"\2"}),
        "shard 40: not the one that the manifest names",
    ),
    "too large a manifest": (
        replace(NEXT, raw=NEXT.raw + bytes(MAX_MANIFEST_BYTES)),
        "the 16384 bytes that are read|manifest: 16[0-9]{3} bytes, at most 16384 are read",
    ),
    "too large a shard": (
        replace(NEXT, shards={**NEXT.shards, 0x40: bytes(MAX_SHARD_BYTES + 1)}),
        "the 131072 bytes that are read|shard 40: 131073 bytes, at most 131072 are read",
    ),
    "not in order": (
        with_shards(NEXT, {0: b"\2" * 7 + b"\1" * 7}),
        "shard 00: its entries are not whole, or not in order",
    ),
    "an entry twice": (
        with_shards(NEXT, {0: b"\1" * 14}),
        "shard 00: its entries are not whole, or not in order",
    ),
    "half an entry": (
        with_shards(NEXT, {0: b"\1" * 8}),
        "shard 00: its entries are not whole, or not in order",
    ),
    "an empty shard": (
        with_shards(NEXT, {0: b""}),
        "shard 00: its entries are not whole, or not in order",
    ),
    "fewer entries than said": (
        said(NEXT, entries=5),
        "the shards do not hold as many entries as the manifest says",
    ),
    "entries without shards": (
        said(NEXT, shards={}),
        "manifest: its entries and its shards do not agree",
    ),
    "another form": (said(NEXT, form=2), "manifest: of a form that this version does not know"),
    "an unknown name": (said(NEXT, name="banned"), "manifest: no list of this name is known"),
    "no version": (said(NEXT, version=0), "manifest: version: not a number from 1 to "),
    "a true version": (said(NEXT, version=True), "manifest: version: not a number from 1 to "),
    "a huge version": (said(NEXT, version=2**60), "manifest: version: not a number from 1 to "),
    "no time": (said(NEXT, issued=-1), "manifest: issued: not a number from 0 to "),
    "a site too many": (
        said(NEXT, site=SITE),
        "manifest: this list is for all sites and names one",
    ),
    "shards by name": (
        said(NEXT, shards={"00": bytes(32)}),
        "manifest: shards: not SHA-256 by a first byte",
    ),
    "a short digest": (
        said(NEXT, shards={0: bytes(31)}),
        "manifest: shards: not SHA-256 by a first byte",
    ),
    "a list of shards": (said(NEXT, shards=[1]), "manifest: shards: not a map"),
    "no map": (replace(NEXT, raw=signed(cbor2.dumps([1]), operator())), "manifest: of a form"),
    "too deep": (
        replace(NEXT, raw=signed(b"\x81" * 100 + b"\x01", operator())),
        "manifest: structure: too many items, or too deep",
    ),
    "no CBOR": (replace(NEXT, raw=b"a list"), "manifest: structure: without its tag"),
}


@pytest.mark.parametrize(("found", "why"), REFUSED.values(), ids=REFUSED)
@pytest.mark.threat("alter-list", "old-list", "list-elsewhere")
def test_a_list_is_refused_for_its_own_reason(
    arrive: Arrive, held: Path, found: Made, why: str
) -> None:
    keeper = keeper_in(held)
    with pytest.raises(ListError) as refused:
        arrive(keeper, found)
    assert re.search(why if "|" in why else re.escape(why), str(refused.value))
    assert "\n" not in str(refused.value)
    for each in (keeper, keeper_in(held)):
        assert each.lists[REVOKED].manifest.version == 5


def test_a_newer_list_is_in_use_now_and_after_a_restart(arrive: Arrive, held: Path) -> None:
    keeper = keeper_in(held)

    assert arrive(keeper, NEXT)
    for each in (keeper, keeper_in(held)):
        assert each.lists[REVOKED].manifest == NEXT.manifest
        assert all(each.lists[REVOKED].find(entry) == b"" for entry in entries(4))
        assert each.troubles == {}


def test_the_list_in_use_is_ignored_when_it_comes_again(arrive: Arrive, held: Path) -> None:
    keeper = keeper_in(held)
    before = (held / "revoked.list").stat()

    assert not arrive(keeper, a_list(version=5, held=entries(3)))
    assert (held / "revoked.list").stat() == before


def test_an_empty_list_is_a_list(arrive: Arrive, held: Path) -> None:
    keeper = keeper_in(held)

    assert arrive(keeper, a_list(version=6))
    assert keeper_in(held).lists[REVOKED].find(entries(1)[0]) is None


def test_fields_of_a_later_reader_are_ignored(arrive: Arrive, held: Path) -> None:
    keeper = keeper_in(held)

    assert arrive(keeper, said(NEXT, why="because"))
    assert keeper.lists[REVOKED].manifest.version == 6


def test_without_signers_nothing_is_taken(arrive: Arrive, held: Path) -> None:
    keeper = keeper_in(held, NOBODY)

    with pytest.raises(ListError, match=NO_SIGNERS):
        arrive(keeper, NEXT)
    assert keeper.lists == {}
    assert set(keeper.troubles.values()) == {NO_SIGNERS}


@pytest.mark.threat("list-elsewhere")
def test_a_list_of_another_site_is_refused(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path / "held")
    elsewhere = made(
        replace(a_list(ListName.BARRED).manifest, site="hk-043"), {1: bytes(7)}, operator()
    )

    for arrives in (over_a_broker, lambda *a: from_a_folder(a[0], tmp_path / "stick", *a[1:])):
        with pytest.raises(ListError, match="the list of another site"):
            arrives(keeper, elsewhere, ListName.BARRED)
    assert keeper.lists == {}


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    lacking = replace(NEXT, shards={f: s for f, s in NEXT.shards.items() if f != 0x40})

    with pytest.raises(ListError, match="40: cannot be read: No such file"):
        from_a_folder(keeper_in(tmp_path / "held"), tmp_path / "stick", lacking, REVOKED)
