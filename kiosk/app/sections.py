"""The sections of the settings file that belong to the kiosk itself, not to an adapter.

Each field says in its description what it does, in its name its unit and in its constraints its
range: the messages of `kiosk config check` and the generated reference are made from them.
"""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from kiosk.app.config_fields import Allowed
from kiosk.door.event import TopicLevel
from kiosk.door.machine import Passing
from kiosk.identity.periods import LONGEST_PERIOD_DAYS
from kiosk.indicators import BcmPin, PinRole
from kiosk.uplink.delivery.pace import DRAIN_HZ

SITE_KEY_HEX = 64
"""32 bytes: the output length of the hash under it."""

_HEX = re.compile(r"[0-9a-fA-F]{64}")

_Level = Annotated[TopicLevel, Allowed("1 to 63 lower-case letters, digits and hyphens")]


def check_site_key(text: str) -> None:
    """Refuse what is no site key; says only how long it is.

    Raises:
        ValueError: It is not 64 hex digits.
    """
    if not _HEX.fullmatch(text):
        raise ValueError(f"is {len(text)} characters long and must be {SITE_KEY_HEX} hex digits")


def _site_key(value: SecretStr) -> SecretStr:
    check_site_key(value.get_secret_value())
    return value


_SiteKey = Annotated[SecretStr, AfterValidator(_site_key), Allowed("64 hex digits")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kiosk(_Section):
    """Which door this is."""

    site: _Level = Field(description="The venue; a level of every topic.", examples=["hk-042"])
    device: _Level = Field(
        description="This door, unique at its venue; a level of every topic.", examples=["door-1"]
    )
    direction: Passing = Field(
        description="Which way people pass here; `toggle` counts each person in, then out.",
        examples=["in"],
    )


class Identity(_Section):
    """The keys under which people become handles. Exactly one of `site_key` and `site_key_file`."""

    site_key: _SiteKey | None = Field(
        default=None,
        description="The venue's key, the same at all its doors: 32 bytes in hex. It has no "
        "periods: for trials only.",
    )
    site_key_file: Path | None = Field(
        default=None,
        description="A file that holds the venue's key and nothing else, made by `kiosk-provision "
        "keys kiosk`. The kiosk replaces it when a period ends, so it lies in a folder that the "
        "kiosk may write.",
    )
    period_days: int = Field(
        default=14,
        ge=1,
        le=LONGEST_PERIOD_DAYS,
        description="Days; how long a person keeps the same handle. As the key file says.",
    )
    authority_key_file: Path | None = Field(
        default=None,
        description="The tracing authority's public key, to which each identity is sealed; absent: "
        "`sealed` is null.",
    )
    recovery_key_file: Path | None = Field(
        default=None,
        description="A second public key, for the day on which the authority has lost its own.",
    )
    device_key_file: Path = Field(
        default=Path("/var/lib/kiosk/device.key"),
        description="This kiosk's own key, made at the first start; never leaves the device.",
    )

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if (self.site_key is None) == (self.site_key_file is None):
            raise ValueError(
                "give exactly one of site_key and site_key_file"
                ' (site_key_file = "/var/lib/kiosk/site.key", made by kiosk-provision keys kiosk)'
            )
        return self

    @model_validator(mode="after")
    def _recovery_is_second(self) -> Self:
        if self.recovery_key_file is not None and self.authority_key_file is None:
            raise ValueError("recovery_key_file is given without authority_key_file; give both")
        return self


class Payloads(_Section):
    """Which cards are read."""

    accept: tuple[str, ...] = Field(
        default=("cccd",),
        min_length=1,
        description="Formats that open this door: file names in `kiosk/payloads`.",
    )


class Door(_Section):
    """How long things last at this door."""

    hold_off_s: float = Field(
        default=2.5,
        ge=0.5,
        le=30,
        description="Seconds; a card unseen for so long was taken away.",
    )
    repeat_s: float = Field(
        default=10.0,
        ge=0,
        le=600,
        description="Seconds since it was last seen, in which the same card is answered "
        '"already recorded".',
    )
    background_s: float = Field(
        default=60.0,
        ge=10,
        le=3600,
        description="Seconds; a code that has not moved for so long belongs to the room.",
    )
    stay_max_s: float = Field(
        default=43200.0,
        ge=60,
        le=604800,
        description="Seconds; the longest stay that is believed: by a toggling door, and by `soft` "
        "and `hard` anti-passback.",
    )
    unlock_s: float = Field(
        default=3.0,
        ge=0.1,
        le=60,
        description="Seconds; how long the relay lets the door be opened.",
    )


class Gpio(_Section):
    """How the pins of the header are driven."""

    pins: Literal["mock", "lgpio"] = Field(
        description="`lgpio` on a Pi; `mock` anywhere else: the same program without a header.",
        examples=["lgpio"],
    )
    button_pin: Annotated[BcmPin | None, PinRole("button")] = Field(
        default=None,
        description="GPIO of a button inside the box: a press shows every signal in turn; held "
        "from power-on it asks for an onboarding code, and while it is down a phone's Wi-Fi code "
        "is joined. Unset: there is none.",
    )


class Courier(_Section):
    """How events leave."""

    drain_hz: float = Field(
        default=DRAIN_HZ,
        ge=0.1,
        le=10_000,
        description="Events a second that leave while a queue of them is worked off; what the "
        "operator signs and retains at `kiosk/v1/config/drain` overrules it.",
    )
    start_spread_s: float = Field(
        default=0.0,
        ge=0,
        le=900,
        description="Seconds; the first connection after a start waits a random part of them, so "
        "that a district whose power returns does not arrive at once.",
    )
    status_interval_s: float = Field(
        default=10.0,
        ge=10,
        le=3600,
        description="Seconds; so often at least the status is published, and so old are its counts "
        "and ages then. What changes in kind (a fault, trouble, a list) is told at once, whatever "
        "this is.",
    )


class Lists(_Section):
    """What the operator tells all doors: issuers, revoked cards, declared and barred people."""

    folder: Path = Field(
        default=Path("/var/lib/kiosk/lists"),
        description="Where the lists are kept: a folder that the kiosk may write.",
    )
    signers: tuple[Path, ...] = Field(
        default=(),
        max_length=8,
        description="Files with the operator's public keys, made by `kiosk-provision lists key`; "
        "none: no list and no drain rate is taken.",
    )
    max_entries: int = Field(
        default=2_000_000,
        ge=1,
        le=4_000_000,
        description="Entries; a longer list is refused. Each takes 7 to 11 bytes of memory.",
    )


class Enrolment(_Section):
    """How the certificate for the broker is got and renewed."""

    server: str | None = Field(
        default=None,
        pattern=r"^https://[A-Za-z0-9.\[\]:-]{1,253}$",
        description="The enrolment server, `https://HOST:PORT`, which renews the certificate; "
        "absent: nobody does.",
    )
    key_file: Path = Field(
        default=Path("/var/lib/kiosk/enrolled.key"),
        description="This kiosk's key with its certificate, in a folder that the kiosk may write: "
        "the same file as `uplink.cert_file` and `uplink.key_file`.",
    )
    ca_file: Path = Field(
        default=Path("/etc/kiosk/ca.pem"),
        description="The fleet's root certificate, by which the enrolment server is known.",
    )


class Commands(_Section):
    """What the operator tells this kiosk alone: find it, test its lights, turn it, restart it."""

    signers: tuple[Path, ...] = Field(
        default=(),
        max_length=8,
        description="Files with the public keys of those who may command this kiosk, made by "
        "`kiosk-provision command key`; none: no command is taken.",
    )
    direction_file: Path = Field(
        default=Path("/var/lib/kiosk/direction.json"),
        description="Where the direction is kept that the operator has told; it holds, while there "
        "are `signers`, until he takes it back or `kiosk.direction` is set otherwise. It lies in a "
        "folder that the kiosk may write.",
    )


class Indicators(_Section):
    """How the door answers; the settings of an indicator stand in `[indicators.NAME]`."""

    use: tuple[str, ...] = Field(
        default=("led", "buzzer"),
        min_length=1,
        description="Indicators of this door: file names in `kiosk/indicators`.",
    )
