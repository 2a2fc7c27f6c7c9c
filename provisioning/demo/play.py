"""Holding things up before the door and collecting its answers."""

import json
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioning.demo.cases import Answer, Case, Scene
from provisioning.demo.door import HOLD_OFF_S, DoorProcess
from provisioning.demo.subscriber import Subscriber

_EMPTY: Scene = {}
_START_PATIENCE_S = 30.0
_DELIVERY_PATIENCE_S = 10.0
_AWAY_S = HOLD_OFF_S + 0.25
"""Between two cases: long enough that the door takes the next card for a new one."""


class DoorEndedError(RuntimeError):
    """The daemon ended by itself."""


@dataclass(slots=True)
class Outcome:
    """What became of one case: the log's facts of each answer, and the events received for them."""

    case: Case
    facts: list[dict[str, Any]] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)

    @property
    def answers(self) -> tuple[Answer | tuple[str, str | None], ...]:
        """What the door answered, in the form in which cases expect it."""
        return tuple((facts["signal"], facts.get("reason")) for facts in self.facts)

    @property
    def as_expected(self) -> bool:
        """Tell whether answers and received events are those that the case asks for."""
        recorded = [reason for _, reason in self.case.expected if reason is not None]
        reasons = [event["data"]["reason"] for event in self.received]
        return self.answers == self.case.expected and reasons == recorded


class Stage:
    """The file that tells the synthetic camera what is before it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.show(_EMPTY)

    def show(self, scene: Scene) -> None:
        """Put `scene` before the camera; replaced whole, never half-written."""
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(scene), "utf-8")
        draft.replace(self.path)


class Play:
    """Plays cases; `told` is called with each outcome as soon as it is complete."""

    def __init__(
        self,
        door: DoorProcess,
        subscriber: Subscriber,
        stage: Stage,
        told: Callable[[Outcome], None],
    ) -> None:
        self._door = door
        self._subscriber = subscriber
        self._stage = stage
        self._told = told

    def case(self, case: Case) -> Outcome:
        """Play one case and return what became of it."""
        outcome = Outcome(case)
        counts = case.answers_per_scene or (len(case.expected),) * len(case.scenes)
        for scene, count in zip(case.scenes, counts, strict=True):
            self._stage.show(scene)
            self._collect(outcome, case.reads_within_s, upto=len(outcome.facts) + count)
        self._collect(outcome, case.hold_s)
        self._stage.show(_EMPTY)
        self._collect(outcome, _AWAY_S)
        ids = [facts["event_id"] for facts in outcome.facts if "event_id" in facts]
        self._subscriber.wait_for(set(ids), _DELIVERY_PATIENCE_S)
        events = self._subscriber.events
        outcome.received = [events[event_id] for event_id in ids if event_id in events]
        self._told(outcome)
        return outcome

    def _collect(self, outcome: Outcome, patience_s: float, upto: int | None = None) -> None:
        """Take answers for so long; with `upto`, only until there are so many."""
        deadline_s = time.monotonic() + patience_s
        while upto is None or len(outcome.facts) < upto:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                return
            facts = next_fact(self._door, left_s)
            if facts is not None and facts["event"] == "scan":
                outcome.facts.append(facts)


def next_fact(door: DoorProcess, patience_s: float) -> dict[str, Any] | None:
    """Return the next line of the door's log, or None.

    Raises:
        DoorEndedError: The door ended; its last lines are in the message.
    """
    try:
        facts = door.facts.get(timeout=patience_s)
    except queue.Empty:
        return None
    if facts["event"] == "ended":
        tail = door.log.read_text("utf-8", errors="replace").splitlines()[-5:]
        raise DoorEndedError("the door ended by itself:\n" + "\n".join(tail))
    return facts


def wait_until_ready(door: DoorProcess, subscriber: Subscriber) -> None:
    """Wait until the door says, over MQTT, that it is ready.

    Raises:
        DoorEndedError: It ended, or did not become ready in time.
    """
    deadline_s = time.monotonic() + _START_PATIENCE_S
    while subscriber.status.get("phase") != "ready":
        next_fact(door, 0.05)
        if time.monotonic() > deadline_s:
            raise DoorEndedError(f"the door was not ready within {_START_PATIENCE_S:.0f} s")
