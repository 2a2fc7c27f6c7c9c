"""A copy of the status in a file, for whoever stands at the kiosk: `kiosk doctor` reads it.

While a kiosk runs it holds the camera and the header's pins, so that nobody else can look at them;
its own word is what there is. The file lies in memory and holds no more than the status does. It is
replaced whole, names the process that wrote it, and is removed when that process ends in order.
"""

import contextlib
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kiosk.app.logs import Log
from kiosk.app.settings import Settings
from kiosk.app.status import Status

_log = Log()

_NAME = "status.json"
_MODE = 0o600
"""The eye may pass through the folder, and has no business with it."""


class StatusCopy(BaseModel):
    """What the file holds: who wrote it, and what it said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    pid: int
    status: Status


class StatusFile:
    """Written by the main thread; what goes wrong is said once and never stops a door."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._said = False

    def write(self, status: Status) -> None:
        """Replace the copy."""
        if self._path is None:
            return
        text = StatusCopy(pid=os.getpid(), status=status).model_dump_json()
        draft = self._path.with_name(f"{self._path.name}.draft")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            draft.replace(self._path)
        except OSError as error:
            if not self._said:
                self._said = True
                _log.warning("no copy of the status", path=str(self._path), what=error.strerror)

    def close(self) -> None:
        """Remove the copy: nobody speaks any more."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def status_path(settings: Settings) -> Path | None:
    """Return where this kiosk's copy of its status is; None where it keeps none."""
    if settings.log.status_file is not None:
        return settings.log.status_file
    socket = settings.eye.socket
    return None if socket is None else socket.with_name(_NAME)
