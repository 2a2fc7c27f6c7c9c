"""Codes that people hold up by mistake: each is recognised, so that it can be refused kindly.

A venue's own poster or a payment code shown to the kiosk is the likeliest mistake of all. Nothing
of such a code is kept but its kind.

Source: EMVCo QR (payload format indicator `000201`, CRC tag `6304`, CRC-16/CCITT-FALSE over all
before the four digits), `WIFI:` and vCard/MECARD prefixes as phones write them, and the two foreign
venue-poster prefixes in public use.
"""

import binascii
import re

from kiosk.door.credential import Foreign, ForeignKind

_PAYMENT = b"000201"
_PAYMENT_CRC = b"6304"
_CRC = re.compile(rb"[0-9A-Fa-f]{4}")
_FOREIGN_POSTERS = (b"UKC19TRACING:", b"NZCOVIDTRACER:")
# Registered venue codes of 2021 were links to these two hosts; the path told the venue.
_VENUE_HOSTS = re.compile(
    rb"https?://(?:[a-z0-9-]+\.)*(?:tokhaiyte\.vn|pccovid\.gov\.vn)(?:[:/?#]|$)"
)
_URL = re.compile(rb"(?:https?://|www\.|URLTO:|MEBKM:)", re.IGNORECASE)
_WIFI = re.compile(rb"WIFI:", re.IGNORECASE)
_CONTACT = re.compile(rb"(?:BEGIN:VCARD|MECARD:|BIZCARD:|tel:|mailto:|smsto:)", re.IGNORECASE)


def recognise(raw: bytes) -> Foreign:
    """Return what kind of foreign code `raw` is; unknown where nothing matches.

    >>> recognise(b"WIFI:S:quan-pho;T:WPA;P:secret;;").kind
    <ForeignKind.WIFI: 'wifi'>
    >>> recognise(b"00020101021138540010A00000072763044FC9").kind
    <ForeignKind.PAYMENT: 'payment'>
    """
    if _is_payment(raw):
        return Foreign(ForeignKind.PAYMENT)
    if raw.startswith(_FOREIGN_POSTERS):
        return Foreign(ForeignKind.FOREIGN_POSTER)
    if _VENUE_HOSTS.match(raw.lower()):
        return Foreign(ForeignKind.VENUE_POSTER)
    for pattern, kind in (
        (_URL, ForeignKind.URL),
        (_WIFI, ForeignKind.WIFI),
        (_CONTACT, ForeignKind.CONTACT),
    ):
        if pattern.match(raw):
            return Foreign(kind)
    return Foreign(ForeignKind.UNKNOWN)


def _is_payment(raw: bytes) -> bool:
    """Tell whether it begins and ends as a payment code, and its own sum says that it is whole."""
    text = raw.rstrip()
    body, crc = text[:-4], text[-4:]
    if not (body.startswith(_PAYMENT) and body.endswith(_PAYMENT_CRC) and _CRC.fullmatch(crc)):
        return False
    return binascii.crc_hqx(body, 0xFFFF) == int(crc, 16)
