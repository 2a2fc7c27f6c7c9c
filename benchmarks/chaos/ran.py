"""What became of one row: its figures, and whether it came out as it must."""

from dataclasses import dataclass
from enum import StrEnum

from benchmarks.chaos.judge import Judgement
from benchmarks.chaos.plan import Row


class Verdict(StrEnum):
    """What a row says."""

    KEPT = "kept"
    BROKEN = "BROKEN"
    UNTOLD = "too slow to tell"


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a row.

    `chances`: how many its faults had. `settled_s`: how long it took until the ledger had
    everything, None where it did not come to that; `restarted`: only after a restart; `still_came`:
    events of a control came until time was up, so that what is missing may be late. `ends`:
    programs that ended by themselves, and faults that could not be played; `remarks` break nothing.
    """

    row: Row
    judgement: Judgement
    kills: dict[str, int]
    pauses: int
    chances: int
    active_s: float
    settled_s: float | None
    restarted: bool
    still_came: bool
    repeated: int
    exceeded: int
    cuts: int
    ends: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def killed(self) -> int:
        """How many programs were killed."""
        return sum(self.kills.values())

    @property
    def verdict(self) -> Verdict:
        """Whether it came out as it must: ours whole, and a control broken.

        A control whose faults had no chance says nothing, however little it lost.
        """
        if not self.row.must_lose:
            whole = self.judgement.clean and self.judgement.shown > 0
            kept = whole and not self.ends and not self.exceeded
        elif self.still_came or (not self.judgement.lost and self.chances < self.row.chances):
            return Verdict.UNTOLD
        else:
            kept = self.judgement.lost > 0
        return Verdict.KEPT if kept else Verdict.BROKEN

    @property
    def kept(self) -> bool:
        """Whether it came out as it must."""
        return self.verdict is Verdict.KEPT
