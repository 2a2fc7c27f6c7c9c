"""Draw the picture in the how-to about onboarding: `python -m docs.onboarding_pictures`.

It is a page as the product prints it; key, fleet and network are nobody's. Run it again when the
layout changes. A test reads the code in the picture.
"""

import io

import pypdfium2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from docs.card_pictures import PICTURES
from kiosk.enrolment.claim import Code
from kiosk.network.wifi import Wifi
from provisioning.fleet.fleet_file import Row
from provisioning.fleet.many import Done, Made
from provisioning.onboarding.desk import Onboarding, Terms, code_for
from provisioning.onboarding.sheet import pdf

NAME = "onboarding-code.png"
KEY = Ed25519PrivateKey.from_private_bytes(bytes([71]) * 32)
ISSUED_S = 1_790_000_000
_DPI, _COLOURS, _SHOWN_PART = 84, 32, 0.8


def code() -> Onboarding:
    """Return the code in the picture. Its password stands in it readably: sealing is random."""
    claim = Code("https://enrol.example.org:8443", bytes(range(16)), bytes(range(32)))
    row = Row("hk-042", "door-1", "Nhà văn hóa Thử Nghiệm")
    wifi = Wifi("Nha van hoa", "khong phai mat khau")
    terms = Terms("broker.example.org", 8883, wifi, KEY, ISSUED_S)
    return code_for(Made(row, Done.CLAIM, ISSUED_S + 86_400, claim), terms)


def picture() -> bytes:
    """Return the upper part of the page."""
    document = pypdfium2.PdfDocument(pdf([code()]))
    page = document[0].render(scale=_DPI / 72).to_pil().convert("RGB")
    document.close()
    page = page.crop((0, 0, page.width, round(page.height * _SHOWN_PART)))
    small = page.quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> None:
    """Write the picture."""
    (PICTURES / NAME).write_bytes(picture())


if __name__ == "__main__":
    main()
