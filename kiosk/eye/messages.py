"""The lines between the eye and the kiosk: one JSON object a line, over a local stream socket.

The kiosk treats what comes over this socket as hostile: the eye parses pictures made by strangers.
Lines are bounded, payloads are at most what a QR symbol can hold, and anything else ends the
connection.
"""

import base64
import binascii
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from kiosk.payloads import MAX_PAYLOAD_BYTES

MAX_LINE_BYTES = 96 * 1024
"""Eight symbols of 7,089 bytes in base64, with their corners."""
MAX_CODES = 8
MAX_SEEN_HZ = 10

_Pixel = Annotated[int, Field(ge=-65536, le=65536)]
_Point = tuple[_Pixel, _Pixel]
_Count = Annotated[int, Field(ge=0, le=2**63 - 1)]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hello(_Line):
    """The eye is up: which camera and which decoders it really has."""

    type: Literal["hello"] = "hello"
    camera: str = Field(max_length=63)
    decoders: tuple[Annotated[str, Field(max_length=63)], ...] = Field(max_length=16)


class Code(_Line):
    """One symbol in a frame; `payload` is base64, or null where it was located but not read."""

    payload: str | None = Field(max_length=4 * ((MAX_PAYLOAD_BYTES + 2) // 3))
    corners: tuple[_Point, _Point, _Point, _Point] | None
    decoder: str = Field(max_length=63)

    @field_validator("payload")
    @classmethod
    def _is_base64(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                base64.b64decode(value, validate=True)
            except binascii.Error:
                raise ValueError("the payload is not base64") from None
        return value

    @property
    def payload_bytes(self) -> bytes | None:
        """The payload, decoded."""
        return None if self.payload is None else base64.b64decode(self.payload)


class Seen(_Line):
    """What one frame held; sent only when it held something, at most 10 times a second."""

    type: Literal["seen"] = "seen"
    captured_ns: _Count
    width_px: Annotated[int, Field(ge=1, le=65536)]
    height_px: Annotated[int, Field(ge=1, le=65536)]
    codes: tuple[Code, ...] = Field(min_length=1, max_length=MAX_CODES)


class Heartbeat(_Line):
    """The eye turned its loop: counts since its start, and what the camera looks like.

    `camera_ok` is False when no frame came within the camera's patience; `frames_read` counts
    frames with at least one symbol read, `codes_read` the symbols in them. `sharpness` is the mean
    absolute difference of neighbouring pixels in tenths, `brightness` the mean luma (0 to 255),
    `symbol_px` the longest side of the last symbol located, 0 where there was none since the last
    heartbeat. `reads` counts, for each way of looking, the frames that it read.
    """

    type: Literal["heartbeat"] = "heartbeat"
    camera_ok: bool
    frames: _Count
    frames_read: _Count
    codes_read: _Count
    pictures_skipped: _Count = 0
    sensor_ns: _Count
    sharpness: Annotated[int, Field(ge=0, le=2550)]
    brightness: Annotated[int, Field(ge=0, le=255)]
    symbol_px: Annotated[int, Field(ge=0, le=65536)] = 0
    reads: dict[Annotated[str, Field(max_length=63)], _Count] = Field(
        default_factory=dict, max_length=32
    )


class Bye(_Line):
    """The eye ends because it planned to, while nobody is in view; another one follows at once."""

    type: Literal["bye"] = "bye"
    why: str = Field(max_length=200)


Message = Hello | Seen | Heartbeat | Bye
_MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


def encode(message: Message) -> bytes:
    """Return the message as one line."""
    return message.model_dump_json().encode() + b"\n"


def decode(line: bytes) -> Message:
    """Return the message that a line holds.

    Raises:
        ValueError: It is too long, no JSON, or no message; the text names no content.

    >>> decode(encode(Hello(camera="replay", decoders=("zxing",)))).camera
    'replay'
    """
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"a line of {len(line)} bytes, more than {MAX_LINE_BYTES}")
    try:
        return _MESSAGE.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        # Neither place nor message: either may repeat what the line said.
        raise ValueError(f"no message: {first['type']}") from None
