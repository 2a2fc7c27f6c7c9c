"""What stands behind `[identity]`: the venue's key and the authority's, read from their files.

A message names the file, what is wrong with it and what would be right, and never what it holds.
"""

from dataclasses import dataclass
from pathlib import Path

from kiosk.app.config_problems import shown
from kiosk.app.reading import Reading
from kiosk.app.sections import Identity, Kiosk
from kiosk.identity.periods import SiteKey, site_key_in

_KEY_FILE_BYTES = 4096
_SECTION = ("identity",)
_MAKE_KEY = "kiosk-provision keys kiosk makes one"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What was read: the venue's key, and the public keys that identities are sealed to."""

    site_key: SiteKey
    recipients: tuple[bytes, ...] = ()


def check_identity(reading: Reading) -> Secrets | None:
    """Check `[identity]` and return what its files hold; None where something is wrong."""
    given = reading.raw(_SECTION) or {}
    pair = {("identity", "site_key"): "site_key_file", ("identity", "site_key_file"): "site_key"}
    for key, other in pair.items():
        # One of the two from the environment replaces the other in the file.
        if reading.is_overridden(key):
            given.pop(other, None)
    reading.check(_SECTION, Identity, values=given)
    identity = reading.checked.get(_SECTION)
    if not isinstance(identity, Identity):
        return None
    site_key = _site_key(reading, identity)
    recipients = [
        _recipient(reading, name, path)
        for name, path in (
            ("authority_key_file", identity.authority_key_file),
            ("recovery_key_file", identity.recovery_key_file),
        )
        if path is not None
    ]
    if site_key is None or None in recipients:
        return None
    return Secrets(site_key, tuple(raw for raw in recipients if raw is not None))


def left_out(identity: Identity, site_key: SiteKey) -> dict[str, str]:
    """Return what this kiosk does without, and what would bring it."""
    found = {}
    if site_key.terms is None:
        found["key periods"] = f"the venue's key is the same for ever; {_MAKE_KEY}"
    if identity.authority_key_file is None:
        found["sealed identities"] = (
            "identity.authority_key_file is not set, so nobody can get from an event to a person"
        )
    return found


def _site_key(reading: Reading, identity: Identity) -> SiteKey | None:
    if identity.site_key is not None:
        return SiteKey(bytes.fromhex(identity.site_key.get_secret_value()))
    path = identity.site_key_file
    if path is not None and reading.waits_for_code and not path.exists():
        return SiteKey(b"")  # onboarding makes one; until then nobody asks for it
    return None if path is None else _site_key_at(reading, identity, path)


def _site_key_at(reading: Reading, identity: Identity, path: Path) -> SiteKey | None:
    raw = _read(reading, "site_key_file", path, f"it must hold the venue's key; {_MAKE_KEY}")
    if raw is None:
        return None
    try:
        site_key = site_key_in(raw.decode("ascii"))
    except UnicodeDecodeError:
        text = f"the file holds other bytes than text; {_MAKE_KEY}"
        _complain(reading, "site_key_file", path, text)
        return None
    except ValueError as error:
        text = f"what the file holds {error}; {_MAKE_KEY}"
        _complain(reading, "site_key_file", path, text)
        return None
    return site_key if _fits(reading, identity, path, site_key) else None


def _fits(reading: Reading, identity: Identity, path: Path, site_key: SiteKey) -> bool:
    """Tell whether a key is this venue's, for periods as long as the settings say."""
    terms, kiosk = site_key.terms, reading.checked.get(("kiosk",))
    if terms is None:
        return True
    if isinstance(kiosk, Kiosk) and terms.site != kiosk.site and not reading.waits_for_code:
        text = f"holds the key of {terms.site}, and kiosk.site is {kiosk.site}; copy the right one"
        _complain(reading, "site_key_file", path, text)
        return False
    if terms.days != identity.period_days:
        reading.complain(
            (*_SECTION, "period_days"),
            f"the key in {path} was made for periods of {terms.days} days; write "
            f"period_days = {terms.days}, or have a key made for {identity.period_days}",
            shown(identity.period_days),
        )
        return False
    return True


def _recipient(reading: Reading, name: str, path: Path) -> bytes | None:
    """Return the 32 bytes of a public key."""
    fix = "it must hold the authority's public key, as kiosk-provision keys authority makes it"
    raw = _read(reading, name, path, fix)
    if raw is None:
        return None
    # Loaded here and not above: the eye reads its settings by the same modules.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric import x25519  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - see above
        load_pem_public_key,
    )

    if b"PRIVATE KEY" in raw:
        text = "holds a private key, which no kiosk may have; copy the public one (.pub) instead"
        _complain(reading, name, path, text)
        return None
    try:
        key = load_pem_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        _complain(reading, name, path, f"holds no public key in PEM; {fix}")
        return None
    if not isinstance(key, x25519.X25519PublicKey):
        _complain(reading, name, path, f"holds a key of another kind than X25519; {fix}")
        return None
    return _usable(reading, name, path, key.public_bytes_raw())


def _usable(reading: Reading, name: str, path: Path, public: bytes) -> bytes | None:
    from kiosk.identity.sealing import Sealer  # noqa: PLC0415 - see `_recipient`

    try:
        Sealer("kiosk/v1/check/check", [public])
    except ValueError:
        _complain(reading, name, path, "nothing can be sealed to this key; have a new one made")
        return None
    return public


def _read(reading: Reading, name: str, path: Path, fix: str) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(_KEY_FILE_BYTES)
    except FileNotFoundError:
        problem = "no such file"
    except OSError as error:
        problem = f"cannot be read: {error.strerror or 'unknown reason'}"
    _complain(reading, name, path, f"{problem}; {fix}")
    return None


def _complain(reading: Reading, name: str, path: Path, text: str) -> None:
    reading.complain((*_SECTION, name), text, shown(str(path)))
