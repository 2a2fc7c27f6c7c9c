"""What `kiosk doctor --json` prints: the observations, for a program."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from kiosk import __version__
from kiosk.doctor import Mark, Observation
from kiosk.doctor.examination import exit_code


class Line(BaseModel):
    """One observation; `diagnosis` and `fix` are null where nothing is wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str
    mark: Mark
    found: str
    diagnosis: str | None
    fix: str | None


class Report(BaseModel):
    """All of them, and the exit code that the command ends with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    firmware: str = __version__
    exit_code: int
    observations: tuple[Line, ...]


def report(observations: Sequence[Observation]) -> Report:
    """Return the report of these."""
    lines = tuple(
        Line(check=o.check, mark=o.mark, found=o.found, diagnosis=o.diagnosis, fix=o.fix)
        for o in observations
    )
    return Report(exit_code=exit_code(observations), observations=lines)
