"""Whether a command counts: whatever is sent, only what an operator signed for here and now."""

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.commands.form import MAX_COMMAND_BYTES, CommandName, payload_of
from kiosk.commands.judging import WORDS, Refusal, Refused, Taken, Terms, judge
from kiosk.door.event import source_of
from kiosk.errors import ListError
from kiosk.lists.drain import read as read_rate
from kiosk.lists.signed import FORM, LARGEST, signing
from kiosk.uplink import Commanded
from provisioning.lists.making import signed
from tests.parts.check_ins import SOURCE
from tests.parts.commands import (
    COMMAND,
    NONCE,
    a_command,
    commander,
    issuer_of,
    message,
    terms,
)
from tests.parts.lists import a_list, a_rate, public_of

ISSUER = issuer_of(commander())


def judged(body: bytes, highest: int = 0, up_s: float = 10.0, **changed: Any) -> Taken | Refused:
    return judge(message(body, **changed), terms(), {ISSUER: highest}, up_s)


def refusal(found: Taken | Refused) -> Refusal:
    assert isinstance(found, Refused)
    assert found.why
    return found.refusal


def raw_of(**changed: Any) -> bytes:
    """Return a signed command of which some fields are something else; None takes one away."""
    fields = {**cbor2.loads(payload_of(COMMAND)), **changed}
    kept = {name: value for name, value in fields.items() if value is not None}
    return signed(cbor2.dumps(kept), commander())


def test_what_an_operator_signed_for_here_and_now_is_taken() -> None:
    arguments = {"to": "out"}
    found = judged(a_command(name="direction", arguments=arguments), name="direction")
    assert isinstance(found, Taken)
    assert (found.issuer, found.command.name) == (ISSUER, "direction")
    assert (found.command.counter, found.command.arguments) == (1, arguments)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (a_command(nonce=bytes(16)), Refusal.OTHER_START),
        (a_command(commander(22)), Refusal.OTHER_ISSUER),
        (a_command(source=source_of("hk-test", "door-2")), Refusal.OTHER_TARGET),
        (a_command(source=source_of("hk-042", "door-1")), Refusal.OTHER_TARGET),
        (a_command(name="restart"), Refusal.OTHER_TARGET),
        (a_command(until_s=9), Refusal.LATE),
        (raw_of(form=FORM + 1), Refusal.UNREADABLE),
        (raw_of(name="drain"), Refusal.UNREADABLE),
        (raw_of(nonce=NONCE.hex()), Refusal.UNREADABLE),
        (raw_of(nonce=NONCE[:8]), Refusal.UNREADABLE),
        (raw_of(counter=0), Refusal.UNREADABLE),
        (raw_of(counter=True), Refusal.UNREADABLE),
        (raw_of(counter=1.5), Refusal.UNREADABLE),
        (raw_of(counter=LARGEST + 1), Refusal.UNREADABLE),
        (raw_of(until=None), Refusal.UNREADABLE),
        (raw_of(source=None), Refusal.UNREADABLE),
        (raw_of(source=SOURCE + "x" * 200), Refusal.UNREADABLE),
        (raw_of(command="Identify"), Refusal.UNREADABLE),
        (raw_of(arguments=["to"]), Refusal.UNREADABLE),
        (raw_of(arguments={"to": 1}), Refusal.UNREADABLE),
        (raw_of(arguments={str(n): "" for n in range(5)}), Refusal.UNREADABLE),
        (signed(cbor2.dumps(["identify"]), commander()), Refusal.UNREADABLE),
        (signed(b"identify", commander()), Refusal.UNREADABLE),
    ],
)
@pytest.mark.threat("replay-command")
def test_whatever_is_signed_for_something_else_is_refused_with_its_reason(
    body: bytes, why: Refusal
) -> None:
    found = judged(body)
    assert refusal(found) is why
    assert isinstance(found, Refused)
    assert not found.silent


def test_fields_that_nobody_knows_yet_are_ignored() -> None:
    assert isinstance(judged(raw_of(urgency=3)), Taken)


@pytest.mark.parametrize(
    ("counter", "highest", "why"),
    [(7, 7, Refusal.REPLAYED), (6, 7, Refusal.REORDERED), (1, LARGEST, Refusal.REORDERED)],
)
def test_a_counter_only_rises(counter: int, highest: int, why: Refusal) -> None:
    assert refusal(judged(a_command(counter=counter), highest)) is why


def test_each_operator_has_a_counter_of_his_own() -> None:
    one, other = commander(), commander(22)
    both = terms(one, other)
    highest = {issuer_of(one): 1000}
    found = judge(message(a_command(other, counter=1)), both, highest, 0)
    assert isinstance(found, Taken)
    assert found.issuer == issuer_of(other)


def test_a_command_counts_until_its_last_second_by_the_kiosks_own_clock() -> None:
    body = a_command(until_s=60)
    assert isinstance(judged(body, up_s=60.0), Taken)
    assert refusal(judged(body, up_s=60.1)) is Refusal.LATE


def test_what_was_meant_to_be_retained_is_refused_even_if_it_is_new() -> None:
    assert refusal(judged(a_command(), retained=True)) is Refusal.RETAINED


def test_what_is_too_large_is_not_looked_into() -> None:
    body = a_command()
    large = Commanded("identify", body, MAX_COMMAND_BYTES + 1, retained=False)
    assert refusal(judge(large, terms(), {}, 0)) is Refusal.TOO_LARGE
    # The largest that an operator can sign is read.
    most = {str(n): "x" * 160 for n in range(4)}
    assert len(a_command(arguments=most)) <= MAX_COMMAND_BYTES
    assert isinstance(judged(a_command(arguments=most)), Taken)


@pytest.mark.parametrize("body", [b"", b"identify", b"{}", bytes(1024), a_command()[:-1]])
def test_nobody_is_answered_for_what_is_not_even_signed(body: bytes) -> None:
    found = judged(body)
    assert found == Refused(Refusal.UNREADABLE, silent=True)
    assert judged(body, retained=True) == found


@pytest.mark.parametrize("name", ["", "+", "Identify", "identify/reply", "i" * 33, "tên"])
def test_no_reply_goes_to_a_topic_that_a_stranger_made_up(name: str) -> None:
    assert judged(a_command(), name=name) == Refused(Refusal.UNREADABLE, silent=True)


def test_a_name_that_no_version_knows_is_a_matter_of_who_does_it() -> None:
    """The counter of what an operator signed for here and now is used up, whatever it says."""
    found = judged(a_command(name="dance"), name="dance")
    assert isinstance(found, Taken)
    assert found.command.name not in list(CommandName)


@pytest.mark.threat("key-of-another-kind")
def test_a_list_is_no_command_and_a_command_is_no_list() -> None:
    key = commander()
    assert refusal(judged(a_list(key=key).raw)) is Refusal.UNREADABLE
    assert refusal(judged(a_rate(key=key))) is Refusal.UNREADABLE
    with pytest.raises(ListError, match="something else was signed"):
        read_rate(a_command(key), signing([public_of(key)]))


@pytest.mark.threat("key-of-another-kind")
def test_a_key_that_is_trusted_with_lists_alone_commands_nobody() -> None:
    lists_only = Terms(SOURCE, NONCE, signing([public_of(commander())]))
    assert refusal(judge(message(a_command()), lists_only, {}, 0)) is Refusal.OTHER_ISSUER


def test_every_reason_that_is_judged_here_has_words() -> None:
    elsewhere = {Refusal.ARGUMENTS, Refusal.NOT_HERE, Refusal.FAILED}
    assert set(WORDS) == set(Refusal) - elsewhere


@given(st.binary(max_size=300))
def test_no_bytes_raise(body: bytes) -> None:
    assert isinstance(judged(body), Refused)


GENUINE = a_command(arguments={"to": "out"}, counter=5)


@given(st.integers(0, len(GENUINE) - 1), st.integers(1, 255))
@pytest.mark.threat("alter-command")
def test_no_byte_of_a_command_can_be_changed(at: int, by: int) -> None:
    changed = bytearray(GENUINE)
    changed[at] ^= by
    assert isinstance(judged(bytes(changed)), Refused)


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(1, 6), st.integers(0, 1), st.integers(0, 2)),
        max_size=30,
    )
)
@pytest.mark.threat("replay-command")
def test_whatever_is_sent_in_whatever_order_each_counter_is_taken_once_and_rising(
    sent: list[tuple[int, int, int, int]],
) -> None:
    """Each is (operator, counter, start, how): of this start or another, whole, altered, late."""
    keys = [commander(), commander(22)]
    here, highest = terms(*keys), dict[str, int]()
    taken: dict[str, list[int]] = {issuer_of(key): [] for key in keys}
    for who, counter, start, how in sent:
        nonce = NONCE if start == 0 else bytes(16)
        until_s = 5 if how == 2 else 60
        body = a_command(keys[who], counter=counter, nonce=nonce, until_s=until_s)
        if how == 1:
            body = body[:-1] + bytes([body[-1] ^ 1])
        found = judge(message(body), here, highest, 10.0)
        may = start == 0 and how == 0 and counter > highest.get(issuer_of(keys[who]), 0)
        assert isinstance(found, Taken) == may
        if isinstance(found, Taken):
            highest[found.issuer] = found.command.counter
            taken[found.issuer].append(found.command.counter)
    for counters in taken.values():
        assert counters == sorted(set(counters))
