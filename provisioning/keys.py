"""A venue's key in each of its periods, a person's handle, and the authority's pair of keys.

One root makes the keys of all venues: the operator keeps it in an encrypted file, away from every
kiosk and every ledger. Whoever has it can compute anybody's handle at any venue in any period; a
kiosk is given the key of one period, from which only later ones follow.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.door.credential import Credential
from kiosk.door.sealed import key_id_of
from kiosk.identity import handle_of
from kiosk.identity.periods import KEY_BYTES, Terms, as_text, derived, period_at
from kiosk.payloads import MAX_PAYLOAD_BYTES, formats, read
from provisioning import key_file
from provisioning.errors import ProvisioningError

PUBLIC_END = ".pub"
LAST_GENERATION = 99
_GENERATION = b"doorkiosk root, generation "
_SITE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class PeriodHandle:
    """A person's handle at one venue in one period, and the first day of that period (UTC)."""

    site: str
    period: int
    begins: str
    handle: str


def make_root(path: Path, passphrase: str) -> None:
    """Make the root of all venues' keys, in a new encrypted file.

    Raises:
        ProvisioningError: The file is there already, or cannot be written.
    """
    # The file's form is that of a signing key, because openssl opens it too; nothing is ever signed
    # with it: its 32 random bytes are what keys are derived from.
    key_file.write(path, Ed25519PrivateKey.generate(), passphrase)


def make_authority(path: Path, passphrase: str) -> str:
    """Make a tracing authority's keys: `path` (encrypted) and `path`.pub for kiosks; return its id.

    Raises:
        ProvisioningError: A file is there already, or cannot be written.
    """
    private, public = X25519PrivateKey.generate(), path.with_name(path.name + PUBLIC_END)
    if public.exists():
        raise ProvisioningError(f"{public}: is there already; a key is never overwritten")
    key_file.write(path, private, passphrase)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write_new(public, pem)
    public.chmod(0o644)
    return key_id_of(private.public_key().public_bytes_raw())


def terms_of(site: str, days: int) -> Terms:
    """Return a venue's terms.

    Raises:
        ProvisioningError: No venue has such a name; its key would be another's.
    """
    if not _SITE.fullmatch(site):
        raise ProvisioningError(
            "--site is no venue: 1 to 63 lower-case letters, digits and hyphens, as in kiosk.site"
        )
    return Terms(site, days)


def write_site_key(
    root: Path, passphrase: str, terms: Terms, period: int, path: Path, generation: int = 1
) -> None:
    """Write the key file of one period for the kiosks of a venue.

    From one key follow those of all later periods: whoever stole it keeps up. The next `generation`
    follows from the root alone.

    Raises:
        ProvisioningError: A file cannot be read or written, or the passphrase is wrong.
    """
    site_key = derived(_root(root, passphrase, generation), terms, period)
    _write_new(path, as_text(site_key).encode())


def handles(
    root: Path,
    passphrase: str,
    credential: Credential,
    sites: list[Terms],
    periods: list[int],
    generation: int = 1,
) -> Iterator[PeriodHandle]:
    """Yield a person's handle at each of these venues in each of these periods.

    Raises:
        ProvisioningError: The root cannot be read.
    """
    secret = _root(root, passphrase, generation)
    for terms in sites:
        for period in periods:
            begins = datetime.fromtimestamp(period * terms.days * 86400, UTC)
            site_key = derived(secret, terms, period)
            handle = handle_of(credential, site_key.key)
            yield PeriodHandle(terms.site, period, f"{begins:%Y-%m-%d}", handle)


def person_in(raw: bytes) -> Credential:
    """Return the person on a card (its code's text) or in `KIND ID`, such as `cccd 099...`.

    Raises:
        ProvisioningError: It is neither. Nothing of it is quoted.
    """
    line = raw.strip(b"\r\n")
    kind, _, subject = line.decode("ascii", "replace").partition(" ")
    if kind in formats() and subject and subject.isascii() and subject.isprintable():
        return Credential(kind, subject)
    content = read(line[:MAX_PAYLOAD_BYTES], formats())
    if isinstance(content, Credential):
        return content
    raise ProvisioningError(
        f"standard input holds no card that can be read here; or write KIND ID, where KIND is one "
        f"of {', '.join(formats())} (a signed card's number stands in the ward's register)"
    )


def period_now(days: int) -> int:
    """Return the present period, by this machine's clock."""
    return period_at(time.time(), days)


def _root(path: Path, passphrase: str, generation: int) -> bytes:
    """Return what a generation's keys are derived from; the first one's is the root itself."""
    secret = key_file.read(path, passphrase).private_bytes_raw()
    if generation == 1:
        return secret
    return HKDF(SHA256(), KEY_BYTES, None, _GENERATION + str(generation).encode()).derive(secret)


def _write_new(path: Path, content: bytes) -> None:
    try:
        key_file.write_new(path, content)
    except FileExistsError:
        raise ProvisioningError(f"{path}: is there already; a key is never overwritten") from None
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be written: {error.strerror}") from None
