"""The kernel's log of a disk's writes (dm-log-writes), made and marked without dmsetup.

A mark is one system call, so that it costs the kiosk beside it nothing. It goes into the log after
all that was durable when it was made. Only in a guest: it makes a device of the whole machine.

Source: linux/dm-ioctl.h; Documentation/admin-guide/device-mapper/log-writes.rst.
"""

import fcntl
import struct
from pathlib import Path
from types import TracebackType
from typing import Self

_CONTROL = Path("/dev/mapper/control")
_HEAD = struct.Struct("=3I3Ii3IQ128s129s7x")
_SPEC = struct.Struct("=QQiI16s")
_VERSION = (4, 0, 0)
_CREATE, _REMOVE, _SUSPEND, _LOAD, _MESSAGE = 3, 4, 6, 9, 14
_IOC_READ_WRITE, _DM = 3 << 30, 0xFD << 8
_ANSWER_BYTES = 1024
_TARGET = b"log-writes"


class LoggedDisk:
    """A disk whose writes are logged to another one, used as `with LoggedDisk(...) as disk`.

    Leaving it ends the log; the file system on it must be unmounted by then.
    """

    def __init__(self, name: str, disk: Path, log: Path) -> None:
        self._name = name.encode()
        sectors = int(Path("/sys/block", disk.name, "size").read_text("ascii"))
        self._control = _CONTROL.open("r+b", buffering=0)
        self._call(_CREATE)
        table = f"{disk} {log}".encode()
        self._call(_LOAD, _SPEC.pack(0, sectors, 0, 0, _TARGET) + table + b"\0", targets=1)
        # Without the flag to suspend, this resumes: the table is in use from now on.
        minor = _minor(self._call(_SUSPEND))
        self.path = Path(f"/dev/dm-{minor}")

    def mark(self, words: str) -> None:
        """Put a mark into the log.

        Raises:
            OSError: The kernel does not take it.
        """
        self._call(_MESSAGE, struct.pack("=Q", 0) + f"mark {words}".encode() + b"\0")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call(_REMOVE)
        self._control.close()

    def _call(self, number: int, more: bytes = b"", *, targets: int = 0) -> bytearray:
        size = _HEAD.size + max(len(more), _ANSWER_BYTES)
        head = _HEAD.pack(*_VERSION, size, _HEAD.size, targets, 0, 0, 0, 0, 0, self._name, b"")
        told = bytearray(head + more.ljust(size - _HEAD.size, b"\0"))
        fcntl.ioctl(self._control, _IOC_READ_WRITE | _HEAD.size << 16 | _DM | number, told)
        return told


def _minor(answer: bytearray) -> int:
    """Return the device's minor number; new numbers are laid out as in `huge_encode_dev`."""
    device: int = _HEAD.unpack_from(answer)[10]
    return device & 0xFF | device >> 12 & 0xFFF00
