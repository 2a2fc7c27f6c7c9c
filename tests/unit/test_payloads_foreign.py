"""Codes that people hold up by mistake, in the shapes in which they are met."""

import base64

import pytest

from kiosk.door.credential import ForeignKind
from kiosk.payloads.foreign import recognise

BODY = (
    "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA"
    "530370454061200005802VN62170813ung ho lu lut6304"
)


def payment(body: str) -> bytes:
    """Return a payment code with the sum that belongs to it, worked out bit by bit."""
    crc = 0xFFFF
    for byte in body.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return body.encode() + f"{crc:04X}".encode()


POSTER_JSON = b'{"gln":"7000000000000","ver":"c19:1","typ":"entry","opn":"A shop","adr":"1 Street"}'
VCARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Nguyễn Văn An\nEND:VCARD"

SHAPES: dict[ForeignKind, list[bytes]] = {
    ForeignKind.PAYMENT: [
        payment(BODY),
        payment(BODY.lower()),
        payment(BODY)[:-4] + payment(BODY)[-4:].lower(),
        payment(BODY.replace("QRIBFTTA", "QRIBFTTC")),
        payment(BODY.replace("QRIBFTTA", "QRPUSH")),
        payment(BODY.replace("ung ho lu lut", "ủng hộ lũ lụt")),
        payment(BODY) + b"\n",
        payment("00020101021138540010A0000007276304"),
        payment("0002010102115802SG6304"),
        payment("0002016304"),
    ],
    ForeignKind.FOREIGN_POSTER: [
        b"UKC19TRACING:1:eyJhbGciOiJFUzI1NiJ9.eyJpZCI6IlgifQ.c2ln",
        b"NZCOVIDTRACER:" + base64.b64encode(POSTER_JSON),
    ],
    ForeignKind.VENUE_POSTER: [
        b"https://qr.tokhaiyte.vn/?id=1234",
        b"HTTPS://QR.TOKHAIYTE.VN/?ID=1234",
        b"http://tokhaiyte.vn",
        b"https://qr.pccovid.gov.vn/loc/1234",
        b"https://qr.pccovid.gov.vn:443#x",
        b"https://pccovid.gov.vn",
    ],
    ForeignKind.URL: [
        b"https://example.vn/menu",
        b"HTTP://EXAMPLE.VN",
        b"hTTps://example.vn",
        b"www.example.vn",
        "https://example.vn/thực-đơn".encode(),
        b"URLTO:example.vn",
        b"MEBKM:TITLE:menu;URL:example.vn;;",
        # Not the venue's host, however it tries to look like it.
        b"https://tokhaiyte.vn.example.com/",
        b"https://nottokhaiyte.vn/",
        b"https://example.com/?tokhaiyte.vn",
        b"https://qr.pccovid.gov.vn@example.com/",
        b"https://example.com/00020163041234",
    ],
    ForeignKind.WIFI: [
        b"WIFI:S:quan-pho;T:WPA;P:secret;;",
        b"wifi:T:nopass;S:Qu\xc3\xa1n Ph\xe1\xbb\x9f;;",
        b"WIFI:",
    ],
    ForeignKind.CONTACT: [
        VCARD.encode(),
        VCARD.replace("\n", "\r\n").encode(),
        b"begin:vcard\nfn:x\nend:vcard",
        b"MECARD:N:An;TEL:0900000000;;",
        b"BIZCARD:N:An;;",
        b"tel:+84900000000",
        b"TEL:0900000000",
        b"mailto:an@example.vn",
        b"SMSTO:0900000000:xin chao",
    ],
    ForeignKind.UNKNOWN: [
        b"",
        b" ",
        b"\x00",
        b"\xff\xfe\xfd",
        b"8934567890123",
        "xin chào".encode(),
        b"001090000001",
        # Persons' cards, of which others are asked first.
        b"001090000001|NGUYEN VAN AN|1990-01-01|0|162979388586171100|<1<00<0900000000",
        b"HC1:NCFOXN%TSMAHN-H",
        # A payment code without its check sum, or with more behind it.
        b"00020101021138540010A000000727",
        b"0002010102115802VN6304C15Cx",
        b"0002010102115802VN6304C1",
        # One whose sum is another code's: cut, altered, or none at all.
        payment(BODY).replace(b"12000", b"13000"),
        payment(BODY)[:-1] + b"D",
        payment(BODY)[:-4] + b"+15C",
        b"x" + payment(BODY),
        payment("01020101021138540010A0000007276304"),
        b"WI-FI password",
        b"see https://example.vn",
        b"telephone",
    ],
}


@pytest.mark.parametrize(("kind", "raw"), [(k, raw) for k, raws in SHAPES.items() for raw in raws])
def test_each_is_recognised(kind: ForeignKind, raw: bytes) -> None:
    assert recognise(raw).kind is kind


def test_every_kind_is_met_here() -> None:
    assert set(SHAPES) == set(ForeignKind)


def test_the_sum_is_the_one_of_a_published_sample() -> None:
    """The sample in the description of VietQR ends with C15C."""
    assert payment(BODY).endswith(b"6304C15C")
