"""The drain rate that all kiosks are told: made, kept in the folder, and put on a broker."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.errors import ListError
from kiosk.lists.drain import LEAST_HZ, MAX_BYTES, MOST_HZ, DrainRate, payload_of, said
from kiosk.lists.form import DRAIN, DRAIN_TOPIC
from provisioning.errors import ProvisioningError
from provisioning.lists import folder as folders
from provisioning.lists.making import next_version, signed
from provisioning.lists.publish import Post

PLACE = Path("config", DRAIN)
"""In the folder, as in the topics; beside the lists of any site."""


def make(root: Path, drain_hz: float | None, key: Ed25519PrivateKey, now_s: int) -> DrainRate:
    """Sign a rate into the folder (None: each kiosk by its own settings again), and return it.

    Raises:
        ProvisioningError: No kiosk takes such a rate, or the folder is not as it should be.
    """
    if drain_hz is not None and not LEAST_HZ <= drain_hz <= MOST_HZ:
        raise ProvisioningError(f"--hz: {LEAST_HZ:g} to {MOST_HZ:g} events a second")
    path, before = root / PLACE, read(root)
    version = next_version(None if before is None else said(before).version, now_s)
    rate = DrainRate(version, now_s, drain_hz)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folders.replace(path, signed(payload_of(rate), key))
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be written: {error.strerror}") from None
    return rate


def read(root: Path) -> bytes | None:
    """Return the folder's signed rate, verified by nobody; None: there is none.

    Raises:
        ProvisioningError: It cannot be read, or is something else.
    """
    path = root / PLACE
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        said(raw)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be read: {error.strerror}") from None
    except ListError as error:
        raise ProvisioningError(f"{path}: {error}") from None
    return raw


def publish(post: Post, raw: bytes) -> bool:
    """Put a signed rate on the broker; tell whether it was not there yet.

    Raises:
        ProvisioningError: The broker has a newer one, or did not take it.
    """
    before, rate = post.retained(DRAIN_TOPIC), said(raw)
    if before == raw:
        return False
    held = _version(before)
    if held > rate.version:
        raise ProvisioningError(
            f"{DRAIN}: the broker has version {held}, above {rate.version}; make it again"
        )
    post.put({DRAIN_TOPIC: raw})
    return True


def _version(raw: bytes | None) -> int:
    """Return which version the broker says that it has; 0: none, or somebody's mistake."""
    try:
        return said(raw).version if raw else 0
    except ListError:
        return 0


def words_of(rate: DrainRate) -> str:
    """Return a rate in words.

    >>> words_of(DrainRate(1, 0, 2.5)), words_of(DrainRate(2, 0, None))
    ('at most 2.5 events a second', 'withdrawn, each kiosk by its settings')
    """
    if rate.drain_hz is None:
        return "withdrawn, each kiosk by its settings"
    return f"at most {rate.drain_hz:g} events a second"
