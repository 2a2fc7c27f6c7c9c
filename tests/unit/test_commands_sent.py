"""What an operator's command holds, and what of a kiosk's words is read."""

import json

import pytest

from kiosk.commands.form import CommandName
from kiosk.commands.judging import Taken, judge
from kiosk.commands.wire import CommandStatus, Reply, reply_in, status_in
from provisioning.commanding.exchange import COUNTS_FOR_S, Orders, body_of
from tests.parts.check_ins import SOURCE
from tests.parts.commands import NONCE, commander, issuer_of, message, terms

NOW_US = 1_790_000_000_000_000
ORDERS = Orders(CommandName.DIRECTION, {"to": "out"}, commander())


def taken(said: CommandStatus, now_us: int = NOW_US) -> Taken:
    body = body_of(SOURCE, ORDERS, said, 100, now_us)
    found = judge(message(body, "direction"), terms(), said.highest, 100.0)
    assert isinstance(found, Taken)
    return found


def test_a_command_is_for_the_start_that_the_status_tells_and_for_a_short_time() -> None:
    found = taken(CommandStatus(nonce=NONCE.hex()))
    assert (found.command.source, found.command.nonce) == (SOURCE, NONCE)
    assert (found.command.counter, found.command.until_s) == (NOW_US, 100 + COUNTS_FOR_S)
    assert found.command.arguments == {"to": "out"}


def test_an_operators_clock_that_was_set_back_locks_nobody_out() -> None:
    said = CommandStatus(nonce=NONCE.hex(), highest={issuer_of(commander()): NOW_US})
    assert taken(said, NOW_US - 3_600_000_000).command.counter == NOW_US + 1
    other = CommandStatus(nonce=NONCE.hex(), highest={issuer_of(commander(22)): NOW_US})
    assert taken(other, 5).command.counter == 5


def test_a_status_is_read_with_fields_that_nobody_knows_yet() -> None:
    nonce = NONCE.hex()
    body = {"online": True, "uptime_s": 7, "commands": {"nonce": nonce, "later": 1}, "eye": None}
    said = status_in(json.dumps(body).encode())
    assert said is not None
    assert said.commands is not None
    assert (said.online, said.uptime_s, said.commands.nonce) == (True, 7, nonce)
    will = status_in(b'{"online":false}')
    assert will is not None
    assert (will.online, will.commands) == (False, None)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"uptime_s":1}', b'{"online":1,"commands":7}'])
def test_what_is_no_status_is_none(body: bytes) -> None:
    assert status_in(body) is None


def test_a_reply_is_read_with_words_that_nobody_knows_yet() -> None:
    reply = Reply(to="00" * 16, name="identify", done=False, refusal="tired", words="no")
    later = {**reply.model_dump(), "mood": "bad"}
    assert reply_in(json.dumps(later).encode()) == reply
    assert reply_in(b"done") is None
