"""From the settings to the checks of `kiosk doctor`: what each of them is given to look at.

Settings that cannot be used are a finding like any other; the checks that need none run all the
same.
"""

import os
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kiosk.app.button import listen
from kiosk.app.config_problems import one_line
from kiosk.app.credentials import DIRECTORY
from kiosk.app.identity_checks import left_out
from kiosk.app.lists_thread import keeper_of
from kiosk.app.onboarding_section import NotOnboarded
from kiosk.app.settings import Chosen, Loaded, Settings, load_settings
from kiosk.app.status import OFFLINE
from kiosk.app.status_file import status_path
from kiosk.app.wiring import build_indicators, pin_factory
from kiosk.app.wiring_plan import Row, rows_of
from kiosk.clock import Clock
from kiosk.doctor import Check, Observation, indicators, skipped
from kiosk.doctor.account import Account, KioskCheck, account
from kiosk.doctor.broker import BrokerCheck, Target
from kiosk.doctor.button import Button, ButtonCheck
from kiosk.doctor.camera import CameraCheck
from kiosk.doctor.clock import ClockCheck, Happened
from kiosk.doctor.disk import DiskCheck, WearCheck
from kiosk.doctor.eye import EyeCheck
from kiosk.doctor.keys import KeyFiles, KeysCheck, issued_at
from kiosk.doctor.lists import Held, ListsCheck
from kiosk.doctor.machine import Machine
from kiosk.doctor.mqtt_probe import Login
from kiosk.doctor.network import NetworkCheck
from kiosk.doctor.outbox import OutboxCheck
from kiosk.doctor.power import HeatCheck, PowerCheck
from kiosk.doctor.services import ServicesCheck
from kiosk.doctor.settings import SettingsCheck
from kiosk.doctor.versions import VersionsCheck
from kiosk.door.event import source_of
from kiosk.errors import KioskError, SettingsError
from kiosk.eye.cameras import Camera
from kiosk.indicators import Indicator

DEFAULT_STATUS = Path("run/kiosk/status.json")
"""Where a kiosk's copy is that was installed as the example says; below the machine's root."""
CREDENTIALS = ("run/credentials/kiosk.service", "etc/credstore")
"""Where a technician as root finds what the unit is given."""
_OF_LIGHTS = {
    "led": (indicators.GREEN, indicators.RED),
    "buzzer": (indicators.BUZZER,),
    "relay": (indicators.RELAY,),
}
_WORDS_OF_PARTS = {"green light": "green", "red light": "red"}
_CODE_TEXT = "door kiosk: the decoders read this"


@dataclass(frozen=True, slots=True)
class Visit:
    """What a doctor comes with: which settings, which machine, and somebody to ask."""

    config: Path
    environ: Mapping[str, str] = field(repr=False)
    machine: Machine
    ask: indicators.Ask
    is_root: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of reading the settings: all of them, or what is wrong with them."""

    loaded: Loaded | None
    problems: tuple[str, ...]
    account: Account
    waits: bool = False


def look_up(visit: Visit) -> Seen:
    """Read the settings as the kiosk's own unit would, and what the running kiosk says."""
    loaded: Loaded | None = None
    problems: tuple[str, ...] = ()
    waits = False
    try:
        loaded = load_settings(visit.config, with_unit_credentials(visit))
    except NotOnboarded as error:
        waits, problems = True, (str(error),)
    except SettingsError as error:
        problems = tuple(str(error).splitlines())
    except Exception as error:  # noqa: BLE001 - a library that fails when it is loaded, say
        # Its text could hold a value.
        problems = (f"{visit.config}: reading them failed: {type(error).__name__}",)
    path = visit.machine.root / DEFAULT_STATUS if loaded is None else status_path(loaded.settings)
    return Seen(loaded, problems, account(path, visit.machine, time.monotonic), waits)


def with_unit_credentials(visit: Visit) -> dict[str, str]:
    """Return the environment, naming the credentials' folder where it does not and there is one."""
    environ = dict(visit.environ)
    if not environ.get(DIRECTORY):
        for place in CREDENTIALS:
            folder = visit.machine.root / place
            try:
                if any(folder.iterdir()):
                    environ[DIRECTORY] = str(folder)
                    break
            except OSError:
                continue
    return environ


def checks_of(visit: Visit, seen: Seen) -> Sequence[Check]:
    """Return the checks, in the order of a report: what explains other faults comes first."""
    machine, known = visit.machine, seen.account
    around: list[Check] = [
        VersionsCheck(machine, known),
        ServicesCheck(machine),
        KioskCheck(known),
        PowerCheck(machine),
        HeatCheck(machine),
        WearCheck(machine),
    ]
    name = one_line(str(visit.config))
    problems = [one_line(problem) for problem in seen.problems]
    if seen.loaded is None:
        settings_check = SettingsCheck(name, problems, {}, is_root=visit.is_root, waits=seen.waits)
        return [settings_check, *around, _Unexamined()]
    settings = seen.loaded.settings
    key = settings.secrets.site_key
    without = {**seen.loaded.eye.without, **left_out(settings.identity, key)}
    return [
        SettingsCheck(name, problems, without, is_root=visit.is_root),
        *around,
        *_own_checks(visit, seen.loaded, known),
    ]


def _own_checks(visit: Visit, loaded: Loaded, known: Account) -> Iterable[Check]:
    settings, machine = loaded.settings, visit.machine
    clock: Clock = settings.clock.load().build(settings.clock.settings)
    outbox = settings.outbox.settings
    path = getattr(outbox, "path", None)
    target = _target(settings)
    host, port = (None, 0) if target is None else (target.host, target.port)
    files = key_files(settings)
    camera = loaded.eye.camera
    return (
        ClockCheck(clock, _happened(settings, files), machine),
        DiskCheck(path, known, machine),
        OutboxCheck(path, getattr(outbox, "max_mb", None)),
        KeysCheck(settings.secrets.site_key, files, clock, known),
        NetworkCheck(host, port, machine),
        BrokerCheck(target, known),
        ListsCheck(
            lambda: _held(settings),
            clock,
            has_signers=bool(settings.lists.signers),
            accepted=settings.payloads.accept,
        ),
        CameraCheck(known, _builder(camera), getattr(camera.settings, "fps", None)),
        _eye_check(loaded, known),
        indicators.IndicatorsCheck(
            known,
            lambda: _indicators(settings),
            _parts(settings),
            visit.ask,
        ),
        ButtonCheck(known, _button(settings), _wires(rows_of(settings), "button"), visit.ask),
    )


def _builder(chosen: Chosen) -> Callable[[], Camera]:
    # The family's contract suite holds every adapter to it.
    return lambda: chosen.load().build(chosen.settings)


def _eye_check(loaded: Loaded, known: Account) -> EyeCheck:
    # Loaded here: only what looks at pictures needs them, and they take their time on a Pi.
    from kiosk.app.eye_process import build_look  # noqa: PLC0415 - see above
    from kiosk.eye.frame import Frame  # noqa: PLC0415 - see above
    from kiosk.eye.scenes import Scene, SceneCode, draw  # noqa: PLC0415 - see above

    def drawn() -> Frame:
        picture = draw(Scene(codes=(SceneCode(text=_CODE_TEXT),)), (640, 480), 1)
        width_px, height_px = picture.size
        return Frame(picture.tobytes(), width_px, height_px, width_px, 0, 0)

    def read(frame: Frame) -> int:
        return sum(symbol.payload is not None for symbol in build_look(loaded.eye).read(frame))

    return EyeCheck(known, drawn, read)


def _held(settings: Settings) -> Held:
    """Return the lists on the disk; a damaged file stays where it is."""
    keeper = keeper_of(settings)
    keeper.load(mend=False)
    book = keeper.book()
    return Held(book.versions, book.troubles)


def _indicators(settings: Settings) -> Sequence[Indicator]:
    """Return the indicators, all of them off."""
    # lgpio leaves its pipes in the working directory, which is whatever a technician stands in.
    os.environ.setdefault("LG_WD", tempfile.gettempdir())
    return build_indicators(settings, pin_factory(settings.gpio.pins))


def _parts(settings: Settings) -> list[indicators.Part]:
    """Return what this door's indicators have, and where each is wired."""
    rows = rows_of(settings)
    found = []
    for chosen in settings.indicators:
        for part in _OF_LIGHTS.get(chosen.kind, ()):
            word = _WORDS_OF_PARTS.get(part.name, part.name)
            found.append(replace(part, wires=_wires(rows, word)))
    return found


def _wires(rows: Iterable[Row], word: str) -> str:
    """Return where the pins are whose role has this word."""
    return "; ".join(
        f"GPIO{row.bcm}, pin {row.header_pin} of the header, ground at {row.ground_pin}"
        for row in rows
        if word in row.role.lower()
    )


def _button(settings: Settings) -> Callable[[], Button] | None:
    """Return what takes the button's pin; None where this door has no button."""
    pin = settings.gpio.button_pin
    return None if pin is None else lambda: listen(pin, pin_factory(settings.gpio.pins), None)


def key_files(settings: Settings) -> KeyFiles:
    """Return where this kiosk's keys lie."""
    uplink = settings.uplink.settings
    return KeyFiles(
        site=settings.identity.site_key_file,
        device=settings.identity.device_key_file,
        certificate=getattr(uplink, "cert_file", None),
        private=getattr(uplink, "key_file", None),
        authority=getattr(uplink, "ca_file", None),
    )


def _happened(settings: Settings, files: KeyFiles) -> list[Happened]:
    """Return what the clock cannot be earlier than."""
    certificates = {"the kiosk's certificate": files.certificate, "ca_file": files.authority}
    found = [
        Happened(what, at.timestamp())
        for what, path in certificates.items()
        if (at := issued_at(path)) is not None
    ]
    try:
        versions = _held(settings).versions if settings.lists.signers else {}
    except KioskError:
        return found  # the check of the lists says what is wrong with them
    return [*found, *(Happened(f"the list {n}", float(v.issued_s)) for n, v in versions.items())]


def _target(settings: Settings) -> Target | None:
    """Return how to speak with the broker; None for an uplink without one."""
    if settings.uplink.kind != "mqtt":
        return None
    from kiosk.uplink import mqtt  # noqa: PLC0415 - only where it is in use

    uplink = settings.uplink.settings
    if not isinstance(uplink, mqtt.Settings):
        raise TypeError("the uplink mqtt has settings of another kind")
    source = source_of(settings.kiosk.site, settings.kiosk.device)
    password = None if uplink.password is None else uplink.password.get_secret_value()
    login = Login(f"{source.replace('/', '_')}_doctor", uplink.username, password)

    def tls() -> ssl.SSLContext:
        return mqtt.context_of(uplink)

    return Target(uplink.host, uplink.port, source, login, tls if uplink.tls else None, OFFLINE)


class _Unexamined:
    """Says that the rest waits for settings that can be used."""

    name = "others"
    after: tuple[str, ...] = ()

    def __call__(self) -> Iterable[Observation]:
        """Tell so."""
        yield skipped(self.name, "not examined until the settings can be used")
