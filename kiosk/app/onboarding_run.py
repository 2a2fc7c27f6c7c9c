"""Puts an onboarding together, runs it, and takes it apart: a kiosk without outbox and uplink."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from kiosk.app.inbox import Inbox
from kiosk.app.logs import Log
from kiosk.app.notify import Notify
from kiosk.app.onboarding_loop import Onboarder, Parts, Trust
from kiosk.app.onboarding_section import Unprovisioned, onboarded_at
from kiosk.app.onboarding_work import Places, Work, Worker
from kiosk.app.orders import EXIT_RESTART
from kiosk.app.player import Player
from kiosk.app.settings import Settings
from kiosk.app.wifi_mending import mending
from kiosk.app.wiring import build, listen_for_eye, make_inbox, take_header
from kiosk.clock import Clock
from kiosk.durable import replace_file
from kiosk.errors import OnboardingError, SettingsError
from kiosk.lists.signers import signers_in
from kiosk.network.client import NetworkSocket
from kiosk.onboarding.bootstrap import load_or_make
from kiosk.onboarding.form import KIND, Refusal, Setup
from kiosk.onboarding.kept import KeptCode
from kiosk.onboarding.machine import PATIENCE_S
from kiosk.onboarding.onboarded import MADE_S

_log = Log()

_CLOSE_S = 1.0
_NEVER_UNLOCKED_S = 0.0


def onboard(settings: Settings | Unprovisioned, config: Path, environ: Mapping[str, str]) -> int:
    """Onboard this kiosk; return the exit code.

    Where nobody does it in time, the next start of this boot is the door's, held button or not.

    Raises:
        SettingsError: The settings name something that this machine does not have.
    """
    places = Places(settings.onboarding, settings.enrolment, settings.identity)
    _check_folders(places)
    trust, kept, is_void = _trusted(places)
    if is_void and isinstance(settings, Settings):
        return EXIT_RESTART  # it was why this start is no door's
    inbox = make_inbox()
    with contextlib.ExitStack() as stack:
        # The lights come first and go last: whatever else fails, they are off.
        indicators, button = take_header(stack, settings, environ, None)
        clock: Clock = build(settings.clock)
        player = Player(indicators, clock.monotonic_s, unlock_s=_NEVER_UNLOCKED_S)
        stack.callback(player.close)
        player.start()
        network = NetworkSocket(places.onboarding.network_socket)
        worker = _worker(stack, Work(places, network, clock), clock, inbox)
        heard = stack.enter_context(mending(button, network, player, inbox.post))
        supervisor = stack.enter_context(listen_for_eye(settings.eye, config, environ, heard))
        parts = Parts(
            *(player, clock, supervisor, settings.eye.silent_s, Notify.of(environ), worker, trust),
            code_file=places.onboarding.code_file,
            button_is_down=lambda: button is not None and bool(button.is_pressed),
        )
        ended = Onboarder(parts, _patience_s(settings, kept)).run(inbox, kept)
    _log.info("onboarding over", onboarded=bool(ended))
    if ended is None:
        return inbox.exit_code or 0
    if not ended:
        with contextlib.suppress(OSError):
            replace_file(places.onboarding.passed_file, clock.read().boot.encode())
    return EXIT_RESTART


def _worker(stack: contextlib.ExitStack, work: Work, clock: Clock, inbox: Inbox) -> Worker:
    worker = Worker(work, clock, inbox.post)
    worker.start()
    stack.callback(worker.close, _CLOSE_S)
    return worker


def _trusted(places: Places) -> tuple[Trust, Setup | None, bool]:
    """Return whose codes are taken, and the code that a power cut has left to go on with.

    Last, whether one was left that does not count any more: it is removed.
    """
    section = places.onboarding
    signers = signers_in(section.signers, KIND)
    try:
        bootstrap = load_or_make(section.bootstrap_key_file)
    except OnboardingError as error:
        raise SettingsError(f"onboarding.bootstrap_key_file: {error}") from error
    left = onboarded_at(section.file)
    trust = Trust(signers, MADE_S if left is None else max(MADE_S, left.issued), bootstrap)
    kept = KeptCode(section.code_file)
    raw = kept.read()
    if raw is None:
        return trust, None, False
    # It was newer than what was known when it was taken, and may have left its settings since.
    found = Trust(signers, MADE_S, bootstrap).read(raw)
    if isinstance(found, Refusal) or (left is not None and found.issued_s < left.issued):
        _log.warning("onboarding", what="the code on the disk does not count any more")
        kept.discard()
        return trust, None, True
    return trust, found, False


def _patience_s(settings: Settings | Unprovisioned, kept: Setup | None) -> float:
    """Return how long to wait: for ever, where there is no door that could start instead."""
    if isinstance(settings, Unprovisioned):
        return float("inf")
    left = onboarded_at(settings.onboarding.file)
    half_done = kept is not None and left is not None and left.is_by(kept)
    return float("inf") if half_done else PATIENCE_S


def _check_folders(places: Places) -> None:
    """Find what could not be written at the end, before anybody shows a code.

    Raises:
        SettingsError: Names the setting.
    """
    files = {
        "onboarding.file": places.onboarding.file,
        "enrolment.key_file": places.enrolment.key_file,
        "enrolment.ca_file": places.enrolment.ca_file,
        "identity.site_key_file": places.identity.site_key_file,
    }
    for name, path in files.items():
        if path is None or os.access(path.parent, os.W_OK):
            continue
        if name in ("enrolment.ca_file", "identity.site_key_file") and path.exists():
            continue  # it was put there beforehand
        raise SettingsError(
            f"{name} = {str(path)!r}: onboarding writes this file, and the kiosk may not write "
            "into its folder; name one in /var/lib/kiosk"
        )
