"""What became of one row: its figures, and whether it came out as it must."""

from dataclasses import dataclass

from benchmarks.chaos.judge import Judgement
from benchmarks.chaos.plan import Row


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a row.

    `settled_s`: how long it took until the ledger had everything, None where it did not come to
    that; `restarted`: only after a restart. `ends`: programs that ended by themselves, and faults
    that could not be played; `remarks` break nothing.
    """

    row: Row
    judgement: Judgement
    kills: dict[str, int]
    pauses: int
    active_s: float
    settled_s: float | None
    restarted: bool
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
    def kept(self) -> bool:
        """Whether it came out as it must: ours whole, and a control broken."""
        if self.row.must_lose:
            return self.judgement.lost > 0
        whole = self.judgement.clean and self.judgement.shown > 0
        return whole and not self.ends and not self.exceeded
