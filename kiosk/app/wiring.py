"""Puts a kiosk together from its settings, runs it, and takes it apart in the right order."""

import contextlib
import os
import secrets
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from gpiozero.pins import Factory

from kiosk.app.daemon import Kiosk, Parts
from kiosk.app.inbox import Inbox
from kiosk.app.notify import Notify
from kiosk.app.player import Player
from kiosk.app.record import Keys
from kiosk.app.settings import Chosen, Settings
from kiosk.app.status import OFFLINE
from kiosk.clock import Clock
from kiosk.door.event import source_of
from kiosk.door.machine import Conduct
from kiosk.door.presence import Patience
from kiosk.door.rules import Rules
from kiosk.errors import SettingsError
from kiosk.eye.link import KioskEnd
from kiosk.eye.supervisor import Supervisor, spawner
from kiosk.indicators import Indicator
from kiosk.outbox import Outbox
from kiosk.payloads import formats, read
from kiosk.uplink import Uplink
from kiosk.uplink.courier import CourierThread

_log = structlog.get_logger("kiosk")

EXIT_BUG = 70
"""EX_SOFTWARE of sysexits.h: systemd starts us again."""
_DEVICE_KEY_BYTES = 32
_CLOSE_S = 1.0
"""SIGTERM to the end takes at most 2 s; the courier's last words get half of it."""
_EYE_SECTIONS = ("KIOSK_CAMERA__", "KIOSK_EYE__", "KIOSK_LOG__")


def run_kiosk(settings: Settings, config: Path, environ: Mapping[str, str]) -> int:
    """Run until SIGTERM or SIGINT; return the exit code. Lights are off before and after.

    Raises:
        SettingsError: The settings name something that this machine does not have.
    """
    inbox = Inbox()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _n, _f: inbox.stop(0))
    threading.excepthook = lambda hook: _thread_died(inbox, hook)
    with contextlib.ExitStack() as stack:
        notify = Notify.of(environ)
        # The lights come first and go last: whatever else fails, they are off.
        indicators = build_indicators(settings, pin_factory(settings.gpio.pins))
        clock: Clock = _build(settings.clock)
        player = Player(indicators, clock.monotonic_s, unlock_s=settings.door.unlock_s)
        stack.callback(player.close)
        keys = Keys(
            settings.site_key.get_secret_value(), device_key(settings.identity.device_key_file)
        )
        source = source_of(settings.kiosk.site, settings.kiosk.device)
        outbox: Outbox = _build(settings.outbox, source)
        stack.callback(outbox.close)
        courier = _courier(settings, source, outbox, clock, inbox)
        player.start()
        courier.start()
        stack.callback(courier.close, OFFLINE, _CLOSE_S)
        read(b"", formats())  # loads every format now, and not while a card is held up
        supervisor = stack.enter_context(_eye(settings, config, environ, inbox))
        parts = Parts(
            outbox,
            courier,
            player,
            clock,
            supervisor,
            keys,
            conduct_of(settings),
            settings.eye.silent_s,
            notify,
        )
        _log.info("starting", site=settings.kiosk.site, device=settings.kiosk.device)
        code = Kiosk(parts).run(inbox)
        notify.stopping()
    _log.info("stopped")
    return code


def _courier(
    settings: Settings, source: str, outbox: Outbox, clock: Clock, inbox: Inbox
) -> CourierThread:
    """Return what moves rows to the chosen uplink; not started yet."""
    uplink: Uplink = _build(settings.uplink, source, OFFLINE)
    return CourierThread(
        outbox.sibling,
        uplink,
        clock.monotonic_s,
        inbox.post,
        reading=clock.read,
        drain_hz=settings.courier.drain_hz,
        start_spread_s=settings.courier.start_spread_s,
    )


def conduct_of(settings: Settings) -> Conduct:
    """Return how this door behaves."""
    door = settings.door
    return Conduct(
        Rules(frozenset(settings.payloads.accept)),
        settings.kiosk.direction,
        Patience(door.hold_off_s, door.repeat_s, door.background_s),
        stay_max_s=door.stay_max_s,
    )


def pin_factory(pins: str) -> Factory:
    """Return what drives the header's pins: the real chip, or gpiozero's own mock.

    Raises:
        SettingsError: This machine has no such pins.
    """
    if pins == "mock":
        from gpiozero.pins.mock import MockFactory, MockPWMPin  # noqa: PLC0415 - only when chosen

        return MockFactory(pin_class=MockPWMPin)
    try:
        from gpiozero.pins.lgpio import LGPIOFactory  # noqa: PLC0415 - only when chosen

        return LGPIOFactory()
    except Exception as error:  # lgpio's own error class derives from Exception and nothing else
        raise SettingsError(
            f"gpio.pins = 'lgpio': the header's pins cannot be opened ({error}); on a Pi: "
            "sudo apt install python3-lgpio, and add the user to group gpio; elsewhere: 'mock'"
        ) from error


def build_indicators(settings: Settings, pins: Factory) -> Sequence[Indicator]:
    """Return the indicators in use, all of them off."""
    return [chosen.load().build(chosen.settings, pins) for chosen in settings.indicators]


def device_key(path: Path) -> bytes:
    """Return this kiosk's own key, making it at the first start.

    Raises:
        SettingsError: It cannot be read or made.
    """
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"identity.device_key_file = {str(path)!r}: {error.strerror}; name a file in a folder "
            "that the kiosk may write"
        ) from error
    if len(key) != _DEVICE_KEY_BYTES:
        raise SettingsError(
            f"identity.device_key_file = {str(path)!r}: holds {len(key)} bytes and must hold "
            f"{_DEVICE_KEY_BYTES}; remove the file and a new key is made"
        )
    return key


def _make_key(path: Path) -> None:
    """Leave a whole key at `path`, or nothing: a power cut must not leave half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(_DEVICE_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _eye(
    settings: Settings, config: Path, environ: Mapping[str, str], inbox: Inbox
) -> Iterator[Supervisor | None]:
    """Listen for the eye; where no socket is named, start our own."""
    with contextlib.ExitStack() as stack:
        path = settings.eye.socket
        own = path is None
        if path is None:
            path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-"))) / "eye"
        try:
            stack.callback(KioskEnd(path, inbox.post).close)
        except OSError as error:
            raise SettingsError(
                f"eye.socket = {str(path)!r}: no socket can be made there ({error}); name a path "
                "of at most 107 bytes in a folder that the kiosk may write"
            ) from error
        if not own:
            yield None
            return
        command = [sys.executable, "-m", "kiosk", "eye", "--child"]
        command += ["--config", str(config), "--socket", str(path)]
        supervisor = Supervisor(
            spawner(command, _eye_environ(environ)), silent_s=settings.eye.silent_s
        )
        stack.callback(supervisor.close)
        yield supervisor


def _eye_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Pass on what the eye needs; the keys that an environment may hold are not among it."""
    kept = {
        name: value
        for name, value in environ.items()
        if name in ("PATH", "LANG", "LC_ALL", "TZ", "JOURNAL_STREAM", "PYTHONPATH")
        or name.startswith(_EYE_SECTIONS)
    }
    return {**kept, "PYTHONUNBUFFERED": "1"}


def _build(chosen: Chosen, *arguments: object) -> Any:
    # The family's Protocol is written at the call; its contract suite holds every adapter to it.
    return chosen.load().build(chosen.settings, *arguments)


def _thread_died(inbox: Inbox, hook: threading.ExceptHookArgs) -> None:
    """End the process on a bug in any thread: half a kiosk looks alive and is not."""
    name = hook.thread.name if hook.thread else "unknown"
    exc_info = (hook.exc_type, hook.exc_value, hook.exc_traceback)
    _log.critical("thread died", thread=name, exc_info=exc_info)
    inbox.stop(EXIT_BUG)
