"""A code on paper: one A4 page a kiosk, with what to do and what the lights say meanwhile.

It holds a claim and perhaps a Wi-Fi password, so it says that it is destroyed afterwards.
"""

import time
from collections.abc import Sequence

from kiosk.door.signal import OnboardingSignal
from kiosk.door.signal_names import ONBOARDING
from provisioning.errors import ProvisioningError
from provisioning.onboarding.desk import Onboarding
from provisioning.onboarding.picture import modules
from provisioning.paper import fonts, symbol
from provisioning.paper.page import GREY, HEIGHT_MM, RED, WIDTH_MM, Page, Style, Text

SIDE_MM = 120.0
"""Of the symbol with its light border: a module has 1.3 to 1.6 mm."""
_MARGIN_MM = 22.0
_TOP_MM = 18.0
_TITLE = Style(20, "bold")
_NAME = Style(15, "bold")
_LINE = Style(11)
_ENGLISH = Style(9, colour=GREY)
_WARNING = Style(11, "bold", colour=RED)
_HANOI_S = 7 * 3600

_STEPS = (
    (
        "1. Cắm điện, chờ hai đèn cùng sáng chậm: {show-code}.",
        "1. Connect power; wait until both lights glow slowly: {show-code}.",
    ),
    (
        "2. Giơ cả mã trước camera, cách 30 đến 50 cm, giữ yên: {code-taken}.",
        "2. Hold the whole code before the camera, 30 to 50 cm away, still: {code-taken}.",
    ),
    (
        "3. Hai đèn cùng nháy khi máy tự cài. Ba tiếng cao dần: {onboarded}.",
        "3. Both lights flash while it works. Three rising tones: {onboarded}.",
    ),
)


def pdf(codes: Sequence[Onboarding]) -> bytes:
    """Return the pages; the same codes are the same bytes.

    Raises:
        ProvisioningError: A title has letters that cannot be printed, or a code is too large.
    """
    page = Page("Mã cài đặt máy quét · Kiosk onboarding codes")
    for number, code in enumerate(codes):
        bad = fonts.missing(code.made.row.title)
        if bad:
            raise ProvisioningError(f"{code.made.row.name}: letters that cannot be printed: {bad}")
        if number:
            page.next_page()
        _draw(page, code)
    return page.file()


def _draw(page: Page, code: Onboarding) -> None:
    width_mm = WIDTH_MM - 2 * _MARGIN_MM
    below_mm = page.stack(_head(code), (_MARGIN_MM, _TOP_MM, width_mm, 50.0))
    left_mm = (WIDTH_MM - SIDE_MM) / 2
    symbol.draw_modules(page, modules(code.text), (left_mm, below_mm + 2, SIDE_MM))
    below_mm += SIDE_MM + 4
    room_mm = HEIGHT_MM - below_mm - _TOP_MM
    page.stack(_foot(code), (_MARGIN_MM, below_mm, width_mm, room_mm))


def _head(code: Onboarding) -> list[Text]:
    row = code.made.row
    return [
        Text("Mã cài đặt máy quét", _TITLE),
        Text("Kiosk onboarding code", _ENGLISH),
        Text(row.name, _NAME, 3),
        *([Text(row.title, _LINE)] if row.title else []),
        *([Text(f"Wi-Fi: {_printable(code.wifi.ssid)}", _LINE)] if code.wifi else []),
    ]


def _foot(code: Onboarding) -> list[Text]:
    until = time.strftime("%H:%M %d/%m/%Y", time.gmtime(code.made.until_s + _HANOI_S))
    texts = [Text(f"Dùng một lần, đến {until} · Good once, until then", _LINE)]
    for vietnamese, english in _STEPS:
        texts += [
            Text(_said(vietnamese, 0), _LINE, 2),
            Text(_said(english, 1), _ENGLISH),
        ]
    texts += [
        Text("Mã là chìa khoá: giữ kín, huỷ giấy khi máy đã chạy.", _WARNING, 3),
        Text("The code is a key: keep it to yourself, destroy it once the kiosk runs.", _ENGLISH),
    ]
    if code.is_open:
        texts += [
            Text("Ai chụp được mã này đều đọc được mật khẩu Wi-Fi.", _WARNING, 2),
            Text("Whoever takes a picture of it can read the Wi-Fi password.", _ENGLISH),
        ]
    return texts


def _said(text: str, language: int) -> str:
    """Return a line with the names of signals, which the lights' own table gives."""
    for signal in OnboardingSignal:
        name = ONBOARDING[signal][language]
        text = text.replace(f"{{{signal}}}", name[:1].lower() + name[1:])
    return text


def _printable(ssid: str) -> str:
    """Return a network's name; what the font does not have becomes a question mark."""
    bad = fonts.missing(ssid)
    return "".join("?" if letter in bad else letter for letter in ssid)
