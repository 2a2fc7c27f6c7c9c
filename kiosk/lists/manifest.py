"""The manifest of a list: what an operator signs, and what of it is believed here.

It names every shard by its SHA-256, so that one signature counts for all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import cbor2

from kiosk.errors import ListError
from kiosk.lists import signed
from kiosk.lists.form import MAX_MANIFEST_BYTES, MAX_SHARDS, OF_A_SITE, ListName
from kiosk.lists.signed import FORM, LARGEST, Fields, unverified, verified
from kiosk.payloads.parts.trust import Context

MAX_PERIODS = 2
_SHA256_BYTES = 32
_WHAT = "manifest"
_number = partial(signed.number, _WHAT)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an operator says of one version of a list.

    `site` is None where the list is the same everywhere; `periods` are the key periods whose
    handles it holds. `shards` holds the SHA-256 of each shard by the first byte of its entries.
    """

    name: ListName
    version: int
    issued_s: int
    entries: int
    shards: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    site: str | None = None
    periods: tuple[int, ...] = ()


def payload_of(manifest: Manifest) -> bytes:
    """Return what is signed."""
    fields = {
        "form": FORM,
        "name": manifest.name.value,
        "version": manifest.version,
        "issued": manifest.issued_s,
        "site": manifest.site,
        "periods": list(manifest.periods),
        "entries": manifest.entries,
        "shards": dict(sorted(manifest.shards.items())),
    }
    return cbor2.dumps(fields)


def read(raw: bytes, signers: Context) -> Manifest:
    """Return what a signed manifest says.

    Raises:
        Untrusted: It is signed by somebody who is no operator.
        ListError: It is too large, its signature does not match, or it is not laid out as one.
    """
    return _manifest(verified(_WHAT, raw, MAX_MANIFEST_BYTES, signers))


def said(raw: bytes) -> Manifest:
    """Return what a manifest says, whoever signed it: for whoever makes the next version.

    Raises:
        ListError: It is too large, or not laid out as one.
    """
    return _manifest(unverified(_WHAT, raw, MAX_MANIFEST_BYTES))


def _manifest(fields: Fields) -> Manifest:
    text = fields.get("name")
    if text not in list(ListName):
        raise ListError("manifest: no list of this name is known")
    name = ListName(str(text))
    shards = _shards(fields.get("shards"))
    entries = _number(fields, "entries", least=len(shards))
    if (entries > 0) != bool(shards):
        raise ListError("manifest: its entries and its shards do not agree")
    return Manifest(
        name,
        _number(fields, "version", least=1),
        _number(fields, "issued", least=0),
        entries,
        shards,
        _site(fields.get("site"), name),
        _periods(fields.get("periods"), name),
    )


def _site(site: object, name: ListName) -> str | None:
    if name not in OF_A_SITE:
        if site is not None:
            raise ListError("manifest: this list is for all sites and names one")
        return None
    if not isinstance(site, str) or not site:
        raise ListError("manifest: this list is for one site and names none")
    return site


def _periods(periods: object, name: ListName) -> tuple[int, ...]:
    if not isinstance(periods, list) or (name not in OF_A_SITE and periods):
        raise ListError("manifest: periods: not a list of key periods")
    numbers = [p for p in periods if type(p) is int and 0 <= p <= LARGEST]
    if len(numbers) != len(periods) or len(numbers) > MAX_PERIODS:
        raise ListError(f"manifest: periods: not up to {MAX_PERIODS} numbers")
    return tuple(numbers)


def _shards(shards: object) -> dict[int, bytes]:
    if not isinstance(shards, dict):
        raise ListError("manifest: shards: not a map")
    good = {
        first: digest
        for first, digest in shards.items()
        if type(first) is int
        and 0 <= first < MAX_SHARDS
        and isinstance(digest, bytes)
        and len(digest) == _SHA256_BYTES
    }
    if len(good) != len(shards):
        raise ListError("manifest: shards: not SHA-256 by a first byte")
    return good
