"""Does anything that the system writes tell who passed? Everything it wrote is searched.

`python -m benchmarks.privacy --people 200`: synthetic people with cards of every format pass at two
venues; then every file, every topic and every byte of the wire is searched for all of theirs, in
every form. A payload that is put into a log on purpose must be found, or the search proves nothing.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.planted import Hit, Planted, Search, people
from benchmarks.privacy_run import SITES, Ran, run

_WORDS = frozenset({"verdict", "reason", "flags", "direction", "kind", "assurance"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found; `ok` says whether it is as it should be."""

    people: int
    answered: dict[str, int]
    forms: int
    searched_bytes: int
    searched: list[str]
    hits: list[str]
    control_hits: int
    events: int
    opened: int
    opened_wrong: int
    opened_by_a_stranger: int
    same_person_pairs: int
    linked_pairs: int

    @property
    def ok(self) -> bool:
        """Whether nothing leaked, the control was found, and the authority alone can open."""
        bad = (*self.hits, self.opened_wrong, self.opened_by_a_stranger, self.linked_pairs)
        return not any(bad) and bool(self.control_hits and self.opened and self.same_person_pairs)


def judge(planted: list[Planted], ran: Ran) -> Verdict:
    """Search everything, and hold the events of the two venues against each other."""
    search = Search(planted)
    hits = [hit for where, raw in ran.sources.items() for hit in search.hits(where, raw)]
    by_event = {each["id"]: each for each in ran.opened if each["subject_id"]}
    known = {(one.kind, one.subject_id) for one in planted}
    wrong = [each for each in by_event.values() if (each["kind"], each["subject_id"]) not in known]
    pairs = list(_pairs(ran, by_event))
    return Verdict(
        people=len(planted),
        answered=dict(ran.shown),
        forms=search.forms,
        searched_bytes=sum(map(len, ran.sources.values())),
        searched=sorted(ran.sources),
        hits=sorted({f"{hit.what} in {hit.where}" for hit in hits}),
        control_hits=len(control(search, planted, ran)),
        events=sum(map(len, ran.events.values())),
        opened=len(by_event),
        opened_wrong=len(wrong),
        opened_by_a_stranger=sum(each["subject_id"] is not None for each in ran.not_opened),
        same_person_pairs=len(pairs),
        linked_pairs=sum(_linked(one, other, ran) for one, other in pairs),
    )


def control(search: Search, planted: list[Planted], ran: Ran) -> list[Hit]:
    """Put one person's payload into a log, as a careless program would; return what is found."""
    name = next(name for name in ran.sources if name.endswith("kiosk.log"))
    line = json.dumps({"event": "seen", "payload": planted[0].payload}).encode()
    log = ran.sources[name]
    middle = log.find(b"\n", len(log) // 2) + 1
    return list(search.hits("control", log[:middle] + line + b"\n" + log[middle:]))


def _pairs(
    ran: Ran, by_event: dict[str, dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the first events of one person at either venue."""
    first: list[dict[str, dict[str, Any]]] = []
    for site in SITES:
        mine: dict[str, dict[str, Any]] = {}
        for event in ran.events[site]:
            opened = by_event.get(event["id"])
            if opened is not None:
                mine.setdefault(f"{opened['kind']} {opened['subject_id']}", event)
        first.append(mine)
    for name in first[0].keys() & first[1].keys():
        yield first[0][name], first[1][name]


def _linked(one: dict[str, Any], other: dict[str, Any], ran: Ran) -> bool:
    """Tell whether two events share a value that not everybody's events share."""
    everybody = [set(_values(e)) for site in SITES for e in ran.events[site]]
    shared = set(_values(one)) & set(_values(other))
    telling = {value for value in shared if sum(value in each for each in everybody) <= 2}
    boxes = [each["data"]["sealed"] for each in (one, other)]
    parts = [{box[at : at + 12] for at in range(11, len(box) - 12)} for box in boxes]
    return bool(telling) or bool(parts[0] & parts[1])


def _values(value: Any) -> Iterator[str]:
    """Yield what an event says, but for words that many people's events have to share."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name not in _WORDS:
                yield from _values(each)
    else:
        yield json.dumps(value)


def trial(count: int, say: Callable[[str], None] = lambda _: None) -> Verdict:
    """Let so many people pass, and judge what is left."""
    planted = people(count)
    with (
        tempfile.TemporaryDirectory(prefix="privacy-") as theirs,
        tempfile.TemporaryDirectory(prefix="stage-") as ours,
    ):
        stage = Path(ours) / "stage.json"
        stage.write_text("{}")
        return judge(planted, run(Path(theirs), planted, stage, say))


def main() -> int:
    """Run it, print what was found; 1 where it is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--json", type=Path, help="Write the figures here.")
    options = parser.parse_args()
    verdict = trial(options.people, lambda line: print(line, flush=True))  # noqa: T201 - asked for
    figures = asdict(verdict)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    for name, value in figures.items():
        shown = len(value) if isinstance(value, list) else value
        print(f"{name.replace('_', ' '):24}{shown}")  # noqa: T201 - see above
    for hit in verdict.hits[:20]:
        print(f"FOUND {hit}")  # noqa: T201 - see above
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main())
