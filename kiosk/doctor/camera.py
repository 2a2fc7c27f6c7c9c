"""The camera: does it deliver, how fast, and what does the picture look like?

While a kiosk runs it has the camera, so its eye's word counts; otherwise the camera is opened here,
for two seconds. No picture is kept: three numbers are.
"""

import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass

from kiosk.doctor import Diagnosis, Mark, Observation, fine, skipped
from kiosk.doctor.account import Account
from kiosk.errors import KioskError
from kiosk.eye.cameras import Camera
from kiosk.eye.liveness import Liveness
from kiosk.eye.quality import measure

LOOK_S = 2.0
FRAME_PATIENCE_S = 3.0
FROZEN_S = 1.0
SLOW_PART = 0.5
"""Of the rate that was asked for; an eye that is busy reading looks at fewer frames."""
DARK, BRIGHT = 8, 235
"""Mean grey. Down to 10 cards were read in drawn scenes; docs/howto/aim-a-camera.md."""
BLURRED = 5
"""Tenths of a grey level between neighbours; an empty room gives several times as many."""

LOST = Diagnosis(
    "camera.lost",
    Mark.FAULT,
    "the camera does not open, or gives no frame",
    "switch the power off, seat the camera's cable at both ends, switch on; "
    "then: rpicam-hello --list-cameras",
)
FROZEN = Diagnosis(
    "camera.frozen",
    Mark.FAULT,
    "the camera gives the same frame for ever",
    "switch the power off and on; if it comes back, replace the cable, then the camera",
)
SLOW = Diagnosis(
    "camera.slow",
    Mark.WARNING,
    "the camera gives less than half of the frames that were asked for",
    "lower camera.width_px and camera.height_px; look at the lines power and heat too",
)
TOO_DARK = Diagnosis(
    "camera.dark",
    Mark.WARNING,
    "the picture is nearly black",
    "take the lens cap off, light the place where cards are held; then a higher camera.max_gain",
)
TOO_BRIGHT = Diagnosis(
    "camera.bright",
    Mark.WARNING,
    "the picture is nearly white",
    "shade the lens from the sun or a lamp; then a lower camera.max_exposure_us",
)
NO_EDGES = Diagnosis(
    "camera.blurred",
    Mark.WARNING,
    "the picture has no edges: dirt, a film on the lens, or out of focus",
    "clean the lens and take its film off; then set camera.lens_position (5 is 20 cm)",
)


@dataclass(frozen=True, slots=True)
class Look:
    """What a camera gave: frames a second, sharpness in tenths, brightness 0 to 255."""

    hz: float | None
    sharpness: int
    brightness: int


class CameraCheck:
    """The camera, by its own frames or by the eye's word."""

    name = "camera"
    after: tuple[str, ...] = ("kiosk.silent",)

    def __init__(
        self,
        account: Account,
        build: Callable[[], Camera],
        wanted_hz: float | None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = account
        self._build = build
        self._wanted_hz = wanted_hz
        self._monotonic_s = monotonic_s

    def __call__(self) -> Iterable[Observation]:
        """Look through the camera, or ask who does."""
        word = self._account.word
        if word is None and self._account.runs:
            yield skipped(self.name, "the running kiosk has the camera, and says nothing yet")
            return
        if word is not None:
            eye = word.eye
            if eye is None:
                yield skipped(self.name, "the running kiosk has not heard of its eye")
            elif not eye.camera_ok or "camera" in word.faults:
                yield LOST.found("the eye says that no frame comes")
            else:
                yield self._judged(Look(eye.frames_hz, eye.sharpness or 0, eye.brightness or 0))
            return
        try:
            yield self._judged(self._look())
        except _Frozen:
            yield FROZEN.found("the frames do not change, and neither does the sensor's clock")
        except KioskError as error:
            yield LOST.found(str(error))

    def _look(self) -> Look:
        """Return what the camera gives within `LOOK_S`."""
        with closing(self._build()) as camera:
            liveness = Liveness(FROZEN_S, has_sensor=camera.has_sensor)
            # The first frame may take its time; the others are counted.
            frame = camera.capture(FRAME_PATIENCE_S)
            began_s, seen, looks = self._monotonic_s(), 0, [measure(frame)]
            while self._monotonic_s() - began_s < LOOK_S:
                frame = camera.capture(FRAME_PATIENCE_S)
                try:
                    liveness.check(frame)
                except KioskError:
                    raise _Frozen from None
                seen += 1
                looks.append(measure(frame))
            hz = seen / max(self._monotonic_s() - began_s, 1e-9)
        # Automatic exposure settles over the first frames.
        settled = looks[len(looks) // 2 :]
        return Look(
            hz,
            round(statistics.median(sharpness for sharpness, _ in settled)),
            round(statistics.median(brightness for _, brightness in settled)),
        )

    def _judged(self, look: Look) -> Observation:
        """Return the first thing that is wrong with a look: the others follow from it."""
        rate = "rate not known yet" if look.hz is None else f"{look.hz:.1f} frames a second"
        what = f"{rate}, sharpness {look.sharpness}, brightness {look.brightness}"
        if look.brightness < DARK:
            return TOO_DARK.found(what)
        if look.brightness > BRIGHT:
            return TOO_BRIGHT.found(what)
        if look.sharpness < BLURRED:
            return NO_EDGES.found(what)
        if None not in (look.hz, self._wanted_hz) and self._is_slow(look.hz or 0.0):
            return SLOW.found(f"{what}; asked for {self._wanted_hz:g} frames a second")
        return fine(self.name, what)

    def _is_slow(self, hz: float) -> bool:
        # An eye looks at fewer frames than the camera gives, and that is well.
        wanted_hz = self._wanted_hz or 0.0
        return hz < SLOW_PART * min(wanted_hz, 10.0 if self._account.word else wanted_hz)


class _Frozen(Exception):  # noqa: N818 - names a state of the world
    """The frames stand still."""
