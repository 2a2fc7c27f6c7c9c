"""What a kiosk says about commands: its replies, and what its status tells whoever signs one."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CommandStatus(_Wire):
    """Commands since this start; whoever signs one needs the nonce."""

    nonce: str = Field(
        pattern=r"^[0-9a-f]{32}$",
        description="Random, and another one after each start: a command names it, and is refused "
        "by every other start.",
    )
    highest: dict[str, int] = Field(
        default={}, description="The highest counter that was taken, by the operator's key."
    )
    done: dict[str, int] = Field(default={}, description="Commands done, by name.")
    refused: dict[str, int] = Field(default={}, description="Commands refused, by reason.")
    dropped: int = Field(
        default=0, description="Commands that came faster than anybody looks at them."
    )


class Reply(_Wire):
    """What a kiosk answers a command; not retained."""

    version: Literal[1] = Field(default=1, description="The major version of this form.")
    to: str | None = Field(
        description="Which command: the first 32 hex digits of its SHA-256; null for one that is "
        "too large to be read."
    )
    name: str = Field(description="The command's name, as in the topic.")
    done: bool = Field(description="Whether it was done.")
    refusal: str | None = Field(default=None, description="Why not, in one word.")
    words: str = Field(description="The same for a person, in one line.")


class KioskSaid(BaseModel):
    """What whoever commands must know of a kiosk's status."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    online: bool
    uptime_s: int = 0
    commands: CommandStatus | None = None


def status_in(body: bytes) -> KioskSaid | None:
    """Return what a kiosk's status says; None where it is none."""
    try:
        return KioskSaid.model_validate_json(body, extra="ignore")
    except ValidationError:
        return None


def reply_in(body: bytes) -> Reply | None:
    """Return what a kiosk replied; None where it is no reply."""
    try:
        return Reply.model_validate_json(body, extra="ignore")
    except ValidationError:
        return None
