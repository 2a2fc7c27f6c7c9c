"""What the traced program told, and what must therefore still be there after a cut."""

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from benchmarks.disk_model.disk import Step, Told


@dataclass(frozen=True, slots=True)
class State:
    """What the outbox showed between two calls: its unsent events, who passed, its rows."""

    shown: Mapping[str, str] = field(default_factory=dict)
    passed: Mapping[str, Any] = field(default_factory=lambda: {"passages": {}, "visits": {}})
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Owed:
    """What must be there after a cut at one step."""

    states: tuple[State, ...]
    """What may be shown: as after the last durable call, as after any since, and as after the one
    under way."""
    events: Mapping[str, str]
    """Told as committed and never acknowledged: id to body."""
    last: str | None
    """The id of the last that was told as committed."""
    under_way: str | None
    """The id of an event that may be there: its commit had begun."""
    may_blank: bool


@dataclass(slots=True)
class _Call:
    """One call of the traced program, and at which step each of its moments was."""

    name: str
    begins: int
    ends: int | None = None
    told: int = 0
    committed: dict[str, str] = field(default_factory=dict)
    durable: bool = False
    """What it did, and all before it, survives a cut once it has ended."""
    acknowledges: dict[str, int] = field(default_factory=dict)


class Story:
    """What the traced program said, in the order of its steps."""

    def __init__(self, steps: Sequence[Step], inherited: Owed | None = None) -> None:
        self._inherited = inherited or Owed((State(),), {}, None, None, may_blank=False)
        self._after_cut = inherited is not None
        self._calls: list[_Call] = []
        self._states = [self._inherited.states]
        """What may be shown after so many calls."""
        self.found_again = 0
        """Events of killed commits that the next life found."""
        for place, step in enumerate(steps):
            if isinstance(step, Told):
                self._hear(place, json.loads(step.text))
        self._begins = [call.begins for call in self._calls]

    @property
    def committed(self) -> int:
        """Return how many events were told as committed in the whole run."""
        return sum(len(call.committed) for call in self._calls)

    def owed(self, steps_done: int) -> Owed:
        """Return what must be there when the power fails after so many steps."""
        begun = self._calls[: bisect_left(self._begins, steps_done)]
        last_call = begun[-1] if begun else None
        under_way = last_call is not None and not _is_over(last_call, steps_done)
        events = dict(self._inherited.events)
        last = self._inherited.last
        stored: dict[str, int] = {}
        for call in begun:
            for epoch, upto in call.acknowledges.items():
                stored[epoch] = max(upto, stored.get(epoch, 0))
            if call.committed and call.told < steps_done:
                events |= call.committed
                last = list(call.committed)[-1]
        over = begun[:-1] if under_way else begun
        oldest = max((n for n, call in enumerate(over, 1) if call.durable), default=0)
        wanted = next(iter(last_call.committed), None) if last_call and under_way else None
        return Owed(
            states=tuple(chain.from_iterable(self._states[oldest : len(begun) + 1])),
            events={
                i: body for i, body in events.items() if seq_of(i) > stored.get(epoch_of(i), 0)
            },
            last=last,
            under_way=wanted if begun else self._inherited.under_way,
            may_blank=self._inherited.may_blank or any(c.name == "_keep" for c in begun),
        )

    def _hear(self, place: int, said: dict[str, Any]) -> None:
        if "arrives" in said:
            return
        if "finds" in said:
            self._arrive(place, said["finds"])
        elif "begins" in said:
            self._calls.append(_Call(said["begins"], place, durable=said["begins"] == "probe"))
        elif "committed" in said:
            call = self._calls[-1]
            call.committed, call.told, call.durable = said["committed"], place, True
        elif "acknowledges" in said:
            self._calls[-1].acknowledges = said["acknowledges"]
        else:
            before = self._states[-1][0].shown
            shown = {i: body for i, body in before.items() if i not in set(said["gone"])}
            state = State(shown | said["now"], said["passed"], said["rows"])
            self._calls[-1].ends = place
            self._states.append((state,))

    def _arrive(self, place: int, finds: dict[str, Any]) -> None:
        """Note what a life finds: what was left, or what a cut or a kill made of it.

        Whatever event it finds may be delivered before the next write, so it is owed now. The rest
        of what a killed call did may still be undone by a cut, until the next write.
        """
        state = State(finds["now"], finds["passed"], finds["rows"])
        before = self._states[-1]
        killed = bool(self._calls) and self._calls[-1].ends is None
        if not killed and not self._after_cut:
            if state not in before:
                raise ValueError("a life found something else than was left, without a cut")
            return
        if not killed:
            self._calls.append(_Call("finds", place))
        self._after_cut = False
        known = max((seq_of(i) for i in self._told()), default=0)
        call = self._calls[-1]
        call.durable = not killed
        call.committed = {i: body for i, body in state.shown.items() if seq_of(i) > known}
        call.told = call.ends = place
        self.found_again += len(call.committed)
        self._states.append((state,))

    def _told(self) -> Iterator[str]:
        """Yield the ids of all events that were told so far."""
        if self._inherited.last is not None:
            yield self._inherited.last
        for call in self._calls:
            yield from call.committed


def _is_over(call: _Call, steps_done: int) -> bool:
    """Tell whether a call had returned; a commit says so itself, before what it changed is told."""
    returned = call.told if call.durable and call.committed else call.ends
    return returned is not None and returned < steps_done


def seq_of(event_id: str) -> int:
    """Return the number within an event's id."""
    return int(event_id.partition(":")[2])


def epoch_of(event_id: str) -> str:
    """Return the epoch within an event's id."""
    return event_id.partition(":")[0]
