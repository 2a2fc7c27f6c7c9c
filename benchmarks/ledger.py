"""How fast does the ledger drain a queue, beside a subscriber that only counts?

`python -m benchmarks.ledger --messages N`. A real mosquitto holds the same N check-ins for each of
them, with the same QoS and the same receive maximum; they drain by turns, in another order each
round, each in a process of its own, and the medians are compared. Exit code 1 below a target.

Two workers are compared with one on PostgreSQL where a worker, and not the broker, is what limits:
each gets 30 % of a core (`rationed`).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import queued
from benchmarks.drained import BARE, RECEIVE_MAXIMUM
from benchmarks.rationed import Rationed
from provisioning.broker import Broker
from tests.parts.postgres import Postgres

TARGETS = {"postgres": 0.65, "sqlite": 0.5}
"""At least so much of the rate of who only counts."""
TARGET_TWO = 1.4
"""Two workers on PostgreSQL, in rates of one."""
PART = 0.3
"""Of a core, for each worker where two are compared with one. `--part` gives less, on a machine
that is so busy that one worker cannot even use this."""
KINDS = (BARE, "sqlite", "postgres")
ONE, TWO = "one worker", "two workers"


@dataclass(slots=True)
class Bench:
    """A broker, a PostgreSQL and what was measured: messages a second, CPU microseconds each."""

    broker: Broker
    postgres: Postgres
    folder: Path
    messages: int
    part: float = PART
    rates_hz: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu_us: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    used: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    runs: int = 0

    def round(self, number: int) -> None:
        """Let each kind drain the same messages once."""
        sessions = {kind: f"{kind}-{number}" for kind in KINDS}
        for session in sessions.values():
            queued.subscribe(self.broker.port, session)
        queued.publish(self.broker.port, self.messages)
        turn = number % len(KINDS)
        for kind in (*KINDS[turn:], *KINDS[:turn]):
            self._drain(kind, kind, [sessions[kind]], "", [self.messages])

    def pair(self, number: int) -> None:
        """Let one worker drain, and two share, the same number of messages; each on its ration."""
        messages = self.messages // 2
        names = (ONE, TWO) if number % 2 else (TWO, ONE)
        for name in names:
            group = f"g{number}{len(name)}"
            sessions = [f"{group}-{n}" for n in range(2 if name == TWO else 1)]
            for session in sessions:
                queued.subscribe(self.broker.port, session, group)
            queued.publish(self.broker.port, messages)
            # Mosquitto deals a group's messages to its members by turns.
            shares = [messages // len(sessions)] * len(sessions)
            self._drain(name, "postgres", sessions, group, shares, self.part)

    def _drain(
        self,
        name: str,
        kind: str,
        sessions: Sequence[str],
        group: str,
        shares: Sequence[int],
        part: float | None = None,
    ) -> None:
        queued.forget_acknowledgements(self.broker.port)
        self.runs += 1
        address = self._address(kind)
        with ExitStack() as stack:
            workers = []
            for session, share in zip(sessions, shares, strict=True):
                words = [kind, str(self.broker.port), session, group, str(share), *address]
                worker = subprocess.Popen(  # noqa: S603 - our own module
                    [sys.executable, "-m", "benchmarks.drained", *words],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                stack.callback(_end, worker)
                workers.append(worker)
            for worker in workers:
                if _line(worker) != "ready":
                    raise RuntimeError(f"{name} did not get ready")
            if part is not None:
                stack.enter_context(Rationed([worker.pid for worker in workers], part))
            for worker in workers:
                _say(worker)
            found = [json.loads(_line(worker)) for worker in workers]
        total = sum(each["messages"] for each in found)
        self.rates_hz[name].append(total / max(each["took_s"] for each in found))
        self.cpu_us[name].append(sum(each["cpu_s"] for each in found) / total * 1e6)
        # What each worker had of a core. Less than its ration: the machine was busy with others,
        # and two workers had to share what one could not even use.
        self.used[name].append(sum(each["cpu_s"] / each["took_s"] for each in found) / len(found))
        sys.stderr.write(f"{name}: {self.rates_hz[name][-1]:.0f}/s\n")

    def _address(self, kind: str) -> list[str]:
        if kind == "sqlite":
            return [f"sqlite:///{self.folder}/ledger-{self.runs}.db"]
        return [self.postgres.address()] if kind == "postgres" else []


def _line(worker: "subprocess.Popen[str]") -> str:
    if worker.stdout is None:
        raise AssertionError("it was started with a pipe")
    return worker.stdout.readline().strip()


def _say(worker: "subprocess.Popen[str]") -> None:
    if worker.stdin is None:
        raise AssertionError("it was started with a pipe")
    worker.stdin.write("\n")
    worker.stdin.flush()


def _end(worker: "subprocess.Popen[str]") -> None:
    worker.kill()
    worker.communicate()


@dataclass(frozen=True, slots=True)
class Verdict:
    """One comparison: `ratio` against its `target`, and the ratios of the single rounds."""

    name: str
    ratio: float
    target: float
    rounds: tuple[float, ...]

    @property
    def passed(self) -> bool:
        """Tell whether the target was reached."""
        return self.ratio >= self.target


def verdicts(rates_hz: dict[str, list[float]]) -> list[Verdict]:
    """Return the comparisons: the median of the rounds' ratios, because rounds differ in load."""
    pairs = [(kind, BARE, target) for kind, target in TARGETS.items()]
    found = []
    for name, base, target in (*pairs, (TWO, ONE, TARGET_TWO)):
        rounds = tuple(a / b for a, b in zip(rates_hz[name], rates_hz[base], strict=True))
        found.append(Verdict(f"{name} / {base}", statistics.median(rounds), target, rounds))
    return found


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger")
    parser.add_argument("--messages", type=int, default=15_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", type=float, default=PART)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-bench-")))
        broker = stack.enter_context(Broker(folder, f"max_inflight_messages {RECEIVE_MAXIMUM}"))
        server = stack.enter_context(Postgres())
        bench = Bench(broker, server, folder, given.messages, given.part)
        for number in range(given.rounds):
            bench.round(number)
        for number in range(given.rounds):
            bench.pair(number)
    found = verdicts(bench.rates_hz)
    report(bench, found)
    if given.json:
        given.json.write_text(json.dumps(as_json(bench, found), indent=1) + "\n", "utf-8")
    return int(not all(each.passed for each in found))


def report(bench: Bench, found: Sequence[Verdict]) -> None:
    """Print a table of rates, and one line for each target."""
    out = sys.stdout.write
    ration = f"a ration is {bench.part:.0%} of a core, by SIGSTOP"
    out(f"{bench.messages} messages a round; {ration}\n\n")
    out(f"{'':14}{'msg/s':>8}{'lowest':>8}{'highest':>9}{'CPU us':>8}{'of a core':>11}\n")
    for name, rates in bench.rates_hz.items():
        cpu = statistics.median(bench.cpu_us[name])
        median = statistics.median(rates)
        used = statistics.median(bench.used[name])
        out(f"{name:14}{median:8.0f}{min(rates):8.0f}{max(rates):9.0f}{cpu:8.0f}{used:11.0%}\n")
    out("\n")
    for each in found:
        word = "ok" if each.passed else "BELOW"
        rounds = " ".join(f"{ratio:.2f}" for ratio in each.rounds)
        out(f"{each.name:26}{each.ratio:5.2f}  target {each.target:.2f}  {word}  ({rounds})\n")


def as_json(bench: Bench, found: Sequence[Verdict]) -> dict[str, object]:
    """Return everything that was measured."""
    return {
        "messages": bench.messages,
        "part_of_a_core": bench.part,
        "rates_hz": dict(bench.rates_hz),
        "cpu_us": dict(bench.cpu_us),
        "used_of_a_core": dict(bench.used),
        "verdicts": [
            {"name": v.name, "ratio": v.ratio, "target": v.target, "passed": v.passed}
            for v in found
        ],
    }


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
