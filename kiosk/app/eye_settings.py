"""The settings of the eye: the only sections that it may know, and the adapters that they name.

They stand apart from the others because the eye must hold as little as it can: it never loads what
a door, its keys and its network are described with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kiosk.app import adapters, config_file
from kiosk.app.choice import Chosen, check_many, check_one, chosen_many, chosen_one
from kiosk.app.reading import Reading
from kiosk.eye.look_settings import LookSettings

SECTIONS = (
    *("kiosk", "identity", "camera", "eye", "payloads", "rules", "door", "gpio", "indicators"),
    *("outbox", "uplink", "enrolment", "onboarding", "courier", "lists", "commands", "clock"),
    "log",
)
"""All sections, in the order in which they are shown."""
CAMERA_REQUIRED = 'kind = "picamera2"'
_OWN = ("camera", "eye", "log")


class Eye(LookSettings):
    """How the eye reads; the settings of a decoder stand in `[eye.NAME]`."""

    decoders: tuple[str, ...] = Field(
        default=("zxing", "zbarlight"),
        min_length=1,
        description="Readers, file names in `kiosk/eye/decoders`: the first looks at every frame, "
        "the others take their turn where it reads nothing.",
    )
    silent_s: float = Field(
        default=5.0,
        ge=1,
        le=60,
        description="Seconds; an eye silent for longer is killed and started again.",
    )
    socket: Path | None = Field(
        default=None,
        description="Wait here for an eye that somebody else starts; absent: start our own.",
    )


class Log(BaseModel):
    """What is written to standard error, and what else is said on the spot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["text", "json"] = Field(
        default="text", description="`text` for people, `json` for a collector."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important line that is still written."
    )
    status_file: Path | None = Field(
        default=None,
        description="Where a copy of the status is kept for `kiosk doctor`: in memory, not on a "
        "disk. Absent: `status.json` beside `eye.socket`; without that, nowhere.",
    )


@dataclass(frozen=True, slots=True)
class EyeSettings:
    """What the eye is told: no key, no broker, no queue.

    `left_out`: decoders that are listed and whose library is not here, and what would bring it.
    """

    camera: Chosen
    eye: Eye
    decoders: tuple[Chosen, ...]
    left_out: Mapping[str, str]
    log: Log

    @property
    def without(self) -> dict[str, str]:
        """What the eye could have and has not, by its name, and what would bring it."""
        remark = getattr(self.camera.settings, "remark", None)
        odd = None if remark is None else remark()
        return {**self.left_out, **({} if odd is None else {"square pixels": odd})}


def load_eye(path: Path, environ: Mapping[str, str]) -> EyeSettings:
    """Return only what the eye may know; the other sections are not looked at.

    Raises:
        SettingsError: `[camera]`, `[eye]` or `[log]` cannot be used.
    """
    reading = Reading(config_file.read(path), environ)
    reading.unread.update((name,) for name in SECTIONS if name not in _OWN)
    reading.is_missing("camera", CAMERA_REQUIRED)
    reading.check(("log",), Log)
    if ("camera",) not in reading.unread:
        check_one(reading, "camera", adapters.CAMERAS)
    check_many(reading, "eye", "decoders", adapters.DECODERS, Eye, spare=True)
    reading.finish()
    return eye_settings(reading)


def eye_settings(reading: Reading) -> EyeSettings:
    """Return what the eye is told, from sections that were checked and found right."""
    return EyeSettings(
        camera=chosen_one(reading, "camera", adapters.CAMERAS),
        eye=reading.take(("eye",), Eye),
        decoders=chosen_many(reading, "eye", "decoders", adapters.DECODERS),
        left_out=dict(reading.left_out),
        log=reading.take(("log",), Log),
    )
