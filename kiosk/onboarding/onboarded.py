"""What onboarding leaves: settings of its own, above those of the file.

A door reads them at each start, so this loads nothing that judges codes.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from kiosk.door.event import TopicLevel

if TYPE_CHECKING:
    from kiosk.onboarding.form import Setup

MADE_S = 1_767_225_600
"""2026-01-01: no code for this software is older. Each release moves it on to its day."""
_NOTE = "# Written by onboarding; counts above config.toml. It is no file to edit."


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KioskLayer(_File):
    """Which door this became."""

    site: TopicLevel
    device: TopicLevel


class UplinkLayer(_File):
    """Which broker, always with TLS and the kiosk's own certificate."""

    host: str = Field(min_length=1, max_length=253)
    port: int = Field(ge=1, le=65535)
    tls: Literal[True] = True
    ca_file: str
    cert_file: str
    key_file: str


class EnrolmentLayer(_File):
    """Who renews the certificate."""

    server: str


class Onboarded(_File):
    """The file `onboarded.toml`: sections of the settings, and when its code was issued (UTC s)."""

    issued: int = Field(ge=0)
    kiosk: KioskLayer
    uplink: UplinkLayer
    enrolment: EnrolmentLayer

    @classmethod
    def of(cls, setup: "Setup", *, held: Path, root: Path) -> "Onboarded":
        """Return what a code leaves; `held` is the file of key and certificate."""
        return cls(
            issued=setup.issued_s,
            kiosk=KioskLayer(site=setup.site, device=setup.device),
            uplink=UplinkLayer(
                host=setup.host,
                port=setup.port,
                ca_file=str(root),
                cert_file=str(held),
                key_file=str(held),
            ),
            enrolment=EnrolmentLayer(server=setup.server),
        )

    def is_by(self, setup: "Setup") -> bool:
        """Tell whether this very code has left it."""
        now = (self.issued, self.kiosk.site, self.kiosk.device)
        return now == (setup.issued_s, setup.site, setup.device)

    def text(self) -> str:
        """Return it as TOML, whose values are written as JSON writes them."""
        lines = [_NOTE]
        values = self.model_dump()
        lines += [f"{key} = {json.dumps(v)}" for key, v in values.items() if type(v) is not dict]
        for name, section in values.items():
            if type(section) is dict:
                lines += ["", f"[{name}]"]
                lines += [f"{key} = {json.dumps(value)}" for key, value in section.items()]
        return "\n".join(lines) + "\n"
