"""Whatever a stranger holds up: the reader is total, says nothing of it, and keeps no name."""

import importlib
import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.door.credential import Credential, Damaged, Foreign
from kiosk.errors import PayloadError
from kiosk.identity import mark_of
from kiosk.payloads import formats, read
from kiosk.payloads.cccd import parse
from kiosk.payloads.foreign import recognise
from tests.parts.issuers import card, certificate, union
from tests.parts.payload_layers import CONTEXT, SEEDS, judge, layers_of

NO_BAR = st.characters(exclude_characters="|\r\n", exclude_categories=["Cs"])
BASE45 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
SIGNED = (card(), certificate(union()))
made_up = st.binary(max_size=300)
numbers = st.integers(0, 2**32)
words = st.text(NO_BAR, max_size=40)
INPUTS = 3000
"""For each format in each run; `tests/fuzz/long_payloads.py` does millions."""
PREFIXES = st.sampled_from(
    [b"", b"000201", b"https://", b"WIFI:", b"BEGIN:VCARD", b"MECARD:", b"6304", b"HC1:", b"tel:"]
)


@st.composite
def cards(draw: st.DrawFn) -> tuple[bytes, str]:
    """A citizen ID card of a person who does not exist, and its number."""
    born = draw(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
    woman = draw(st.booleans())
    digit = 2 * (born.year // 100 - 19) + woman
    province = draw(st.sampled_from([1, 48, 79, 96, 99, 100, 284, 999]))
    number = f"{province:03d}{digit}{born.year % 100:02d}{draw(st.integers(0, 999_999)):06d}"
    name = draw(words.filter(lambda text: text.encode().strip() != b""))
    birth = born.strftime("%d%m%Y")[draw(st.sampled_from([0, 2, 4])) :]
    issued = draw(st.dates(date(2021, 1, 1), date(2099, 12, 31))).strftime("%d%m%Y")
    former = draw(st.sampled_from(["", "0" * 9, "1" * 12]))
    tail = draw(st.sampled_from(["", "||||", "|a|b|c|d"]))
    fields = [number, former, name, birth, "Nữ" if woman else "Nam", draw(words), issued]
    return ("|".join(fields) + tail).encode(), number


def garbled(name: str, made_up: bytes, number: int) -> bytes:
    """Bytes that reach one of a format's layers: made up, or a seed with pieces put in and out.

    Drawing every cut would cost more than all parsers together, so a number decides.
    """
    rng = random.Random(number)
    seeds = SEEDS.get(name, (b"",))
    raw = bytearray(rng.choice((*seeds, made_up)))
    for _ in range(rng.randrange(5)):
        start = rng.randint(0, len(raw))
        piece = rng.choice((made_up, made_up[:1], rng.choice(seeds)[start : start + 8], b""))
        raw[start : start + rng.randrange(9)] = piece
    return rng.choice(layers_of(name))(bytes(raw))


@pytest.mark.parametrize("name", formats())
def test_what_a_stranger_puts_into_any_layer_is_one_of_three(name: str) -> None:
    module = importlib.import_module(f"kiosk.payloads.{name}")

    @settings(max_examples=INPUTS)
    @given(made_up, numbers)
    def is_judged(raw: bytes, number: int) -> None:
        judge(module, garbled(name, raw, number))

    is_judged()


@settings(max_examples=INPUTS)
@given(made_up, numbers)
def test_what_is_nobody_s_is_of_one_kind(raw: bytes, number: int) -> None:
    assert isinstance(recognise(garbled("foreign", raw, number)), Foreign)


@given(st.sampled_from(SIGNED), st.data())
@pytest.mark.threat("show-forged-card")
def test_a_signed_code_with_a_character_changed_is_refused_or_the_same(
    whole: bytes, data: st.DataObject
) -> None:
    raw = bytearray(whole)
    place = data.draw(st.integers(4, len(raw) - 1))
    raw[place] = data.draw(st.sampled_from([c for c in BASE45 if c != raw[place]]))
    found = read(bytes(raw), formats(), CONTEXT)
    # The compressed form has bits without meaning; what is signed has none.
    assert isinstance(found, Damaged) or found == read(whole, formats(), CONTEXT)


def flaw(raw: bytes) -> str:
    """What is said of a damaged card; nothing of one that is whole or is none."""
    try:
        parse(raw)
    except PayloadError as error:
        return str(error)
    return ""


@given(cards())
def test_every_well_formed_card_is_read(made: tuple[bytes, str]) -> None:
    raw, number = made
    assert parse(raw) == Credential("cccd", number)


@given(cards(), st.data())
def test_a_card_with_one_byte_changed_is_never_an_exception(
    made: tuple[bytes, str], data: st.DataObject
) -> None:
    raw = bytearray(made[0])
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    content = read(bytes(raw), formats())
    assert isinstance(content, Credential | Damaged | Foreign)


@given(cards(), st.data())
def test_a_card_that_is_cut_off_is_never_taken_for_another_person(
    made: tuple[bytes, str], data: st.DataObject
) -> None:
    raw, number = made
    content = read(raw[: data.draw(st.integers(0, len(raw)))], formats())
    assert not isinstance(content, Credential) or content.subject_id == number


@given(cards(), st.data())
def test_a_changed_digit_of_the_plausible_part_is_refused(
    made: tuple[bytes, str], data: st.DataObject
) -> None:
    raw, number = made
    place = data.draw(st.integers(3, 5))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
    changed = number[:place] + digit + number[place + 1 :]
    content = read(changed.encode() + raw[12:], formats())
    assert isinstance(content, Damaged)
    assert content.flaw.startswith("number: does not match")


@given(cards(), st.integers(0, 6), words)
def test_a_message_never_holds_what_a_field_holds(
    made: tuple[bytes, str], index: int, text: str
) -> None:
    fields = made[0].split(b"|")
    # Marked so that it cannot be a word of ours by chance.
    fields[index] = secret = f"<{text}>".encode()
    told = flaw(b"|".join(fields))
    assert secret.decode() not in told
    assert told.isascii()


@given(PREFIXES, st.binary(max_size=100), PREFIXES)
def test_recognising_is_total(prefix: bytes, middle: bytes, suffix: bytes) -> None:
    assert isinstance(recognise(prefix + middle + suffix), Foreign)


@given(st.binary(max_size=100))
def test_reading_and_marking_are_total(raw: bytes) -> None:
    content = read(raw, formats())
    assert len(mark_of(content, raw, bytes(32))) == 32


@given(cards())
def test_nothing_of_a_card_is_printed(made: tuple[bytes, str]) -> None:
    raw, number = made
    assert number not in repr(read(raw, formats()))
