"""One exposure, described in physical terms; `render` draws it."""

from dataclasses import dataclass, field
from typing import Literal

Prop = Literal["card", "sheet", "phone", "phone-dark"]


@dataclass(frozen=True, slots=True)
class Shot:
    """What is before the camera and how it is seen.

    Lengths in modules are of the code as it appears in the frame. `centre` is where the code's
    centre is, in parts of the frame. `content` is a QR payload (bytes), the name of another kind of
    code and its text, or None for an empty hall. `exposure` is what white paper reaches of full
    scale; `electrons` are photo-electrons at full scale. A shadow's edge
    crosses the middle row at `shadow_at`, in parts of the width; `glare_at` is where a lamp mirrors
    in the card, from the code's centre, in widths of the code. `seed` fixes the place and the prop,
    `grain` the sensor's noise.
    """

    seed: int
    grain: int = 0
    size_px: tuple[int, int] = (640, 480)
    content: bytes | tuple[str, str] | None = field(default=None, repr=False)
    error: Literal["l", "m", "q"] = "m"
    prop: Prop = "card"
    posters: int = 0
    module_px: float = 2.8
    quiet_modules: float = 4.0
    contrast: float = 0.9
    centre: tuple[float, float] = (0.5, 0.5)
    roll_deg: float = 0.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    defocus_modules: float = 0.0
    motion_modules: float = 0.0
    motion_deg: float = 0.0
    exposure: float = 0.7
    electrons: float = 3000.0
    shadow: float = 0.0
    shadow_at: float = 0.5
    shadow_deg: float = 70.0
    glare: float = 0.0
    glare_at: tuple[float, float] = (0.0, 0.0)
    streaks: float = 0.0
    pwm: float = 0.0
    pwm_phase: float = 0.0
    pwm_period_px: float = 80.0
    jpeg_quality: int | None = None
