"""One version of a list in memory: looked up in a few steps, never changed.

A shard is kept as the bytes that came. Two versions share the shards that did not change, and
1,000,000 entries take 7 MB. Nothing is mapped from a file: a look-up must not wait for a card that
is slow, or die with one that fails.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from kiosk.errors import ListError
from kiosk.lists import issuers
from kiosk.lists.form import ENTRY_BYTES, KEY_BYTES, MAX_SHARD_BYTES, ListName
from kiosk.lists.manifest import Manifest

_REST_BYTES = KEY_BYTES - 1


@dataclass(frozen=True, slots=True)
class SignedList:
    """A list whose manifest was verified and whose shards fit it; any thread.

    `raw` is the manifest as it was signed.
    """

    manifest: Manifest
    raw: bytes = field(repr=False)
    shards: Mapping[int, bytes] = field(repr=False)

    def find(self, key: bytes) -> bytes | None:
        """Return what an entry holds behind its `key`; None where no entry has this key."""
        shard = self.shards.get(key[0])
        if shard is None:
            return None
        size = ENTRY_BYTES[self.manifest.name] - 1
        rest = key[1:]
        low, high = 0, len(shard) // size
        while low < high:
            middle = (low + high) // 2
            at = middle * size
            found = shard[at : at + _REST_BYTES]
            if found == rest:
                return shard[at + _REST_BYTES : at + size]
            if found < rest:
                low = middle + 1
            else:
                high = middle
        return None


def count(name: ListName, shards: Mapping[int, bytes]) -> int:
    """Return how many entries shards hold that `check` has let through.

    Raises:
        ListError: A shard of issuers cannot be read.
    """
    if name is ListName.ISSUERS:
        return sum(len(issuers.keys_of(shard)) for shard in shards.values())
    return sum(len(shard) // (ENTRY_BYTES[name] - 1) for shard in shards.values())


def check(manifest: Manifest, first: int, body: bytes) -> None:
    """Let a shard through that the manifest means.

    Raises:
        ListError: It is another one, or not in the order in which it is searched.
    """
    where = f"shard {first:02x}"
    if len(body) > MAX_SHARD_BYTES:
        raise ListError(f"{where}: {len(body)} bytes, at most {MAX_SHARD_BYTES} are read")
    check_digest(manifest, first, body)
    if manifest.name is ListName.ISSUERS:
        issuers.keys_of(body)
        return
    size = ENTRY_BYTES[manifest.name] - 1
    keys = [body[at : at + _REST_BYTES] for at in range(0, len(body), size)]
    if not body or len(body) % size or any(a >= b for a, b in pairwise(keys)):
        raise ListError(f"{where}: its entries are not whole, or not in order")


def check_digest(manifest: Manifest, first: int, body: bytes) -> None:
    """Let a shard through that has the SHA-256 which the manifest names.

    Raises:
        ListError: It has another one.
    """
    if digest(body) != manifest.shards.get(first):
        raise ListError(f"shard {first:02x}: not the one that the manifest names")


def digest(body: bytes) -> bytes:
    """Return what a manifest says of a shard: its SHA-256."""
    return hashlib.sha256(body).digest()


def whole(manifest: Manifest, raw: bytes, shards: Mapping[int, bytes]) -> SignedList:
    """Return the list of these shards, each of which was let through.

    Raises:
        ListError: One is missing, or they do not hold as many entries as the manifest says.
    """
    missing = sorted(manifest.shards.keys() - shards.keys())
    if missing:
        raise ListError(f"shard {missing[0]:02x}: missing")
    held = {first: shards[first] for first in sorted(manifest.shards)}
    if count(manifest.name, held) != manifest.entries:
        raise ListError("the shards do not hold as many entries as the manifest says")
    return SignedList(manifest, raw, held)
