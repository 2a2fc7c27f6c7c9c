"""The eye's own process: camera and decoders, one thread, and nothing else.

It is started by the kiosk (off the Pi) or by systemd (on it); the code is the same. It reads only
the sections of the settings that are its own.
"""

import ctypes
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from kiosk.app import collector
from kiosk.app.choice import Chosen
from kiosk.app.eye_settings import EyeSettings
from kiosk.app.logs import Log
from kiosk.app.notify import Notify
from kiosk.errors import CameraLost
from kiosk.eye import allocator
from kiosk.eye.cameras import Camera
from kiosk.eye.decoders import Decoder
from kiosk.eye.link import EyeEnd
from kiosk.eye.look import Look
from kiosk.eye.messages import Heartbeat, Hello, Message
from kiosk.eye.supervisor import EXIT_CAMERA_LOST, EXIT_NO_KIOSK, EXIT_PLANNED
from kiosk.eye.watch import Send, Watch

_log = Log()
_PR_SET_PDEATHSIG = 1
_KIOSK_PATIENCE_S = 10.0
_KNOCK_EVERY_S = 0.2


def run_eye(loaded: EyeSettings, socket_path: Path, *, child: bool, stats: bool = False) -> int:
    """Watch until asked to stop, the camera is lost or the kiosk is gone; return the exit code.

    Where no kiosk listens within ten seconds it is `EXIT_NO_KIOSK`.

    `child`: die with the process that started us, even while a decoder hangs. `stats`: tell at the
    end what each way of looking has read.
    """
    allocator.keep_little()
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    # Ctrl-C in a terminal goes to the whole group; the kiosk decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN if child else stop)
    if child:
        _die_with_parent()
    for name, why in loaded.left_out.items():
        _log.warning("decoder left out", decoder=name, why=why)
    look = build_look(loaded)
    try:
        link = knock(socket_path, lambda: stopping)
    except OSError as error:
        return _without_kiosk(socket_path, error)
    if link is None:
        return 0
    try:
        return EXIT_PLANNED if _watch(loaded, look, link, lambda: stopping) else 0
    except CameraLost as error:
        _log.error("camera lost", what=str(error))
        return EXIT_CAMERA_LOST
    except OSError as error:
        _log.info("the kiosk is gone", what=error.strerror)
        return 0
    finally:
        if stats:
            _log.info("reads by way of looking", **look.reads)


def build_look(loaded: EyeSettings) -> Look:
    """Return the look that these settings describe."""
    decoders: list[Decoder] = [chosen.load().build(chosen.settings) for chosen in loaded.decoders]
    return Look(decoders, loaded.eye)


def _watch(loaded: EyeSettings, look: Look, link: EyeEnd, stopping: Callable[[], bool]) -> bool:
    notify = Notify.of(os.environ)
    try:
        camera = open_camera(loaded.camera)
        try:
            collector.leave_what_stays()
            watch = Watch(camera, look, proving(link.send, notify), camera_kind=loaded.camera.kind)
            return watch.run(stopping)
        finally:
            camera.close()
    finally:
        link.close()
        notify.stopping()


def open_camera(chosen: Chosen) -> Camera:
    """Return the camera that was chosen, and say what is odd about it.

    Raises:
        CameraLost: There is none, or it does not start.
        SettingsError: It cannot use its settings.
    """
    camera: Camera = chosen.load().build(chosen.settings)
    if camera.remark is not None:
        _log.warning("camera", what=camera.remark)
    return camera


def proving(send: Send, notify: Notify) -> Send:
    """Return a `send` that proves the eye's work to the service manager as well.

    A heartbeat is sent only while frames are looked at, or to say that the camera is lost: what
    hangs sends none. It counts once the kiosk's end has taken it.
    """

    def send_and_prove(message: Message) -> None:
        send(message)
        if isinstance(message, Hello):
            notify.ready()
            notify.status("watching")
        elif isinstance(message, Heartbeat):
            notify.feed()

    return send_and_prove


def knock(path: Path, stopping: Callable[[], bool]) -> EyeEnd | None:
    """Return the connection to the kiosk, which systemd may start a moment after us.

    None: we were asked to stop before there was one.

    Raises:
        OSError: There is no kiosk.
    """
    for _ in range(round(_KIOSK_PATIENCE_S / _KNOCK_EVERY_S)):
        try:
            return EyeEnd(path)
        except OSError:
            if stopping():
                return None
            threading.Event().wait(_KNOCK_EVERY_S)
    return EyeEnd(path)


def _without_kiosk(path: Path, error: OSError) -> int:
    """Say in one line that nobody listens; return the exit code.

    It is not 0: for systemd that would be a service that was never ready and broke its word.
    """
    _log.warning(
        "no kiosk",
        what=f"{path}: {error.strerror}; start kiosk.service, with the same eye.socket, and let "
        "this user be in group kiosk-link",
    )
    return EXIT_NO_KIOSK


def _die_with_parent() -> None:
    # Source: prctl(2). Without it a hung eye would outlive a killed kiosk and keep the camera.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
