"""The settings of a kiosk: a TOML file, overridden by the environment, checked as a whole.

Everything wrong is found in one go and said in one line each, with file, line, key, value and fix.
Nothing here acts: no device is opened, no connection made. The key file is read, because a kiosk
without its key is not set up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from kiosk.app import adapters
from kiosk.app.choice import Chosen, check_many, check_one, chosen_many, chosen_one
from kiosk.app.credentials import with_credentials
from kiosk.app.enrolment_checks import check_enrolment
from kiosk.app.eye_settings import (
    CAMERA_REQUIRED,
    SECTIONS,
    Eye,
    EyeSettings,
    Log,
    eye_settings,
    load_eye,
)
from kiosk.app.identity_checks import Secrets, check_identity
from kiosk.app.lists_checks import check_signers
from kiosk.app.onboarding_section import NotOnboarded, Onboarding, Unprovisioned, check_code, opened
from kiosk.app.reading import Origin, Reading
from kiosk.app.rules_section import VenueRules, check_rules
from kiosk.app.sections import (
    Commands,
    Courier,
    Door,
    Enrolment,
    Gpio,
    Identity,
    Indicators,
    Kiosk,
    Lists,
    Payloads,
)
from kiosk.app.settings_checks import check_formats, check_pins

__all__ = [
    "SECTIONS",
    "Chosen",
    "EyeSettings",
    "Loaded",
    "Origin",
    "Settings",
    "load_eye",
    "load_kiosk",
    "load_run",
    "load_settings",
]

DEFAULT_PATH = Path("/etc/kiosk/config.toml")
DEFAULT_CLOCK = "system"

REQUIRED = {
    "kiosk": 'site = "hk-042", device = "door-1" and direction = "in"',
    "identity": 'site_key_file = "/var/lib/kiosk/site.key"',
    "camera": CAMERA_REQUIRED,
    "gpio": 'pins = "lgpio"',
    "outbox": 'kind = "sqlite" and path = "/var/lib/kiosk/outbox.db"',
    "uplink": 'kind = "mqtt" and host = "127.0.0.1"',
}
"""The sections that a file must have, and what to write into them."""

OWN_SECTIONS: dict[str, type[BaseModel]] = {
    "kiosk": Kiosk,
    "identity": Identity,
    "eye": Eye,
    "payloads": Payloads,
    "rules": VenueRules,
    "door": Door,
    "gpio": Gpio,
    "indicators": Indicators,
    "courier": Courier,
    "lists": Lists,
    "commands": Commands,
    "enrolment": Enrolment,
    "onboarding": Onboarding,
    "log": Log,
}
ONE_ADAPTER = {
    "camera": adapters.CAMERAS,
    "outbox": adapters.OUTBOXES,
    "uplink": adapters.UPLINKS,
    "clock": adapters.CLOCKS,
}
"""Sections whose `kind` names their adapter."""
MANY_ADAPTERS = {"eye": ("decoders", adapters.DECODERS), "indicators": ("use", adapters.INDICATORS)}
"""Sections that list their adapters under a key; each has a section of its own below."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the kiosk process is told. `secrets`: what the files of `[identity]` hold."""

    kiosk: Kiosk
    identity: Identity
    secrets: Secrets
    eye: Eye
    payloads: Payloads
    rules: VenueRules
    door: Door
    gpio: Gpio
    indicators: tuple[Chosen, ...]
    outbox: Chosen
    uplink: Chosen
    enrolment: Enrolment
    onboarding: Onboarding
    courier: Courier
    lists: Lists
    commands: Commands
    clock: Chosen
    log: Log


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings of both processes, and for each key (`uplink.host`) where its value is from."""

    settings: Settings
    eye: EyeSettings
    origins: Mapping[str, Origin]


def load_settings(path: Path, environ: Mapping[str, str]) -> Loaded:
    """Return the settings in the file at `path`, overridden by `environ`.

    Raises:
        SettingsError: They cannot be used. Each line of the message is one problem.
    """
    reading = opened(path, with_credentials(environ))
    secrets = _check_kiosk(reading, (*ONE_ADAPTER, *MANY_ADAPTERS))
    if reading.waits_for_code:
        raise NotOnboarded(path)
    return Loaded(_settings(reading, secrets), eye_settings(reading), _dotted(reading))


def load_kiosk(path: Path, environ: Mapping[str, str]) -> Settings:
    """Return what the kiosk process is told. Camera and decoders are not imported here.

    The process that holds the keys loads no parser of pictures; the eye checks those sections.

    Raises:
        SettingsError: They cannot be used, or the rest of them comes with an onboarding code.
    """
    found = load_run(path, environ)
    if isinstance(found, Unprovisioned):
        raise NotOnboarded(path)
    return found


def load_run(path: Path, environ: Mapping[str, str]) -> Settings | Unprovisioned:
    """Return what the kiosk process is told, whether it is a door or waits for a code.

    Raises:
        SettingsError: They cannot be used.
    """
    reading = opened(path, with_credentials(environ))
    reading.unread.add(("camera",))
    decoders = adapters.names(adapters.DECODERS)
    reading.unread.update(("eye", name) for name in decoders)
    own = {k: v for k, v in (reading.raw(("eye",)) or {}).items() if k not in decoders}
    reading.check(("eye",), Eye, values=own, beside=decoders)
    secrets = _check_kiosk(reading, (*(n for n in ONE_ADAPTER if n != "camera"), "indicators"))
    return _unprovisioned(reading) if reading.waits_for_code else _settings(reading, secrets)


def _check_kiosk(reading: Reading, adapted: tuple[str, ...]) -> Secrets:
    reading.check_sections(SECTIONS)
    missing = {name for name, add in REQUIRED.items() if reading.is_missing(name, add)}
    by_others = {"identity", *MANY_ADAPTERS}
    for name, model in OWN_SECTIONS.items():
        if name not in by_others:
            reading.check((name,), model)
    secrets = None if "identity" in missing else check_identity(reading)
    _check_adapters(reading, adapted)
    used = reading.checked.get(("indicators",))
    if isinstance(used, Indicators):
        parts = [("indicators", name) for name in dict.fromkeys(used.use)]
        check_pins(reading, [*parts, ("gpio",)])
    check_formats(reading)
    check_rules(reading)
    check_signers(reading)
    check_enrolment(reading)
    check_code(reading)
    reading.finish()
    if secrets is None:
        raise AssertionError("a missing key is a problem, and problems were raised")
    return secrets


def _check_adapters(reading: Reading, sections: tuple[str, ...]) -> None:
    for name in sections:
        if name in MANY_ADAPTERS:
            field, package = MANY_ADAPTERS[name]
            check_many(reading, name, field, package, OWN_SECTIONS[name], spare=name == "eye")
        elif (name,) not in reading.unread:
            default = DEFAULT_CLOCK if name == "clock" else None
            check_one(reading, name, ONE_ADAPTER[name], default)


def _settings(reading: Reading, secrets: Secrets) -> Settings:
    return Settings(
        kiosk=reading.take(("kiosk",), Kiosk),
        identity=reading.take(("identity",), Identity),
        secrets=secrets,
        eye=reading.take(("eye",), Eye),
        payloads=reading.take(("payloads",), Payloads),
        rules=reading.take(("rules",), VenueRules),
        door=reading.take(("door",), Door),
        gpio=reading.take(("gpio",), Gpio),
        indicators=chosen_many(reading, "indicators", *MANY_ADAPTERS["indicators"]),
        outbox=chosen_one(reading, "outbox", adapters.OUTBOXES),
        uplink=chosen_one(reading, "uplink", adapters.UPLINKS),
        enrolment=reading.take(("enrolment",), Enrolment),
        onboarding=reading.take(("onboarding",), Onboarding),
        courier=reading.take(("courier",), Courier),
        lists=reading.take(("lists",), Lists),
        commands=reading.take(("commands",), Commands),
        clock=chosen_one(reading, "clock", adapters.CLOCKS, DEFAULT_CLOCK),
        log=reading.take(("log",), Log),
    )


def _unprovisioned(reading: Reading) -> Unprovisioned:
    return Unprovisioned(
        reading.take(("onboarding",), Onboarding),
        reading.take(("enrolment",), Enrolment),
        reading.take(("identity",), Identity),
        reading.take(("eye",), Eye),
        reading.take(("gpio",), Gpio),
        chosen_many(reading, "indicators", *MANY_ADAPTERS["indicators"]),
        chosen_one(reading, "clock", adapters.CLOCKS, DEFAULT_CLOCK),
        reading.take(("log",), Log),
    )


def _dotted(reading: Reading) -> dict[str, Origin]:
    order = {name: place for place, name in enumerate(SECTIONS)}
    keys = sorted(reading.origins, key=lambda key: order[key[0]])
    return {".".join(key): reading.origins[key] for key in keys}
