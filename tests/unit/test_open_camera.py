"""The eye says at its start what is odd about the camera that it found."""

from dataclasses import dataclass

import pytest
from pydantic import BaseModel

from kiosk.app.adapters import Adapter
from kiosk.app.choice import Chosen
from kiosk.app.eye_process import open_camera
from kiosk.app.logs import captured
from kiosk.eye.frame import Frame


@dataclass(frozen=True, slots=True)
class Odd:
    """A camera with a remark."""

    remark: str | None
    has_sensor: bool = False
    skipped: int = 0

    def capture(self, timeout_s: float) -> Frame:
        raise TimeoutError(timeout_s)

    def close(self) -> None:
        """Have nothing to release."""


class Told(BaseModel):
    """What an odd camera is told."""

    says: str | None


class Choice(Chosen):
    """An odd camera, chosen."""

    __slots__ = ()

    def load(self) -> Adapter:
        return Adapter("odd", Told, lambda told: Odd(told.says))


@pytest.mark.parametrize("says", ["camera.crop = [0, 0, 1, 1]: another shape", None])
def test_a_remark_of_the_camera_is_one_line_of_the_log(says: str | None) -> None:
    with captured() as lines:
        open_camera(Choice("tests", "odd", Told(says=says)))
    assert [line.get("what") for line in lines] == ([says] if says else [])
