"""CBOR from a stranger: bounded before a library sees it.

A decoder for all of CBOR is too kind to hostile bytes: tags make it build regular expressions,
fractions and cycles, and keys can be chosen so that a map becomes slow. So one walk over the heads
comes first. It lets through definite lengths, no tag but one at the outermost, and few items at
little depth; what it lets through costs the library time linear in its length.

Source: RFC 8949.
"""

import cbor2

from kiosk.errors import PayloadError

MOST_ITEMS = 1000
"""A vaccine certificate has about 50."""
MOST_DEPTH = 8
"""Containers in each other; a vaccine certificate has 5."""

_SIMPLE = (20, 21, 22)
_FLOATS = (25, 26, 27)
_HEAD_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}


def loads(raw: bytes, *, tag: int | None = None) -> object:
    r"""Return the one item that `raw` is, without its `tag`.

    Raises:
        PayloadError: It is no such item, or beyond the bounds.

    >>> loads(bytes.fromhex("a20127044401020304"))
    {1: -8, 4: b'\x01\x02\x03\x04'}
    """
    start = 0 if tag is None else _behind_tag(raw, tag)
    _walk(raw, start)
    try:
        item: object = cbor2.loads(raw[start:], allow_duplicate_keys=False)
    except cbor2.CBORError:
        # Text that is not UTF-8, a key twice, a key that is a map.
        raise PayloadError("structure: not what it should be inside") from None
    return item


def _behind_tag(raw: bytes, tag: int) -> int:
    major, value, at = _head(raw, 0)
    if (major, value) != (6, tag):
        raise PayloadError("structure: without its tag")
    return at


def _walk(raw: bytes, at: int) -> None:
    """Pass over every head once; nothing is built, and the depth is a list, not the stack."""
    waiting, items = [1], 0
    while waiting:
        if waiting[-1] == 0:
            waiting.pop()
            continue
        waiting[-1] -= 1
        items += 1
        major, value, at = _head(raw, at)
        if major in (2, 3):
            at += value
        elif major in (4, 5):
            waiting.append(value * (major - 3))
        elif major == 6:
            raise PayloadError("structure: a tag that does not belong here")
        if at > len(raw):
            raise PayloadError("structure: cut off")
        if items > MOST_ITEMS or len(waiting) > MOST_DEPTH + 1:
            raise PayloadError("structure: too many items, or too deep")
    if at != len(raw):
        raise PayloadError("structure: more than one item")


def _head(raw: bytes, at: int) -> tuple[int, int, int]:
    """Return major type, value or length, and where the head ends."""
    if at >= len(raw):
        raise PayloadError("structure: cut off")
    major, info = raw[at] >> 5, raw[at] & 0x1F
    at += 1
    if major == 7 and info not in (*_SIMPLE, *_FLOATS):
        raise PayloadError("structure: a value of no use here")
    if info < 24:
        return major, info, at
    width = _HEAD_BYTES.get(info)
    if width is None or at + width > len(raw):
        raise PayloadError("structure: an open length, or cut off")
    return major, int.from_bytes(raw[at : at + width], "big"), at + width
