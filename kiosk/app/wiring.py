"""Puts a kiosk together from its settings, runs it, and takes it apart in the right order."""

import contextlib
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from gpiozero.pins import Factory

from kiosk.app import button, collector, pins_off
from kiosk.app.commanding import terms_of
from kiosk.app.conduct import conduct_of
from kiosk.app.daemon import Kiosk
from kiosk.app.enrolment_thread import renewing
from kiosk.app.eye_settings import Eye
from kiosk.app.inbox import ButtonPressed, Inbox
from kiosk.app.keys import key_periods
from kiosk.app.lists_thread import ListsThread, keeper_of
from kiosk.app.logs import Log
from kiosk.app.notify import Notify
from kiosk.app.onboarding_section import Unprovisioned
from kiosk.app.parts import Parts
from kiosk.app.player import Player
from kiosk.app.settings import Chosen, Settings
from kiosk.app.status import OFFLINE
from kiosk.app.status_file import StatusFile, status_path
from kiosk.app.told_direction import Way
from kiosk.app.wifi_mending import mending
from kiosk.clock import Clock
from kiosk.commands.form import KIND, MAX_COMMAND_BYTES, command_topic
from kiosk.commands.judging import Terms
from kiosk.door.event import source_of
from kiosk.errors import SettingsError
from kiosk.eye.link import KioskEnd, Report
from kiosk.eye.supervisor import Supervisor, spawner
from kiosk.indicators import Indicator
from kiosk.lists import Lists
from kiosk.lists.reception import Reception
from kiosk.lists.signers import signers_in
from kiosk.network.client import NetworkSocket
from kiosk.outbox import Outbox
from kiosk.payloads import formats, read
from kiosk.uplink import Commanded, Connected, Uplink, Wanted
from kiosk.uplink.courier import CourierThread, Heard

_log = Log()

EXIT_BUG = 70
"""EX_SOFTWARE of sysexits.h: systemd starts us again."""
_CLOSE_S = 1.0
"""SIGTERM to the end takes at most 2 s; the courier's last words get half of it."""
_EYE_SECTIONS = ("KIOSK_CAMERA__", "KIOSK_EYE__", "KIOSK_LOG__")


def run_kiosk(settings: Settings, config: Path, environ: Mapping[str, str]) -> int:
    """Run until SIGTERM or SIGINT; return the exit code. Lights are off before and after.

    Raises:
        SettingsError: The settings name something that this machine does not have.
    """
    inbox = make_inbox()
    with contextlib.ExitStack() as stack:
        notify = Notify.of(environ)
        # The lights come first and go last: whatever else fails, they are off.
        pressed = partial(inbox.post, ButtonPressed())
        indicators, button = take_header(stack, settings, environ, pressed)
        clock: Clock = build(settings.clock)
        player = Player(indicators, clock.monotonic_s, unlock_s=settings.door.unlock_s)
        stack.callback(player.close)
        source = source_of(settings.kiosk.site, settings.kiosk.device)
        keys = key_periods(settings.identity, settings.secrets, source, clock)
        outbox: Outbox = build(settings.outbox, source)
        stack.callback(outbox.close)
        courier = _courier(settings, source, outbox, clock, inbox)
        listed = _lists(stack, settings, courier, clock, inbox)
        told = _told(settings, source, courier, inbox)
        stack.enter_context(renewing(settings, courier, clock, inbox.post))
        player.start()
        courier.start()
        stack.callback(courier.close, OFFLINE, _CLOSE_S)
        read(b"", formats())  # loads every format now, and not while a card is held up
        network = NetworkSocket(settings.onboarding.network_socket)
        heard = stack.enter_context(mending(button, network, player, inbox.post))
        supervisor = stack.enter_context(listen_for_eye(settings.eye, config, environ, heard))
        status_file = stack.enter_context(contextlib.closing(StatusFile(status_path(settings))))
        parts = Parts(
            *(outbox, courier, player, clock, supervisor, keys, conduct_of(settings)),
            *(settings.eye.silent_s, notify, listed, status_file, *told),
            status_interval_s=settings.courier.status_interval_s,
        )
        code = _run(parts, settings, inbox)
    _log.info("stopped")
    return code


def _run(parts: Parts, settings: Settings, inbox: Inbox) -> int:
    """Turn the door until somebody ends it; return the exit code."""
    collector.leave_what_stays()
    _log.info("starting", site=settings.kiosk.site, device=settings.kiosk.device)
    code = Kiosk(parts).run(inbox)
    parts.notify.stopping()
    return code


def make_inbox() -> Inbox:
    """Return where everybody leaves what they have to say, signals and dying threads too."""
    inbox = Inbox()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _n, _f: inbox.stop(0))
    threading.excepthook = lambda hook: _thread_died(inbox, hook)
    return inbox


def _courier(
    settings: Settings, source: str, outbox: Outbox, clock: Clock, inbox: Inbox
) -> CourierThread:
    """Return what moves rows to the chosen uplink; not started yet."""
    uplink: Uplink = build(settings.uplink, source, OFFLINE)
    return CourierThread(
        outbox.sibling,
        uplink,
        clock.monotonic_s,
        inbox.post,
        reading=clock.read,
        drain_hz=settings.courier.drain_hz,
        start_spread_s=settings.courier.start_spread_s,
    )


def _lists(
    stack: contextlib.ExitStack,
    settings: Settings,
    courier: CourierThread,
    clock: Clock,
    inbox: Inbox,
) -> Lists:
    """Return the lists on the disk; from now on those that the courier hears of are taken too."""
    keeper = keeper_of(settings)
    reception = Reception(keeper, settings.kiosk.site)
    lists = ListsThread(
        keeper, reception, courier.listen, courier.govern, inbox.post, clock.monotonic_s
    )
    courier.heard_by(lists.hear)
    stack.callback(lists.close, _CLOSE_S)
    return lists.start()


def _told(
    settings: Settings, source: str, courier: CourierThread, inbox: Inbox
) -> tuple[Terms | None, Way]:
    """Return whose commands are taken in this start, and the direction that one may have told.

    From now on those that come are handed on; where nobody signs them, none is listened for.
    """
    terms = terms_of(source, signers_in(settings.commands.signers, KIND))
    if terms is None:
        return None, Way(settings.kiosk.direction)
    wanted = Wanted(command_topic(source, "+"), MAX_COMMAND_BYTES, commands=True)

    def hear(item: Heard) -> None:
        if isinstance(item, Connected):
            courier.listen([wanted])
        elif isinstance(item, Commanded):
            inbox.post(item)

    courier.heard_by(hear)
    return terms, Way(settings.kiosk.direction, settings.commands.direction_file)


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


def build_indicators(settings: Settings | Unprovisioned, pins: Factory) -> Sequence[Indicator]:
    """Return the indicators in use, all of them off."""
    return [chosen.load().build(chosen.settings, pins) for chosen in settings.indicators]


def take_header(
    stack: contextlib.ExitStack,
    settings: Settings | Unprovisioned,
    environ: Mapping[str, str],
    pressed: Callable[[], None] | None,
) -> tuple[Sequence[Indicator], Any]:
    """Take the header's pins: return the indicators, all off, and gpiozero's button or None.

    A note is left of how to get everything off at once.
    """
    gpio = settings.gpio
    pins = pin_factory(gpio.pins)
    indicators = build_indicators(settings, pins)
    pins_off.leave_note(pins, environ)
    if gpio.button_pin is None:
        return indicators, None
    listening = button.listen(gpio.button_pin, pins, pressed)
    stack.callback(listening.close)
    return indicators, listening


@contextmanager
def listen_for_eye(
    eye: Eye, config: Path, environ: Mapping[str, str], post: Callable[[Report], None]
) -> Iterator[Supervisor | None]:
    """Listen for the eye; where no socket is named, start our own."""
    with contextlib.ExitStack() as stack:
        path = eye.socket
        own = path is None
        if path is None:
            path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-"))) / "eye"
        try:
            stack.callback(KioskEnd(path, post).close)
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
        supervisor = Supervisor(spawner(command, _eye_environ(environ)), silent_s=eye.silent_s)
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


def build(chosen: Chosen, *arguments: object) -> Any:
    """Return the adapter that was chosen."""
    # The family's Protocol is written at the call; its contract suite holds every adapter to it.
    return chosen.load().build(chosen.settings, *arguments)


def _thread_died(inbox: Inbox, hook: threading.ExceptHookArgs) -> None:
    """End the process on a bug in any thread: half a kiosk looks alive and is not."""
    name = hook.thread.name if hook.thread else "unknown"
    exc_info = (hook.exc_type, hook.exc_value, hook.exc_traceback)
    _log.critical("thread died", thread=name, exc_info=exc_info)
    inbox.stop(EXIT_BUG)
