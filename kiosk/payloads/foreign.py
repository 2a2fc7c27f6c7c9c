"""Codes that people hold up by mistake: each is recognised, so that it can be refused kindly.

A venue's own poster or a payment code shown to the kiosk is the likeliest mistake of all. Nothing
of such a code is kept but its kind.

Source: EMVCo QR (payload format indicator `000201`, CRC tag `6304`), `WIFI:` and vCard/MECARD
prefixes as phones write them, and the two foreign venue-poster prefixes in public use.
"""

import re

from kiosk.door.credential import Foreign, ForeignKind

_PAYMENT = re.compile(rb"000201.*6304[0-9A-Fa-f]{4}\s*", re.DOTALL)
_VENUE_POSTERS = (b"UKC19TRACING:", b"NZCOVIDTRACER:")
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
    >>> recognise(b"00020101021138540010A00000072763041234").kind
    <ForeignKind.PAYMENT: 'payment'>
    """
    if _PAYMENT.fullmatch(raw):
        return Foreign(ForeignKind.PAYMENT)
    if raw.startswith(_VENUE_POSTERS) or _VENUE_HOSTS.match(raw.lower()):
        return Foreign(ForeignKind.VENUE_POSTER)
    for pattern, kind in (
        (_URL, ForeignKind.URL),
        (_WIFI, ForeignKind.WIFI),
        (_CONTACT, ForeignKind.CONTACT),
    ):
        if pattern.match(raw):
            return Foreign(kind)
    return Foreign(ForeignKind.UNKNOWN)
