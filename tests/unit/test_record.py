"""From the eye's message to a cue, and from a decision to the event's data."""

import base64

import pytest

from kiosk.app.keys import Keys
from kiosk.app.record import check_in, looked
from kiosk.clock.manual import Settings, build
from kiosk.door.credential import Assurance, Credential, Damaged, Foreign, ForeignKind
from kiosk.door.cues import Record
from kiosk.door.event import Direction
from kiosk.door.rules import Decision, Reason, Verdict
from kiosk.door.sighting import Content, Place
from kiosk.eye.messages import Code, Seen
from kiosk.identity import handle_of
from kiosk.lists import NoLists

KEYS = Keys(b"s" * 32, b"d" * 32)
CARD = "001090000001|011000001|Nguyễn Văn An|01011990|Nam|Hà Nội|15042021".encode()
CLOCK = build(Settings()).read()
Square = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
SQUARE: Square = ((100, 200), (300, 200), (300, 400), (100, 400))


def code(payload: bytes | None, corners: Square | None = SQUARE) -> Code:
    text = None if payload is None else base64.b64encode(payload).decode()
    return Code(payload=text, corners=corners, decoder="zxing")


def seen(*codes: Code, captured_ns: int = 5_000_000_000) -> Seen:
    return Seen(captured_ns=captured_ns, width_px=1000, height_px=500, codes=codes)


def test_a_card_becomes_a_credential_with_a_mark_and_a_place() -> None:
    cue = looked(seen(code(CARD)), 5.5, KEYS, NoLists())
    [sighting] = cue.sightings
    assert sighting.content == Credential("cccd", "001090000001")
    assert sighting.mark == handle_of(Credential("cccd", "001090000001"), KEYS.device)
    assert sighting.place == Place(0.2, 0.3, 0.2)
    assert (cue.at_s, cue.captured_s, cue.unreadable) == (5.5, 5.0, False)


@pytest.mark.parametrize(
    ("payload", "content"),
    [
        (CARD.replace(b"01011990", b"32011990"), Damaged("cccd", "birth date: no such day")),
        (b"https://example.vn", Foreign(ForeignKind.URL)),
        (b"", Foreign(ForeignKind.UNKNOWN)),
    ],
)
def test_what_is_no_card_is_said_to_be_none(payload: bytes, content: Content) -> None:
    assert [s.content for s in looked(seen(code(payload)), 5.5, KEYS, NoLists()).sightings] == [
        content
    ]


def test_a_reader_without_positions_gives_no_place() -> None:
    assert looked(seen(code(CARD, None)), 5.5, KEYS, NoLists()).sightings[0].place is None


def test_a_code_that_was_not_read_is_unreadable_and_no_sighting() -> None:
    alone = looked(seen(code(None)), 5.5, KEYS, NoLists())
    assert alone.unreadable
    assert alone.sightings == ()
    beside = looked(seen(code(CARD), code(None)), 5.5, KEYS, NoLists())
    assert beside.unreadable
    assert len(beside.sightings) == 1


@pytest.mark.parametrize(
    ("captured_ns", "captured_s"),
    [
        (95_000_000_000, 95.0),
        (90_000_000_000, 90.0),
        (1, 90.0),
        (0, 90.0),
        (100_000_000_001, 100.0),
        (2**63 - 1, 100.0),
    ],
)
def test_a_frame_is_neither_of_the_future_nor_of_long_ago(
    captured_ns: int, captured_s: float
) -> None:
    cue = looked(seen(code(CARD), captured_ns=captured_ns), 100.0, KEYS, NoLists())
    assert cue.captured_s == pytest.approx(captured_s)


def record(content: Content, reason: Reason, direction: Direction | None) -> Record:
    verdict = Verdict.ACCEPTED if reason is Reason.OK else Verdict.REJECTED
    return Record(Decision(verdict, reason), content, "mark", direction, 5.0)


TABLE: list[tuple[Content, Reason, str | None, Assurance | None]] = [
    (Credential("cccd", "001090000001"), Reason.OK, "cccd", Assurance.UNSIGNED),
    (Credential("x", "1", Assurance.SIGNED), Reason.KIND_NOT_ACCEPTED, "x", Assurance.SIGNED),
    (Damaged("cccd", "name: empty"), Reason.MALFORMED, "cccd", None),
    (Foreign(ForeignKind.WIFI), Reason.WIFI_CODE, None, None),
]


@pytest.mark.parametrize(("content", "reason", "kind", "assurance"), TABLE)
def test_the_event_says_what_was_decided_and_nobodys_name(
    content: Content, reason: Reason, kind: str | None, assurance: Assurance | None
) -> None:
    data = check_in(record(content, reason, Direction.OUT), KEYS, CLOCK)
    assert (data.verdict is Verdict.ACCEPTED) is (reason is Reason.OK)
    assert (data.reason, data.kind, data.assurance) == (reason, kind, assurance)
    assert data.direction is Direction.OUT
    assert data.clock == CLOCK
    expected = handle_of(content, KEYS.site) if isinstance(content, Credential) else None
    assert data.handle == expected
    assert data.sealed is None


def test_no_way_stays_none() -> None:
    content = Foreign(ForeignKind.URL)
    assert check_in(record(content, Reason.URL, None), KEYS, CLOCK).direction is None


def test_nothing_of_the_card_is_in_the_cue_or_the_event() -> None:
    cue = looked(seen(code(CARD)), 5.5, KEYS, NoLists())
    data = check_in(record(cue.sightings[0].content, Reason.OK, Direction.IN), KEYS, CLOCK)
    for told in (repr(cue), data.model_dump_json()):
        for field in CARD.decode().split("|"):
            assert len(field) < 4 or field not in told
        assert cue.sightings[0].mark not in data.model_dump_json()


def test_keys_are_not_printed() -> None:
    assert "ss" not in repr(KEYS)
    assert "dd" not in repr(KEYS)
