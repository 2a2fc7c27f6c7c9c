"""What the lists are called, what their entries are made of, and where a broker retains them.

An entry is a fixed number of bytes, and its first byte says in which shard it stands. Nothing in an
entry leads back to a person: a revoked card is a truncated SHA-256 of its random number, a person
is a truncated handle of this site. Of the issuers, which are few and long, a shard holds CBOR.
"""

import hashlib
import re
from enum import StrEnum

from kiosk.door.event import TOPIC_ROOT

KEY_BYTES = 8
"""What is looked up. Of 1,000,000 entries one fits another card by chance once in 18 million
million look-ups (1,000,000 / 2**64)."""
MAX_MANIFEST_BYTES = 16 * 1024
"""One of 256 shards has 9 kB."""
MAX_SHARD_BYTES = 128 * 1024
"""One of 256 with 1,000,000 entries has 27 kB."""
MAX_SHARDS = 256


class ListName(StrEnum):
    """The lists that there are; the value stands in topics, files and manifests."""

    ISSUERS = "issuers"
    """Whose signatures count: public keys and what each may sign."""
    REVOKED = "revoked"
    """Signed credentials that were taken back before their end."""
    DECLARED = "declared"
    """Persons with a health declaration, by this site's handle, each until a time."""
    BARRED = "barred"
    """Persons who may pass nowhere, by this site's handle."""


OF_A_SITE = frozenset({ListName.DECLARED, ListName.BARRED})
"""They hold handles, which mean something at one site only; the others are the same everywhere."""

DRAIN = "drain"
"""Signed and kept like a list, and none: one number, how fast a kiosk may send."""
DRAIN_TOPIC = f"{TOPIC_ROOT}/config/drain"
NAMES: tuple[str, ...] = (*(name.value for name in ListName), DRAIN)
"""Everything that an operator signs."""

ENTRY_BYTES = {ListName.REVOKED: KEY_BYTES, ListName.BARRED: KEY_BYTES, ListName.DECLARED: 12}
"""Bytes of an entry, its first one included, which the shard does not repeat."""

_TOPIC = re.compile(
    rf"{TOPIC_ROOT}(?:/([a-z0-9-]+))?/lists/({'|'.join(ListName)})(?:/([0-9a-f]{{2}}))?"
)


def site_of(name: str, site: str) -> str | None:
    """Return for which site a list must be, at a kiosk of `site`; None: for all of them."""
    return site if name in OF_A_SITE else None


def manifest_topic(name: ListName, site: str | None) -> str:
    """Return where a list's manifest is retained.

    >>> manifest_topic(ListName.REVOKED, None), manifest_topic(ListName.BARRED, "hk-042")
    ('kiosk/v1/lists/revoked', 'kiosk/v1/hk-042/lists/barred')
    """
    return "/".join((TOPIC_ROOT, *([site] if site else []), "lists", name))


def shard_topic(name: ListName, site: str | None, first: int) -> str:
    """Return where the shard of entries that begin with the byte `first` is retained.

    >>> shard_topic(ListName.REVOKED, None, 0x0F)
    'kiosk/v1/lists/revoked/0f'
    """
    return f"{manifest_topic(name, site)}/{first:02x}"


def place_of(topic: str) -> tuple[ListName, str | None, int | None] | None:
    """Return list, site and shard (None: the manifest) of a topic; None where it is no list's.

    >>> place_of("kiosk/v1/hk-042/lists/barred/0f")
    (<ListName.BARRED: 'barred'>, 'hk-042', 15)
    >>> place_of("kiosk/v1/lists/banned") is None
    True
    """
    match = _TOPIC.fullmatch(topic)
    if match is None:
        return None
    first = None if match[3] is None else int(match[3], 16)
    return ListName(match[2]), match[1], first


def revoked_key(kind: str, subject_id: str) -> bytes:
    """Return the entry of a signed credential in the list of revoked ones.

    A digest and not the number: shards are even whatever the numbers are, and a certificate's
    number fits in too.

    >>> revoked_key("card", "0123456789abcdef").hex()
    'f3f54b687af31ef8'
    """
    # The length keeps kind and number apart, whatever either contains.
    message = len(kind).to_bytes(2, "big") + kind.encode() + subject_id.encode()
    return hashlib.sha256(message).digest()[:KEY_BYTES]


def handle_key(handle: str) -> bytes:
    """Return the entry of a person, of whose handle `handle` are the hex digits."""
    return bytes.fromhex(handle)[:KEY_BYTES]
