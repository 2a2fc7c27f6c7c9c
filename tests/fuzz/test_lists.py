"""Lists from a stranger: any bytes are refused in one line, and nothing that is in use changes."""

import tempfile
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import ListError
from kiosk.lists import drain, issuers, shards
from kiosk.lists.book import Book
from kiosk.lists.form import ListName, manifest_topic, site_of
from kiosk.lists.manifest import Manifest, payload_of, read, said
from kiosk.lists.reception import Reception
from kiosk.lists.shards import SignedList, digest
from kiosk.lists.store import Store
from provisioning.lists.making import signed
from tests.parts.issuers import union, ward
from tests.parts.lists import ISSUED_S, SITE, a_list, a_rate, entries, keeper_in, operator, trusted
from tests.parts.lists import issuers as issuers_list

WHOLE = a_list(version=5, held=entries(4))
FIELDS = cbor2.loads(payload_of(WHOLE.manifest))
RATE = drain.DrainRate(5, ISSUED_S, 2.5)
RATE_RAW = a_rate(RATE.drain_hz, RATE.version)
RATE_FIELDS = cbor2.loads(drain.payload_of(RATE))
names = st.sampled_from(list(ListName))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def altered(draw: st.DrawFn, whole: bytes) -> bytes:
    """Return bytes of which some were replaced, cut out or put in."""
    start = draw(st.integers(0, len(whole)))
    end = draw(st.integers(start, min(len(whole), start + 40)))
    return whole[:start] + draw(st.binary(max_size=40)) + whole[end:]


class Stranger:
    """Takes a refusal, and nothing but one of ours that is a line."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, ListError):
            return False
        assert "\n" not in str(error)
        assert len(str(error)) < 300
        return True


@given(st.binary(max_size=400) | altered(WHOLE.raw))
def test_any_bytes_are_a_manifest_or_none(raw: bytes) -> None:
    with Stranger():
        # What is outside the signature may be anything: the unprotected header is empty here.
        assert read(raw, trusted()) == said(raw) == WHOLE.manifest


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), values, max_size=3) | values)
def test_any_signed_fields_are_a_manifest_or_none(changed: object) -> None:
    fields = {**FIELDS, **changed} if isinstance(changed, dict) else changed
    with Stranger():
        found = read(signed(cbor2.dumps(fields), operator()), trusted())
        assert found.version >= 1
        assert all(0 <= first < 256 for first in found.shards)


@given(st.binary(max_size=400) | altered(RATE_RAW) | st.just(WHOLE.raw))
def test_any_bytes_are_a_drain_rate_or_none(raw: bytes) -> None:
    with Stranger():
        assert drain.read(raw, trusted()) == drain.said(raw) == RATE


@given(st.dictionaries(st.sampled_from(sorted(RATE_FIELDS)), values, max_size=3) | values)
def test_any_signed_fields_are_a_drain_rate_or_none(changed: object) -> None:
    fields = {**RATE_FIELDS, **changed} if isinstance(changed, dict) else changed
    with Stranger():
        found = drain.read(signed(cbor2.dumps(fields), operator()), trusted())
        assert found.version >= 1
        assert found.drain_hz is None or 0.1 <= found.drain_hz <= 10_000


@given(names, st.binary(max_size=200))
def test_any_bytes_are_a_shard_or_none(name: ListName, body: bytes) -> None:
    manifest = Manifest(name, 1, 0, 1, {0: digest(body)}, site_of(name, SITE))
    with Stranger():
        shards.check(manifest, 0, body)
        held = SignedList(manifest, b"", {0: body})
        assert shards.count(name, held.shards) >= 1
        assert Book({name: held}, {}).versions[name.value].version == 1
        assert name is ListName.ISSUERS or held.find(b"\0" + body[:7]) is not None


@given(altered(issuers.shard_of([ward().key(), union().key()])) | values.map(cbor2.dumps))
def test_any_bytes_are_issuers_or_none(body: bytes) -> None:
    with Stranger():
        found = issuers.keys_of(body)
        assert found
        assert all(1 <= len(key.public) <= issuers.MAX_PUBLIC_BYTES for key in found)


@given(st.data())
def test_any_file_is_the_list_or_set_aside(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Store(folder, SITE).save(SignedList(WHOLE.manifest, WHOLE.raw, WHOLE.shards))
        path = folder / "revoked.list"
        path.write_bytes(data.draw(st.binary(max_size=100) | altered(path.read_bytes())))

        keeper = keeper_in(folder)
        if ListName.REVOKED in keeper.lists:
            assert keeper.lists[ListName.REVOKED].shards == WHOLE.shards
        else:
            assert "\n" not in keeper.troubles["revoked"]


@given(
    st.lists(
        st.tuples(
            names,
            st.none() | st.sampled_from([0, 0x40, 0x80, 0xC0, 0xFF]),
            st.binary(max_size=60)
            | st.sampled_from([WHOLE.raw, *WHOLE.shards.values()])
            | altered(WHOLE.raw),
        ),
        max_size=12,
    )
)
@pytest.mark.threat("alter-list")
def test_whatever_a_broker_says_only_the_signed_list_is_taken(
    said_so: list[tuple[ListName, int | None, bytes]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        keeper = keeper_in(Path(name))
        reception = Reception(keeper, SITE)
        for list_name, first, body in said_so:
            topic = manifest_topic(list_name, site_of(list_name, SITE))
            with Stranger():
                reception.take(topic if first is None else f"{topic}/{first:02x}", body)
                reception.finish(0.0)
            reception.asks(0.0)
        assert set(keeper.lists) <= {ListName.REVOKED}
        for held in keeper.lists.values():
            assert (held.manifest, held.shards) == (WHOLE.manifest, WHOLE.shards)


def test_what_is_fuzzed_is_right_before_it_is_altered() -> None:
    assert read(WHOLE.raw, trusted()) == WHOLE.manifest
    assert drain.read(RATE_RAW, trusted()) == RATE
    made = issuers_list(ward().key(), union().key())
    assert sum(len(issuers.keys_of(shard)) for shard in made.shards.values()) == 2
