"""Which way people pass: as the settings say, until an operator has told otherwise.

What was told is kept on the disk, because a kiosk that restarts by itself must not begin to count
those who leave as coming. The settings are never written; a person who changes them has the last
word, and what was told before that no longer counts. Owned by the main thread.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from kiosk.app.logs import Log
from kiosk.door.event import Direction
from kiosk.door.machine import Passing
from kiosk.durable import replace_file

_log = Log()

_MOST_BYTES = 1000


class Told(BaseModel):
    """What the file holds: the direction, and what the settings said when it was told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    direction: Direction
    settings: Passing


class Way:
    """The direction that holds at this door."""

    def __init__(self, settings: Passing, path: Path | None = None) -> None:
        """Read what was told; without a `path` nobody tells anything."""
        self._path = path
        self.settings = settings
        self.told = _told(path, settings) if path is not None else None

    @property
    def passing(self) -> Passing:
        """The direction that holds."""
        return self.settings if self.told is None else Passing(self.told.value)

    def turn(self, to: Direction | None) -> None:
        """Let people pass this way from now on, also after a restart; None: as the settings say.

        Raises:
            OSError: The disk does not take it; what held before holds still.
        """
        if self._path is None:
            raise FileNotFoundError("no file is kept for a direction")
        if to is None:
            self._path.unlink(missing_ok=True)
        else:
            told = Told(direction=to, settings=self.settings)
            replace_file(self._path, told.model_dump_json().encode())
        self.told = to


def _told(path: Path, settings: Passing) -> Direction | None:
    try:
        with path.open("rb") as file:
            told = Told.model_validate_json(file.read(_MOST_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("the told direction is not read", what=error.strerror)
        return None
    except ValidationError:
        _log.warning("the told direction is damaged: the settings hold", path=str(path))
        return None
    if told.settings is not settings:
        _log.info("the settings were changed after a direction was told", direction=settings.value)
        return None
    return told.direction
