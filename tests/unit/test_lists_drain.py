"""The drain rate: an operator's word, and whoever else speaks changes nothing."""

import contextlib
from pathlib import Path
from typing import Any

import cbor2
import pytest

from kiosk.errors import ListError
from kiosk.lists import drain, manifest
from kiosk.lists.drain import MAX_BYTES, DrainRate, payload_of, read
from kiosk.lists.form import DRAIN_TOPIC
from kiosk.lists.keeper import NO_SIGNERS, Keeper
from kiosk.lists.reception import Reception
from kiosk.lists.signed import Untrusted
from kiosk.payloads.parts.trust import NOBODY
from provisioning.lists.making import signed
from tests.parts.lists import ISSUED_S, SITE, a_list, a_rate, keeper_in, operator, trusted

FIELDS = cbor2.loads(payload_of(DrainRate(5, ISSUED_S, 2.5)))


def altered(**changed: Any) -> bytes:
    """Return a rate that an operator signed with other fields."""
    return signed(cbor2.dumps({**FIELDS, **changed}), operator())


@pytest.mark.parametrize("drain_hz", [0.1, 2.5, 10, 10_000, None])
def test_what_an_operator_signed_is_read(drain_hz: float | None) -> None:
    assert read(a_rate(drain_hz, version=7), trusted()) == DrainRate(7, ISSUED_S, drain_hz)
    assert read(altered(drain_hz=drain_hz, later=1), trusted()).drain_hz == drain_hz


@pytest.mark.parametrize(
    "drain_hz",
    [0, 0.09, -1, 10_000.1, 2**60, float("nan"), float("inf"), True, "10", b"10", [10], {}],
)
def test_a_rate_that_is_none_is_refused(drain_hz: object) -> None:
    with pytest.raises(ListError, match=r"drain_hz: not 0\.1 to 10000"):
        read(altered(drain_hz=drain_hz), trusted())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"form": 2}, "of a form that this version does not know"),
        ({"name": "revoked"}, "something else was signed"),
        ({"version": 0}, "version: not a number"),
        ({"version": 2.5}, "version: not a number"),
        ({"issued": -1}, "issued: not a number"),
        ({"more": "x" * MAX_BYTES}, "at most 1024 are read"),
    ],
)
def test_what_is_not_laid_out_as_one_is_refused(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ListError, match=told):
        read(altered(**changed), trusted())


def test_a_rate_must_be_said() -> None:
    silent = {key: value for key, value in FIELDS.items() if key != "drain_hz"}
    with pytest.raises(ListError, match="drain_hz: not"):
        read(signed(cbor2.dumps(silent), operator()), trusted())


def test_who_signed_it_counts() -> None:
    with pytest.raises(Untrusted, match=r"with a key that lists\.signers does not name"):
        read(a_rate(key=operator(8)), trusted())
    with pytest.raises(ListError, match="the signature does not match"):
        read(a_rate(2.5)[:-1] + bytes([a_rate(2.5)[-1] ^ 1]), trusted())
    assert drain.said(a_rate(key=operator(8))).drain_hz == 2.5


def test_a_list_is_no_rate_and_a_rate_is_no_list() -> None:
    with pytest.raises(ListError, match="something else was signed"):
        read(a_list().raw, trusted())
    with pytest.raises(ListError, match="no list of this name"):
        manifest.read(a_rate(), trusted())


def test_a_rate_is_kept_over_a_restart_and_an_older_one_does_not_come_back(tmp_path: Path) -> None:
    keeper_in(tmp_path).take_rate(a_rate(2.5, version=5))

    for keeper in (keeper_in(tmp_path), keeper_in(tmp_path, site="hk-043")):
        assert keeper.rate == DrainRate(5, ISSUED_S, 2.5)
        with pytest.raises(ListError, match="version 4 is below 5, which is in use"):
            keeper.take_rate(a_rate(9, version=4))
        with pytest.raises(ListError, match="version 5 is in use and is another one"):
            keeper.take_rate(a_rate(9, version=5))
        keeper.take_rate(a_rate(2.5, version=5))
        assert keeper.rate == DrainRate(5, ISSUED_S, 2.5)


def test_a_withdrawn_rate_does_not_come_back(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path)
    keeper.take_rate(a_rate(2.5, version=5))
    keeper.take_rate(a_rate(None, version=6))

    again = keeper_in(tmp_path)
    assert again.rate == DrainRate(6, ISSUED_S, None)
    assert again.book().versions["drain"].entries == 0
    with pytest.raises(ListError, match="below 6"):
        again.take_rate(a_rate(2.5, version=5))


@pytest.mark.parametrize("damage", [b"", b"damaged", bytes(MAX_BYTES + 1)])
def test_a_damaged_file_is_set_aside_and_an_older_rate_is_refused_all_the_same(
    tmp_path: Path, damage: bytes
) -> None:
    keeper_in(tmp_path).take_rate(a_rate(2.5, version=5))
    (tmp_path / "drain.list").write_bytes(damage)

    keeper = keeper_in(tmp_path)
    assert keeper.rate is None
    assert keeper.troubles["drain"].startswith("the file is damaged: ")
    assert keeper.troubles["drain"].endswith("it was set aside as drain.damaged")
    with pytest.raises(ListError, match="version 4 is below 5, which was taken before"):
        keeper.take_rate(a_rate(9, version=4))
    keeper.take_rate(a_rate(2.5, version=5))
    assert (keeper.troubles, keeper_in(tmp_path).rate) == ({}, keeper.rate)


def test_a_file_of_another_operator_stays_where_it_is(tmp_path: Path) -> None:
    keeper_in(tmp_path, trusted(operator(8))).take_rate(a_rate(key=operator(8)))

    keeper = keeper_in(tmp_path)
    assert keeper.rate is None
    assert keeper.troubles["drain"].endswith("lists.signers does not name")
    assert keeper_in(tmp_path, trusted(operator(8))).rate is not None


def test_without_an_operator_s_key_no_rate_is_taken(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path, NOBODY)
    with pytest.raises(ListError, match=NO_SIGNERS):
        keeper.take_rate(a_rate())
    assert keeper.rate is None
    assert keeper.book().troubles["drain"] == NO_SIGNERS


def test_a_rate_that_cannot_be_written_is_not_in_use(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path)
    (tmp_path / "drain.list").mkdir()
    with pytest.raises(ListError, match="cannot be written"):
        keeper.take_rate(a_rate())
    assert keeper.rate is None


def heard(keeper: Keeper, body: bytes) -> str | None:
    """Let a message come, and return what is wrong after it."""
    with contextlib.suppress(ListError):
        Reception(keeper, SITE).take(DRAIN_TOPIC, body)
    return keeper.troubles.get("drain")


def test_a_broker_withdraws_nothing_and_a_refusal_is_said_until_a_good_one(tmp_path: Path) -> None:
    keeper = keeper_in(tmp_path)
    assert heard(keeper, a_rate(2.5, version=5)) is None
    assert heard(keeper, b"") is None
    assert heard(keeper, b'{"drain_hz":0.1}') == "drain rate: structure: without its tag"
    assert keeper.rate == DrainRate(5, ISSUED_S, 2.5)
    assert heard(keeper, a_rate(2.5, version=5)) is None
