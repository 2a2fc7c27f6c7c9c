"""What runs here: program, libraries, system and board; and whether the new program runs yet."""

import platform
from collections.abc import Iterable, Mapping
from importlib import metadata

from kiosk import __version__
from kiosk.doctor import Diagnosis, Mark, Observation, fine
from kiosk.doctor.account import Account
from kiosk.doctor.machine import Machine

LIBRARIES = (
    "cbor2",
    "cryptography",
    "gpiozero",
    "lgpio",
    "paho-mqtt",
    "picamera2",
    "pillow",
    "pydantic",
    "zbarlight",
    "zxing-cpp",
)

DIFFERS = Diagnosis(
    "versions.differs",
    Mark.WARNING,
    "another version runs than the one that is installed",
    "sudo systemctl restart kiosk kiosk-eye",
)
NARROW = Diagnosis(
    "versions.32-bit",
    Mark.FAULT,
    "this system has 32 bits, and the program is made for 64",
    "flash the 64-bit Raspberry Pi OS",
)


class VersionsCheck:
    """Names versions; `machine_name` is what `uname -m` says."""

    name = "versions"
    after: tuple[str, ...] = ()

    def __init__(self, machine: Machine, account: Account, machine_name: str | None = None) -> None:
        self._machine = machine
        self._account = account
        self._machine_name = platform.machine() if machine_name is None else machine_name

    def __call__(self) -> Iterable[Observation]:
        """Say what there is."""
        known = versions(self._machine)
        board = known["board"] or self._machine_name
        what = f"kiosk {__version__}, Python {known['python']}, {known['system']}, {board}"
        word = self._account.word
        running = None if word is None else word.firmware
        if self._machine_name.startswith(("armv6", "armv7", "i386", "i686")):
            yield NARROW.found(what)
        elif running is not None and running != __version__:
            yield DIFFERS.found(f"{what}; kiosk {running} runs")
        else:
            yield fine(self.name, what)


def versions(machine: Machine) -> Mapping[str, str]:
    """Return every version that a bug report needs, by name; empty where it is not here."""
    known = {
        "kiosk": __version__,
        "python": platform.python_version(),
        "system": _system(machine.text("etc/os-release") or ""),
        "kernel": platform.release(),
        "board": machine.text("proc/device-tree/model") or "",
    }
    return {**known, **{name: _version(name) for name in LIBRARIES}}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _system(os_release: str) -> str:
    for line in os_release.splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return value.strip('"')
    return "unknown system"
