"""`kiosk-provision first-boot`: an SD card whose first boot makes a kiosk, without a keyboard.

Written to the card's boot partition: cloud-init's `user-data`, `network-config` and `meta-data`,
and a folder `kiosk` with the door's own files. No key stands in `user-data`, of which cloud-init
keeps copies: keys lie in files that the first boot puts in their place and takes off the card.
Without a site in the settings the card is the same for every door: an onboarding code says which.

Source: https://cloudinit.readthedocs.io/ (NoCloud, cloud-config, network-config version 2).
"""

import json
import shutil
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import typer

from provisioning.command_line import one_line_errors
from provisioning.errors import ProvisioningError

BOOT = PurePosixPath("/boot/firmware")
"""Where Raspberry Pi OS mounts the card's first partition."""
SETTINGS = "config.toml"
_OURS = PurePosixPath("/etc/kiosk"), PurePosixPath("/var/lib/kiosk")
_PACKAGES = ["python3-picamera2", "python3-lgpio"]
_UNNAMED = "door-kiosk"
"""What a machine is called that does not know yet which door it is."""
_MADE_BY_THE_KIOSK = frozenset(
    {"device_key_file", "bootstrap_key_file", "direction_file", "status_file"}
)
_BROUGHT_BY_A_CODE = frozenset({"site_key_file", "ca_file", "cert_file", "key_file"})
"""Not missing where a code onboards the kiosk: from its server, or made by it. Taken if there."""
_TELL_BOOTSTRAP_KEY = [
    *("sh", "-c", f"/usr/local/bin/kiosk bootstrap-key > {BOOT}/bootstrap-key.txt"),
]
"""So that whoever prepares cards finds the key's public part on each, after its first boot."""
_OPEN_TO_ALL = {".pem", ".pub"}


@dataclass(frozen=True, slots=True)
class Door:
    """What a folder of one door holds: its name, its files and where each goes, the package.

    One that `waits` is no door yet: an onboarding code makes it one.
    """

    name: str
    files: dict[str, PurePosixPath]
    package: str
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Network:
    """How the door reaches its broker. Without `ssid` by cable only."""

    ssid: str | None = None
    password: str | None = None
    country: str = "VN"


def door_in(folder: Path) -> Door:
    """Return the door that a folder describes.

    Raises:
        ProvisioningError: The settings cannot be read, or a file that they name is not there.
    """
    path = folder / SETTINGS
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProvisioningError(f"{path}: cannot be read: {error}") from None
    waits = _waits(settings)
    name = _UNNAMED if waits else _name_of(path, settings)
    named = {target.name: target for target in named_in(settings)}
    brought = _BROUGHT_BY_A_CODE if waits else frozenset()
    needed = {target.name for target in named_in(settings, _MADE_BY_THE_KIOSK | brought)}
    there = {each.name for each in folder.iterdir() if each.is_file()}
    files = {SETTINGS: PurePosixPath("/etc/kiosk") / SETTINGS}
    files |= {name: target for name, target in named.items() if name in needed | there}
    missing = sorted(files.keys() - there)
    if missing:
        told = ", ".join(missing)
        raise ProvisioningError(f"{folder}: the settings name it, and it is missing: {told}")
    packages = sorted(folder.glob("door-kiosk_*_arm64.deb"))
    if len(packages) != 1:
        raise ProvisioningError(
            f"{folder}: must hold one door-kiosk_..._arm64.deb, and holds {len(packages)}"
        )
    return Door(name, files, packages[0].name, waits)


def _waits(settings: dict[str, Any]) -> bool:
    """Tell whether the settings leave it to an onboarding code which door this is."""
    match settings:
        case {"onboarding": {"signers": [*signers]}} if signers:
            return "site" not in settings.get("kiosk", {})
    return False


def _name_of(path: Path, settings: dict[str, Any]) -> str:
    try:
        return f"{settings['kiosk']['site']}-{settings['kiosk']['device']}"
    except (KeyError, TypeError):
        raise ProvisioningError(
            f"{path}: has no kiosk.site or no kiosk.device, and no onboarding.signers for a code"
        ) from None


def named_in(
    section: dict[str, Any], without: Collection[str] = _MADE_BY_THE_KIOSK
) -> Iterator[PurePosixPath]:
    """Yield the files of ours that settings name and that somebody has to bring.

    >>> settings = {"uplink": {"ca_file": "/etc/kiosk/ca.pem", "port": 8883}}
    >>> list(map(str, named_in({**settings, "lists": {"signers": ["/etc/kiosk/operator.pub"]}})))
    ['/etc/kiosk/ca.pem', '/etc/kiosk/operator.pub']
    """
    for key, value in section.items():
        if isinstance(value, dict):
            yield from named_in(value, without)
        elif key in without:
            continue
        elif key.endswith("_file") and isinstance(value, str):
            yield from _ours(value)
        elif key == "signers" and isinstance(value, list):
            for each in value:
                yield from _ours(str(each))


def _ours(name: str) -> Iterator[PurePosixPath]:
    target = PurePosixPath(name)
    if target.parent in _OURS:
        yield target


def user_data(door: Door, ssh_key: str) -> dict[str, Any]:
    """Return cloud-init's `user-data`: who may log in, and the commands of the first boot."""
    card = BOOT / "kiosk"
    moves = [
        ["install", "-D", "-m", _mode_of(target), str(card / name), str(target)]
        for name, target in sorted(door.files.items())
    ]
    return {
        "hostname": door.name,
        "timezone": "Asia/Ho_Chi_Minh",
        "ssh_pwauth": False,
        "users": [
            {
                "name": "technician",
                "groups": "adm,sudo,video,gpio",
                "shell": "/bin/bash",
                "lock_passwd": True,
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "ssh_authorized_keys": [ssh_key],
            }
        ],
        "runcmd": [
            ["systemctl", "enable", "--now", "ssh"],
            *moves,
            # What is in its place must not lie on the card, which every computer can read.
            ["find", str(card), "-type", "f", "!", "-name", "*.deb", "-delete"],
            ["apt-get", "update"],
            [
                *("apt-get", "install", "--yes", "--no-install-recommends"),
                str(card / door.package),
                *_PACKAGES,
            ],
            *([_TELL_BOOTSTRAP_KEY] if door.waits else []),
        ],
    }


def network_config(network: Network) -> dict[str, Any]:
    """Return cloud-init's `network-config`, version 2. The door starts without any of them."""
    config: dict[str, Any] = {
        "version": 2,
        "ethernets": {"eth0": {"dhcp4": True, "optional": True}},
    }
    if network.ssid is not None:
        access = {} if network.password is None else {"password": network.password}
        config["wifis"] = {
            "wlan0": {
                "dhcp4": True,
                "optional": True,
                "regulatory-domain": network.country,
                "access-points": {network.ssid: access},
            }
        }
    return config


def write_card(folder: Path, card: Path, ssh_key: str, network: Network) -> Door:
    """Write a door's files to a card's boot partition; return the door.

    Raises:
        ProvisioningError: Something is missing, or the card cannot be written.
    """
    door = door_in(folder)
    # JSON is YAML; no YAML writer is needed for it.
    texts = {
        "user-data": f"#cloud-config\n{_json(user_data(door, ssh_key))}",
        "network-config": _json(network_config(network)),
        "meta-data": _json({"instance-id": door.name}),
    }
    try:
        (card / "kiosk").mkdir(exist_ok=True)
        for name in (*door.files, door.package):
            shutil.copyfile(folder / name, card / "kiosk" / name)
        for name, text in texts.items():
            (card / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProvisioningError(f"{card}: cannot be written: {error.strerror}") from None
    return door


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _mode_of(target: PurePosixPath) -> str:
    return "0644" if target.suffix in _OPEN_TO_ALL else "0600"


def first_boot(
    door: Annotated[
        Path, typer.Argument(metavar="DOOR", help="The door's folder: settings, keys, package.")
    ],
    card: Annotated[Path, typer.Argument(metavar="CARD", help="The card's boot partition.")],
    ssh_key: Annotated[
        Path, typer.Option("--ssh-key", metavar="FILE", help="Who may log in: a public key.")
    ],
    ssid: Annotated[str | None, typer.Option(help="The Wi-Fi; absent: cable only.")] = None,
    wifi_password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its first line is the Wi-Fi's password.")
    ] = None,
    country: Annotated[str, typer.Option(help="Whose radio rules hold.")] = "VN",
) -> None:
    """Prepare an SD card: its first boot installs the kiosk and starts it.

    Without a site in the settings, one folder serves for the cards of all doors.
    """
    with one_line_errors():
        if wifi_password_file is not None and ssid is None:
            raise ProvisioningError("--wifi-password-file is given without --ssid")
        key = _first_line(ssh_key)
        password = None if wifi_password_file is None else _first_line(wifi_password_file)
        made = write_card(door, card, key, Network(ssid, password, country))
        then = "; then hold an onboarding code before its camera" if made.waits else ""
        typer.echo(f"{card}: {made.name} is ready for its first boot{then}")


def _first_line(path: Path) -> str:
    try:
        line = path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        raise ProvisioningError(f"{path}: cannot be read") from None
    if not line:
        raise ProvisioningError(f"{path}: is empty")
    return line
