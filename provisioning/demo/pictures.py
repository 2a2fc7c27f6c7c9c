"""Playing a folder of pictures through the daemon: what it reads, and that nothing stops it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provisioning.demo.door import DoorProcess
from provisioning.demo.play import DoorEndedError, Outcome, next_fact
from provisioning.demo.subscriber import Subscriber

_PATIENCE_S_PER_PICTURE = 5.0
_STATUS_PATIENCE_S = 12.0


def play_pictures(
    door: DoorProcess, subscriber: Subscriber, folder: Path, say: Callable[[str], None]
) -> tuple[list[Outcome], dict[str, Any]]:
    """Wait until every picture was looked at; return no cases, and what was read.

    Raises:
        DoorEndedError: The door ended, or a picture stopped the eye.
    """
    files = sum(path.is_file() for path in folder.rglob("*"))
    say(f"playing {files} files of {folder}")
    deadline_s = time.monotonic() + 60 + files * _PATIENCE_S_PER_PICTURE
    told = 0
    while True:
        while next_fact(door, 0.01) is not None:
            pass
        eye = subscriber.wait_for_status(_STATUS_PATIENCE_S).get("eye") or {}
        looked_at = eye.get("frames", 0) + eye.get("pictures_skipped", 0)
        if eye.get("restarts"):
            raise DoorEndedError("a picture stopped the eye; the door started it again")
        if looked_at >= told + 100:
            told = looked_at
            say(f"  {min(looked_at, files)} of {files} looked at, {eye['frames_read']} read")
        if looked_at > files:
            break
        if time.monotonic() > deadline_s:
            raise DoorEndedError(f"only {looked_at} of {files} pictures were looked at in time")
    return [], {
        "shown": files - eye["pictures_skipped"],
        "pictures_skipped": eye["pictures_skipped"],
        "pictures_read": eye["frames_read"],
        "symbols_read": eye["codes_read"],
    }
