"""Who passed, without saying who: keyed pseudonyms of a credential.

`handle` goes into events: the same person is the same handle at one site during one key period,
and unlinkable elsewhere. `mark` never leaves this kiosk. A twelve-digit number can be guessed by
whoever holds the key, so a keyed hash is a pseudonym, not encryption; the threat model says so.

Source: HMAC-SHA-256 (RFC 2104, FIPS 180-4), truncated to 16 bytes.
"""

import hashlib
import hmac

from kiosk.door.credential import Credential

HANDLE_BYTES = 16


def handle_of(credential: Credential, site_key: bytes) -> str:
    """Return the person's handle at this site: 16 bytes in hex.

    >>> card = Credential("cccd", "001090000001")
    >>> handle_of(card, bytes(32)) == handle_of(card, bytes(32)) != handle_of(card, b"1" * 32)
    True
    """
    return _pseudonym(site_key, credential.kind, credential.subject_id.encode())


def mark_of(content: object, raw: bytes, device_key: bytes) -> str:
    """Return what stands for this code within this kiosk: the credential, or else its bytes.

    Two layouts of one card are one mark, because they are one credential.
    """
    if isinstance(content, Credential):
        return _pseudonym(device_key, content.kind, content.subject_id.encode())
    return _pseudonym(device_key, "", raw)


def _pseudonym(key: bytes, kind: str, subject: bytes) -> str:
    # The length keeps kind and subject apart, whatever either contains.
    message = len(kind).to_bytes(2, "big") + kind.encode() + subject
    return hmac.digest(key, message, hashlib.sha256)[:HANDLE_BYTES].hex()
