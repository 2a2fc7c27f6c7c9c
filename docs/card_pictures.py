"""Draw the pictures of cards and poster in the how-tos: `python -m docs.card_pictures`.

Everything comes from the product's own printing; the key, the ward and the people are nobody's.
Run it again when a layout changes. A test reads the codes in the pictures.
"""

import io
from datetime import date, timedelta
from pathlib import Path

import pypdfium2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from kiosk.door.credential import CardClass, DayParity, Quota
from provisioning.cards import days, printing
from provisioning.cards.code import Issuer, Terms, text_of
from provisioning.cards.form import Form
from provisioning.cards.people import Person
from provisioning.cards.register import Card, Ward
from provisioning.paper.page import HEIGHT_MM, WIDTH_MM
from provisioning.poster import layout

PICTURES = Path(__file__).resolve().parent / "pictures"
ISSUER = Issuer("vn-00070", Ed25519PrivateKey.from_private_bytes(bytes([70]) * 32))
WARD = Ward(ISSUER.name, ISSUER.kid, "Phường Thử Nghiệm", "024 0000 0000")
FIRST = date(2026, 9, 21)
PEOPLE = (
    (Person("Trần Thị Bình", 1950, "Tổ 5"), CardClass.RESIDENT, DayParity.ODD, Quota(5, 15)),
    (Person("Đặng Thùy Ý", 1988), CardClass.STAFF, None, None),
    (Person("Nguyễn Văn An", 2016), CardClass.MINOR, None, None),
    (Person("Huỳnh Hữu Nghĩa"), CardClass.ESCORT, DayParity.EVEN, None),
)
NOTICE = layout.Notice(
    "Quán Phở Thử Nghiệm",
    ("Biết ai có mặt cùng lúc khi có ca bệnh", "To know who was here when somebody falls ill"),
    ("Quyết định số 00/QĐ-UBND", "Decision 00/QĐ-UBND"),
    21,
    "Phường Thử Nghiệm, 024 0000 0000",
    "CDC Thử Nghiệm",
)


def cards() -> list[tuple[Card, str]]:
    """Return the cards in the pictures, with their codes."""
    found = []
    from_s, until_s = (days.start_s(day) for day in (FIRST, FIRST + timedelta(days=365)))
    for number, (person, card_class, parity, quota) in enumerate(PEOPLE, 1):
        terms = Terms(from_s, until_s, card_class, parity, quota)
        card_id = number.to_bytes(8, "big")
        card = Card(number, card_id, person, terms, from_s)
        found.append((card, text_of(card_id, terms, ISSUER)))
    return found


def pictures() -> dict[str, bytes]:
    """Return the pictures by their file's name."""
    sheet = printing.pdf(cards()[:2], WARD, Form.SHEET)
    pocket = printing.pdf(cards(), WARD, Form.CARD)
    half = HEIGHT_MM * 0.43
    return {
        "card-sheet.png": _png(sheet, 84, HEIGHT_MM),
        "card-pocket.png": _png(pocket, 104, half),
        "poster.png": _png(layout.pdf(NOTICE), 84, HEIGHT_MM, colours=32),
    }


def _png(pdf: bytes, dpi: int, height_mm: float, colours: int = 8) -> bytes:
    """Return the upper part of a file's first page."""
    document = pypdfium2.PdfDocument(pdf)
    page = document[0].render(scale=dpi / 72).to_pil().convert("RGB")
    document.close()
    scale = dpi / 25.4
    page = page.crop((0, 0, round(WIDTH_MM * scale), round(height_mm * scale)))
    small = page.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> None:
    """Write the pictures."""
    for name, raw in pictures().items():
        (PICTURES / name).write_bytes(raw)


if __name__ == "__main__":
    main()
