"""Everything that a mosquitto needs to be the fleet's broker: settings, access, certificates.

Both ends prove who they are, and the common name of a certificate is the user name. A kiosk is
called `{site}/{device}`, so that one pattern, `kiosk/v1/%u/...`, gives each its own topics and
nobody else's: enrolling needs no change at the broker. What a revoked name may do is denied as
well, because a list of revocations is asked only when somebody connects.

Source: mosquitto.conf(5), 2.0; held by `tests/e2e/test_fleet_broker.py` against a real one.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kiosk.door.event import LEDGER_TOPIC, TOPIC_ROOT
from kiosk.enrolment.keys import key_pem
from provisioning.errors import ProvisioningError
from provisioning.fleet.certificates import Signer, new_key, server
from provisioning.fleet.folder import FleetFolder, locked, pems, write
from provisioning.fleet.names import Role
from provisioning.fleet.roll import Service

CONFIG, ACCESS, CA, CERTIFICATE, KEY, REVOCATIONS, STATE = (
    *("mosquitto.conf", "access", "ca.pem", "broker.pem", "broker.key", "crl.pem", "state"),
)
_INFLIGHT = 2000
"""Events under way to a ledger: two of its batches at least."""
_KIOSK = (
    ("write", f"{TOPIC_ROOT}/%u/event/+"),
    ("write", f"{TOPIC_ROOT}/%u/status"),
    ("write", f"{TOPIC_ROOT}/%u/cmd/+/reply"),
    ("read", f"{TOPIC_ROOT}/%u/ack"),
    ("read", f"{TOPIC_ROOT}/%u/cmd/+"),
)
_EVERYBODY = (
    ("read", LEDGER_TOPIC),
    ("read", f"{TOPIC_ROOT}/lists/#"),
    ("read", f"{TOPIC_ROOT}/+/lists/#"),
    ("read", f"{TOPIC_ROOT}/config/#"),
)
"""Signed, or of no use to a stranger: entries of lists lead back to nobody."""
_ROLES = {
    Role.LEDGER: (
        ("read", f"{TOPIC_ROOT}/+/+/event/+"),
        ("read", f"{TOPIC_ROOT}/+/+/status"),
        ("readwrite", f"{TOPIC_ROOT}/+/+/ack"),
        ("readwrite", LEDGER_TOPIC),
    ),
    Role.OPERATOR: (
        ("readwrite", f"{TOPIC_ROOT}/lists/#"),
        ("readwrite", f"{TOPIC_ROOT}/+/lists/#"),
        ("readwrite", f"{TOPIC_ROOT}/config/#"),
        ("write", f"{TOPIC_ROOT}/+/+/cmd/+"),
        ("read", f"{TOPIC_ROOT}/+/+/cmd/+/reply"),
        ("read", f"{TOPIC_ROOT}/+/+/status"),
    ),
}


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the broker listens; `address` None: everywhere."""

    port: int = 8883
    address: str | None = None


def access(services: Iterable[Service], revoked: Sequence[str]) -> str:
    """Return the file of who may do what."""
    lines = ["# Made by kiosk-provision broker. Do not edit.", ""]
    # Warned of by mosquitto, because no name stands in them: they hold for everybody.
    lines += [f"pattern {how} {topic}" for how, topic in (*_KIOSK, *_EVERYBODY)]
    for service in services:
        if service.revoked_s is None:
            lines += ["", f"user {service.name}"]
            lines += [f"topic {how} {topic}" for how, topic in _ROLES[Role(service.role)]]
    for name in revoked:
        lines += ["", f"user {name}", "topic deny #"]
    return "\n".join(lines) + "\n"


def settings(folder: Path, listener: Listener, user: str | None = None) -> list[str]:
    """Return mosquitto's settings, for files that lie in `folder`."""
    where = f"listener {listener.port}" + (f" {listener.address}" if listener.address else "")
    return [
        "# Made by kiosk-provision broker. Do not edit.",
        *([] if user is None else [f"user {user}"]),
        "allow_anonymous false",
        f"acl_file {folder / ACCESS}",
        # A queue that forgets would lose events of a ledger that is away.
        "max_queued_messages 0",
        f"max_inflight_messages {_INFLIGHT}",
        "persistence true",
        f"persistence_location {folder / STATE}/",
        "autosave_interval 60",
        # A command's answer waits for nothing.
        "set_tcp_nodelay true",
        where,
        *secured(folder),
    ]


def secured(folder: Path) -> list[str]:
    """Return the part of the settings that makes a listener the fleet's."""
    return [
        f"cafile {folder / CA}",
        f"certfile {folder / CERTIFICATE}",
        f"keyfile {folder / KEY}",
        f"crlfile {folder / REVOCATIONS}",
        "require_certificate true",
        "use_identity_as_username true",
        # Whoever connects under another's client id would throw that one off.
        "use_username_as_clientid true",
    ]


def write_broker(
    folder: Path, fleet: FleetFolder, signer: Signer, hosts: Sequence[str], now_s: int
) -> None:
    """Write a broker's key and certificate, for these names, and all that is not a setting.

    Raises:
        ProvisioningError: A file cannot be written.
    """
    make(folder)
    key = new_key()
    made = server(signer, key.public_key(), hosts, now_s)
    write(folder / KEY, key_pem(key))
    write(folder / CERTIFICATE, pems([made, signer.certificate]).encode(), 0o644)
    write(folder / CA, fleet.root.read_bytes(), 0o644)
    refresh(folder, fleet)


def make(folder: Path) -> None:
    """Make the folder, and the one for what the broker remembers.

    Raises:
        ProvisioningError: It cannot be made.
    """
    try:
        (folder / STATE).mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise ProvisioningError(f"{folder}: cannot be made: {error.strerror}") from None


def refresh(folder: Path, fleet: FleetFolder) -> bool:
    """Write access and revocations anew; tell whether something changed.

    Raises:
        ProvisioningError: A file cannot be read or written.
    """
    try:
        with locked(fleet.path), closing(fleet.roll()) as roll:
            text = access(roll.services(), roll.revoked_devices())
            found = {ACCESS: text.encode(), REVOCATIONS: fleet.revocations.read_bytes()}
        changed = [n for n, raw in found.items() if not _is(folder / n, raw)]
    except OSError as error:
        raise ProvisioningError(f"{fleet.path}: cannot be read: {error.strerror}") from None
    for name in changed:
        write(folder / name, found[name], 0o600)
    return bool(changed)


def owner() -> str | None:
    """Return whom mosquitto has to stay, so that it can read a private folder."""
    return "root" if os.getuid() == 0 else None


def _is(path: Path, raw: bytes) -> bool:
    return path.exists() and path.read_bytes() == raw
