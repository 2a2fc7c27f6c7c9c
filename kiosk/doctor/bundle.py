"""A support bundle: what somebody far away needs to help, and nothing else.

It holds what the checks saw, versions, settings without secrets, counts and the log. It never opens
a key, a list, a picture or an event to copy it. Every text goes through the redaction, and at the
end each file is searched for what is known to be secret: one that still holds any is left out.
"""

import contextlib
import io
import json
import os
import secrets
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.doctor.machine import Machine
from kiosk.doctor.redaction import Redaction
from kiosk.doctor.services import HANGS, UNITS, shown
from kiosk.errors import DeviceError

JOURNAL_LINES = 2000
LONGEST_LINE = 1000
FOLDER = "kiosk-support"
WITHHELD = "left out: after everything was removed it still held something secret\n"
README = """This is a support bundle of a door kiosk.

It holds: what `kiosk doctor` found, versions, the settings with secrets masked, how much waits in
the outbox, what the services and their log say, and the kiosk's last status.
It holds no key, no password, no list, no event, no payload, no handle, no name and no picture.
Read it before you send it: every file in it is text.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a bundle: text that anybody may have written, or what JSON can hold."""

    name: str
    content: str | Any


def parts_of_machine(machine: Machine) -> list[Part]:
    """Return what systemd says of the services, and their log of late."""
    units = {unit: said for unit in (*UNITS, HANGS) if (said := shown(machine, unit))}
    command = ["journalctl", "--no-pager", "--quiet", "--output=short-iso"]
    command += [f"--lines={JOURNAL_LINES}", *(f"--unit={unit}" for unit in UNITS)]
    ran = machine.run(command)
    journal = (ran and ran.text) or "there is no journal here, or it holds nothing of the kiosk\n"
    return [Part("units.json", units), Part("journal.txt", journal)]


def files_of(parts: list[Part], redaction: Redaction) -> Mapping[str, bytes]:
    """Return each file's name and bytes, without anything secret."""
    files = {"README.txt": README.encode()}
    for part in parts:
        if isinstance(part.content, str):
            # As a whole: a key in a log has several lines. Bounded, so that no line costs much.
            lines = (line[:LONGEST_LINE] for line in part.content.splitlines())
            text = redaction.text("\n".join(lines)) + "\n"
        else:
            tree = redaction.tree(part.content)
            text = json.dumps(tree, indent=1, ensure_ascii=False) + "\n"
        content = text.encode(errors="replace")
        files[part.name] = WITHHELD.encode() if redaction.finds(content) else content
    return files


def write(target: Path, files: Mapping[str, bytes]) -> None:
    """Write all of it at `target` or nothing; readable by its owner only.

    Raises:
        DeviceError: It cannot be written.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(f"{FOLDER}/{name}")
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
    draft = target.with_name(f"{target.name}.{secrets.token_hex(4)}.draft")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(packed.getvalue())
        draft.replace(target)
    except OSError as error:
        why = f"{target}: cannot be written: {error.strerror or 'unknown reason'}"
        raise DeviceError(why) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
