"""The one file that the network program writes: a connection for NetworkManager.

A power cut leaves the file before or the file after, never half of one. NetworkManager takes only
files that root alone may read, and overlooks those whose name begins with a dot.
"""

import os
from pathlib import Path

from kiosk.network.wifi import Wifi

FOLDER = Path("/etc/NetworkManager/system-connections")
NAME = "door-kiosk.nmconnection"
UUID = "3e615c35-58fd-4fe8-a30f-b3504ee27218"
"""The kiosk's connection is always the same one: the next network takes its place."""

_UNFINISHED = f".{NAME}.new"
# Above the connections that an image came with. Retried for ever: nobody stands at a keyboard.
# powersave 2 is off: a kiosk hangs on mains, and a sleeping radio loses the broker.
_BEFORE_SSID = f"""\
# Written by the door kiosk; docs/howto/onboard-a-kiosk.md says when. Its name is in bytes.
[connection]
id=door-kiosk
uuid={UUID}
type=wifi
autoconnect-priority=10
autoconnect-retries=0

[wifi]
mode=infrastructure
powersave=2
"""
_ADDRESSES = """
[ipv4]
method=auto

[ipv6]
method=auto
"""


def keyfile_of(wifi: Wifi) -> bytes:
    r"""Return NetworkManager's file for a network that was `checked`.

    The name is written as numbers and every space and backslash of the password as an escape:
    nothing that somebody shows before a camera can begin a line or a section of its own.

    >>> text = keyfile_of(Wifi("mưa", "hai  ba\\bon", hidden=True)).decode("ascii")
    >>> [line for line in text.splitlines() if line.startswith(("ssid", "hidden", "key", "psk"))]
    ['ssid=109;198;176;97;', 'hidden=true', 'key-mgmt=wpa-psk', 'psk=hai\\s\\sba\\\\bon']
    """
    ssid = "".join(f"{byte};" for byte in wifi.ssid.encode())
    text = f"{_BEFORE_SSID}ssid={ssid}\n"
    if wifi.hidden:
        text += "hidden=true\n"
    if wifi.password is not None:
        # wpa-psk stands for WPA2 and WPA3 alike, whichever the router speaks.
        psk = wifi.password.replace("\\", "\\\\").replace(" ", "\\s")
        text += f"\n[wifi-security]\nkey-mgmt=wpa-psk\npsk={psk}\n"
    return (text + _ADDRESSES).encode("ascii")


def put(folder: Path, content: bytes) -> None:
    """Make `content` the connection in `folder`, durably.

    Raises:
        OSError: It cannot be written; the one before it stays.
    """
    target, unfinished = folder / NAME, folder / _UNFINISHED
    if _is_there(target, content):
        return
    unfinished.unlink(missing_ok=True)
    # O_EXCL follows no link that somebody may have laid there.
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    _make_durable(folder)


def _is_there(target: Path, content: bytes) -> bool:
    """Tell whether nothing need be written: asked again and again, a disk would wear out."""
    try:
        with os.fdopen(os.open(target, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            is_private = os.fstat(file.fileno()).st_mode & 0o7777 == 0o600
            return is_private and file.read(len(content) + 1) == content
    except OSError:
        return False


def _make_durable(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
