"""Whatever a code holds, a credential keeps its number, its validity and what its issuer signed.

Everything that can be reached from a credential is looked at, so that a field that somebody adds to
it one day is looked at too.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum

import pytest

from benchmarks.planted import Planted, Search, people
from kiosk.app.keys import Keys
from kiosk.app.record import check_in, looked
from kiosk.door.credential import Claims, Credential, Validity
from kiosk.door.cues import Record
from kiosk.door.event import Direction
from kiosk.door.rules import Decision, Reason, Verdict
from kiosk.eye.messages import Code, Seen
from kiosk.identity.sealing import Sealer
from kiosk.lists import NoLists
from kiosk.payloads import formats, read
from tests.parts.authorities import office
from tests.parts.check_ins import SOURCE
from tests.parts.check_ins import check_in as somebody
from tests.parts.issuers import trust, union, ward
from tests.scenario.doorway import encoded

PEOPLE = people(14)
TRUST = trust(ward(), union())
KEYS = Keys(b"s" * 32, b"d" * 32, 1484, Sealer(SOURCE, [office().public]))


def credential_of(planted: Planted) -> Credential:
    content = read(planted.payload.encode(), formats(), TRUST)
    assert isinstance(content, Credential)
    return content


def reached(value: object) -> Iterator[object]:
    """Yield every plain value that can be reached from `value`."""
    if is_dataclass(value):
        assert not hasattr(value, "__dict__"), "a place for what nobody declared"
        for each in fields(value):
            yield from reached(getattr(value, each.name))
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from reached(each)
    elif isinstance(value, dict):
        yield from reached([*value.keys(), *value.values()])
    else:
        yield value


@pytest.mark.parametrize("planted", PEOPLE, ids=lambda one: one.kind)
def test_nothing_else_can_be_reached_from_a_credential(planted: Planted) -> None:
    credential = credential_of(planted)
    texts = {
        v for v in reached(credential) if isinstance(v, str | bytes) and not isinstance(v, Enum)
    }
    issuer = {credential.claims.issuer} if credential.claims else set()
    assert texts == {planted.kind, credential.subject_id, *issuer}
    assert isinstance(credential.validity, Validity)
    assert credential.claims is None or isinstance(credential.claims, Claims)
    assert {each.name for each in fields(Credential)} == {
        *("kind", "subject_id", "assurance", "validity", "claims")
    }


def test_every_format_is_among_them() -> None:
    assert {one.kind for one in PEOPLE} == set(formats())


@pytest.mark.parametrize("planted", PEOPLE, ids=lambda one: one.kind)
def test_what_goes_to_the_door_and_into_the_event_tells_nobody(planted: Planted) -> None:
    code = Code(payload=encoded(planted.payload), corners=None, decoder="zxing")
    seen = Seen(captured_ns=1, width_px=640, height_px=480, codes=(code,))
    lists = NoLists()
    lists.context = TRUST
    (sighting,) = looked(seen, 1.0, KEYS, lists).sightings
    record = Record(
        Decision(Verdict.ACCEPTED, Reason.OK), sighting.content, sighting.mark, Direction.IN, 1.0
    )
    event = check_in(record, KEYS, somebody().clock)
    assert (event.kind, event.period) == (planted.kind, 1484)
    assert event.handle
    assert event.sealed
    told = repr(sighting) + repr(record) + event.model_dump_json()
    found = [hit.what for hit in Search([planted]).hits("told", told.encode())]
    # The parsers' own object holds the number, and hides it; nothing else is there to hide.
    assert found == []
