"""What a command does at the door, and what no command can do to it."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kiosk.app.commanding import Commanding
from kiosk.app.inbox import Inbox
from kiosk.app.orders import EXIT_RESTART
from kiosk.app.told_direction import Way
from kiosk.commands.form import Command, digest_of
from kiosk.commands.judging import Refusal, Terms
from kiosk.commands.wire import CommandStatus, Reply
from kiosk.door.cues import Show, ShowAll
from kiosk.door.event import CheckInEvent, Direction
from kiosk.door.machine import Passing, Phase
from kiosk.door.signal import Signal
from kiosk.eye.people import person
from kiosk.outbox.memory import MemoryOutbox
from kiosk.outbox.memory import Settings as MemorySettings
from provisioning.commanding.exchange import COUNTS_FOR_S
from tests.parts.check_ins import SOURCE
from tests.parts.commands import a_command, commander, issuer_of, message, terms
from tests.scenario.doorway import CONDUCT, Doorway

AN = person(random.Random(1))
BINH = person(random.Random(2))


class Commanded:
    """A door that an operator commands, and what it answers."""

    def __init__(self, way: Way | None = None, at: Terms | None = None, **how: Any) -> None:
        outbox = MemoryOutbox(MemorySettings(), SOURCE)
        self.door = Doorway(outbox, commands=at or terms(), way=way, **how).open()
        self.counter = 0

    def send(self, body: bytes, name: str = "identify", **how: Any) -> Reply | None:
        """Let a message come; return the answer to it, where there is one."""
        before = len(self.door.courier.answers)
        self.door.kiosk.take(message(body, name, **how))
        self.door.kiosk.turn()
        found = self.door.courier.answers[before:]
        assert len(found) <= 1
        if not found:
            return None
        topic_name, raw = found[0]
        reply = Reply.model_validate_json(raw)
        assert (topic_name, reply.name, reply.to) == (name, name, digest_of(body))
        assert reply.words
        return reply

    def tell(self, name: str, **arguments: str) -> Reply:
        """Command it as an operator does."""
        self.counter += 1
        body = a_command(name=name, counter=self.counter, arguments=arguments, until_s=3600)
        reply = self.send(body, name)
        assert reply is not None
        return reply

    @property
    def said(self) -> CommandStatus:
        """What the next status says of commands."""
        self.door.wait(1)
        assert self.door.status.commands is not None
        return self.door.status.commands


def ways_of(door: Doorway) -> list[Direction | None]:
    return [CheckInEvent.model_validate_json(e.body).data.direction for e in door.committed]


def test_identify_is_shown_and_answered_and_the_door_goes_on() -> None:
    told = Commanded()
    assert told.tell("identify").done
    assert told.door.trace == [Show(Signal.IDENTIFY)]
    told.door.hold(AN)
    assert told.door.signals == [Signal.IDENTIFY, Signal.ACCEPTED]
    assert told.said.done == {"identify": 1}


def test_after_a_late_command_the_status_is_of_now_however_seldom_it_is_told() -> None:
    told = Commanded(status_interval_s=3600)
    told.door.wait(600)
    up_s = told.door.status.uptime_s
    assert up_s < 60
    late = told.send(a_command(counter=1, until_s=up_s + COUNTS_FOR_S))
    assert late is not None
    assert late.refusal == Refusal.LATE
    told.door.wait(1)
    assert told.door.status.uptime_s >= 600
    again = told.send(a_command(counter=2, until_s=told.door.status.uptime_s + COUNTS_FOR_S))
    assert again is not None
    assert again.done


def test_a_broken_door_can_be_found() -> None:
    told = Commanded()
    told.door.beat(camera_ok=False)
    assert told.tell("identify").done
    assert told.door.signals[-1] is Signal.IDENTIFY
    assert told.door.kiosk.door.phase is Phase.OUT_OF_ORDER


def test_a_test_of_the_lights_records_nothing_and_unlocks_nothing() -> None:
    told = Commanded()
    assert told.tell("test-lights").done
    assert told.door.trace == [ShowAll()]


def test_a_direction_goes_into_events_at_once_and_stays(tmp_path: Path) -> None:
    told = Commanded(Way(Passing.IN, tmp_path / "direction.json"))
    told.door.hold(AN)
    assert told.tell("direction", to="out").done
    told.door.hold(BINH)
    assert ways_of(told.door) == [Direction.IN, Direction.OUT]
    told.door.wait(1)
    assert (told.door.status.direction, told.door.status.direction_told) == (Passing.OUT, True)

    again = Commanded(Way(Passing.IN, tmp_path / "direction.json"))
    again.door.hold(AN)
    assert ways_of(again.door) == [Direction.OUT]
    assert again.tell("direction", to="settings").done
    again.door.wait(1)
    assert (again.door.status.direction, again.door.status.direction_told) == (Passing.IN, False)


@pytest.mark.parametrize("arguments", [{}, {"to": "up"}, {"to": "toggle"}, {"to": "in", "x": "1"}])
def test_no_other_direction_is_taken(arguments: dict[str, str], tmp_path: Path) -> None:
    told = Commanded(Way(Passing.OUT, tmp_path / "direction.json"))
    reply = told.tell("direction", **arguments)
    assert (reply.done, reply.refusal) == (False, "arguments")
    assert not [*tmp_path.iterdir()]


def test_a_door_that_counts_both_ways_is_not_turned(tmp_path: Path) -> None:
    conduct = replace(CONDUCT, passing=Passing.TOGGLE)
    told = Commanded(Way(Passing.TOGGLE, tmp_path / "direction.json"), conduct=conduct)
    assert told.tell("direction", to="out").refusal == "not-here"


def test_a_disk_that_takes_no_direction_is_told(tmp_path: Path) -> None:
    told = Commanded(Way(Passing.IN, tmp_path / "gone" / "direction.json"))
    reply = told.tell("direction", to="out")
    assert (reply.refusal, "still in" in reply.words) == ("failed", True)
    told.door.hold(AN)
    assert ways_of(told.door) == [Direction.IN]


@pytest.mark.parametrize("name", ["identify", "test-lights", "restart"])
def test_what_has_no_arguments_takes_none(name: str) -> None:
    told = Commanded()
    assert told.tell(name, to="out").refusal == "arguments"
    assert told.door.trace == []


def test_a_restart_ends_the_daemon_with_its_own_code_after_the_answer() -> None:
    told = Commanded()
    told.door.notify.starts_again = True
    inbox = Inbox()
    inbox.post(message(a_command(name="restart"), "restart"))
    assert told.door.kiosk.run(inbox) == EXIT_RESTART
    ((name, raw),) = told.door.courier.answers
    assert (name, Reply.model_validate_json(raw).done) == ("restart", True)


def test_a_kiosk_that_nobody_would_start_again_does_not_restart() -> None:
    told = Commanded()
    assert told.tell("restart").refusal == "not-here"
    told.door.hold(AN)
    assert told.door.greens == 1


def test_an_unknown_command_is_refused_and_its_counter_is_used_up() -> None:
    told = Commanded()
    body = a_command(name="drain", counter=9)
    first, second = (told.send(body, "drain") for _ in range(2))
    assert first is not None
    assert second is not None
    assert (first.refusal, second.refusal) == ("unknown", "replayed")
    assert told.said.highest == {issuer_of(commander()): 9}


def test_refusals_are_counted_by_reason_and_answered_now_and_then() -> None:
    told = Commanded()
    forged = a_command(commander(22))
    answers = [told.send(forged) for _ in range(20)]
    assert [a.refusal for a in answers if a is not None] == ["other-issuer"] * 5
    assert told.said.refused == {"other-issuer": 20}
    # Whoever may command the door is answered however much noise there is.
    assert told.tell("identify").done
    told.door.wait(3)
    assert told.send(forged) is not None


def test_a_flood_of_forged_commands_keeps_nobody_from_passing() -> None:
    told = Commanded()
    forged = [a_command(commander(22)), b"identify", a_command(nonce=bytes(16)), bytes(5000)]
    for seed in range(3, 8):
        for body in forged * 25:
            told.door.kiosk.take(message(body))
        told.door.hold(person(random.Random(seed)))
    assert told.door.greens == 5
    assert told.door.signals == [Signal.ACCEPTED] * 5
    # Five at once, and then one a second at most.
    assert len(told.door.courier.answers) <= 5 + 1
    assert sum(told.said.refused.values()) == 5 * 25 * len(forged)


def test_nobody_is_answered_for_what_is_not_signed_and_it_is_counted() -> None:
    told = Commanded()
    assert told.send(b"identify") is None
    assert told.send(b"", retained=True) is None
    assert told.said.refused == {"unreadable": 2}
    assert told.door.trace == []


def test_what_came_too_fast_is_counted() -> None:
    told = Commanded()
    told.door.kiosk.take(replace(message(b""), dropped=7))
    assert told.said.dropped == 7


def test_what_is_too_large_is_answered_without_being_read() -> None:
    told = Commanded()
    told.door.kiosk.take(message(bytes(5000)))
    ((_, raw),) = told.door.courier.answers
    reply = Reply.model_validate_json(raw)
    assert (reply.to, reply.refusal) == (None, "too-large")


def test_another_start_takes_nothing_of_the_one_before() -> None:
    body = a_command()
    first = Commanded().send(body)
    assert first is not None
    assert first.done
    after = Commanded(at=terms(nonce=bytes(16))).send(body)
    assert after is not None
    assert after.refusal == "other-start"


def test_a_command_counts_for_its_time_since_the_start_whatever_the_clock_says() -> None:
    told = Commanded()
    told.door.wait(61)
    late = told.send(a_command(until_s=60))
    assert late is not None
    assert late.refusal == "late"


def test_a_new_command_is_told_in_the_status_soon() -> None:
    told = Commanded()
    told.door.wait(11)
    before = len(told.door.courier.statuses)
    told.tell("identify")
    told.door.wait(0.6)
    assert len(told.door.courier.statuses) == before + 1


def test_where_nobody_signs_nothing_is_taken_answered_or_said() -> None:
    door = Doorway(MemoryOutbox(MemorySettings(), SOURCE)).open()
    door.kiosk.take(message(a_command()))
    door.wait(1)
    assert (door.courier.answers, door.status.commands) == ([], None)


def test_what_fails_half_way_is_not_done_again_by_a_second_copy() -> None:
    tried: list[Command] = []

    def fail(command: Command) -> str:
        tried.append(command)
        raise ZeroDivisionError

    commanding = Commanding(terms(), fail, lambda _name, _body: None)
    with pytest.raises(ZeroDivisionError):
        commanding.take(message(a_command()), 0.0, 0.0)
    commanding.take(message(a_command()), 0.0, 0.0)
    assert len(tried) == 1
