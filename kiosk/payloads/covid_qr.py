"""The personal QR of the COVID years, the same in every Vietnamese app of its time.

`document number|name|birth yyyy-MM-dd|declared for oneself 0 or another 1|QID|EXT`, six fields,
UTF-8. The document number may be masked with stars, so identity rests on the QID that the national
platform gave. EXT holds sex, insurance number and telephone in an order that sources contradict
each other about: it is neither read nor kept.

Source: Decision 1405/QĐ-BTTTT of 2021, version 1.1, as collected in the design's reference on
payloads. The form of a QID is not published; 18 digits are what has been seen.
"""

import re

from kiosk.door.credential import Credential
from kiosk.errors import PayloadError
from kiosk.payloads.parts.dates import check_date
from kiosk.payloads.parts.fields import check_name, check_text, split
from kiosk.payloads.parts.trust import NOBODY, Context

_DOCUMENT = re.compile(rb"[0-9*]{9}|[0-9*]{12}")
_BIRTH = re.compile(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DECLARED = (b"0", b"1")
_QID = re.compile(rb"[0-9A-Za-z-]{8,64}")
_FIELDS = 6


def parse(raw: bytes, _: Context = NOBODY) -> Credential | None:
    """Return the credential on a personal QR, or None when `raw` is no such code.

    Raises:
        PayloadError: It is laid out as one, and a field breaks the format. The message names the
            field and never its content.

    >>> parse(b"******001|NGUYEN VAN AN|1990-01-01|0|162979388586171100|<1<00").kind
    'covid_qr'
    >>> parse(b"******001|NGUYEN VAN AN|1990-01-01|0||<1<00")
    Traceback (most recent call last):
    kiosk.errors.PayloadError: QID: not 8 to 64 letters and digits
    """
    fields = split(raw)
    if len(fields) != _FIELDS or fields[3] not in _DECLARED:
        return None
    birth = _BIRTH.fullmatch(fields[2])
    if birth is None:
        return None
    document, name, qid = fields[0], fields[1], fields[4]
    if not _DOCUMENT.fullmatch(document):
        raise PayloadError("document number: not 9 or 12 digits or stars")
    check_name(name)
    check_text(raw)
    year, month, day = map(int, birth.groups())
    check_date("birth date", year, month, day)
    if not _QID.fullmatch(qid):
        raise PayloadError("QID: not 8 to 64 letters and digits")
    return Credential("covid_qr", qid.decode("ascii"))
