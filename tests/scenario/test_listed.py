"""Lists come to a door at work through its inbox, and count from the next card on."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from kiosk.app.inbox import Inbox, ListsChanged
from kiosk.door.credential import Credential
from kiosk.door.event import CheckInEvent, read_event
from kiosk.door.rules import Reason
from kiosk.door.signal import Signal
from kiosk.door.standing import UNLISTED, Standing
from kiosk.eye.link import EyeGone
from kiosk.eye.people import person
from kiosk.identity import handle_of
from kiosk.lists import ListVersion, NoLists
from kiosk.outbox.memory import MemoryOutbox, Settings
from kiosk.payloads import formats, read
from kiosk.payloads.parts.trust import NOBODY
from tests.parts.check_ins import SOURCE
from tests.scenario.doorway import CONDUCT, Doorway, clock

AN, BINH = (person(random.Random(seed)) for seed in (1, 2))
SITE_KEY = b"s" * 32
DECLARED = replace(CONDUCT, rules=replace(CONDUCT.rules, declaration=True))


@dataclass(frozen=True)
class Listing(NoLists):
    """Lists in which some handles stand."""

    of: Mapping[str, Standing] = field(default_factory=dict)
    context = NOBODY
    versions: Mapping[str, ListVersion] = field(default_factory=dict)

    def standing(self, credential: Credential, handle: str) -> Standing:
        """Return what is said of a handle."""
        del credential
        return self.of.get(handle, UNLISTED)


def listing(text: str, standing: Standing) -> Listing:
    card = read(text.encode(), formats())
    assert isinstance(card, Credential)
    return Listing({handle_of(card, SITE_KEY): standing})


@pytest.fixture
def doorway() -> Doorway:
    return Doorway(MemoryOutbox(Settings(), SOURCE), conduct=DECLARED, time=clock()).open()


def reasons(doorway: Doorway) -> list[Reason]:
    events = (read_event(event.body) for event in doorway.committed)
    return [event.data.reason for event in events if isinstance(event, CheckInEvent)]


def test_a_declaration_that_arrives_opens_the_door_to_its_person_only(doorway: Doorway) -> None:
    doorway.hold(AN, for_s=0.5)
    doorway.wait(5)
    until_s = doorway.clock.unix_s() + 3600
    doorway.kiosk.take(ListsChanged(listing(AN, Standing(declared_until_s=until_s))))
    for text in (AN, BINH):
        doorway.hold(text, for_s=0.5)
        doorway.wait(5)
    doorway.wait(3600)
    doorway.hold(AN, for_s=0.5)
    assert doorway.signals == [Signal.DECLARE, Signal.ACCEPTED, Signal.DECLARE, Signal.DECLARE]
    assert reasons(doorway) == [
        Reason.DECLARATION_MISSING,
        Reason.OK,
        Reason.DECLARATION_MISSING,
        Reason.DECLARATION_EXPIRED,
    ]


def test_who_is_barred_is_refused_from_then_on(doorway: Doorway) -> None:
    doorway.kiosk.take(ListsChanged(listing(BINH, Standing(barred=True))))
    doorway.hold(BINH, for_s=0.5)
    assert reasons(doorway) == [Reason.BARRED]
    assert doorway.signals == [Signal.REJECTED]


def test_the_newest_lists_reach_a_kiosk_whose_inbox_is_full() -> None:
    inbox = Inbox()
    for number in range(1000):
        inbox.post(EyeGone(str(number)))
    old, new = NoLists(), NoLists()
    inbox.post(ListsChanged(old))
    inbox.post(ListsChanged(new))
    first = inbox.take(0)
    assert isinstance(first, ListsChanged)
    assert first.lists is new
    assert inbox.take(0) == EyeGone("0")
