"""The poster as one A4 page."""

from dataclasses import dataclass

from provisioning.paper.distance import ANY_CARD
from provisioning.paper.page import GREY, WIDTH_MM, Page, Style, Text
from provisioning.poster import legend, pictograms

Phrase = tuple[str, str]

_MARGIN_MM = 14.0
_TITLE = Style(26, "bold", leading=1.1)
_VENUE = Style(13, "bold")
_ENGLISH = Style(8, colour=GREY, leading=1.2)
_CAPTION = Style(10, "bold", leading=1.15)
_HEAD = Style(12, "bold")
_TEXT = Style(9.5, leading=1.2)

TITLE: Phrase = ("Đưa thẻ trước máy", "Hold your card before the kiosk")
STEPS: tuple[Phrase, ...] = (
    (
        f"Đưa mã trên thẻ cách máy {ANY_CARD.vietnamese}, giữ yên",
        f"Code {ANY_CARD.english} away, hold still",
    ),
    ("Mỗi lần một thẻ", "One card at a time"),
    ("Đèn xanh: đã ghi nhận, mời vào", "Green: recorded, please pass"),
)
LIGHTS: Phrase = ("Đèn và tiếng", "Lights and sounds")
RECORDED: Phrase = (
    "Máy ghi giờ, cửa, kết quả, loại thẻ và một mã thay thế. Không ghi tên, không lưu hình.",
    "Recorded: time, door, answer, kind of card and a pseudonym. No name, no picture.",
)
COPY: Phrase = (
    "Bản sao của thẻ được nhận như thẻ: mã chứng tỏ nơi cấp, không chứng tỏ ai đang cầm.",
    "A copy of a card is accepted like the card: a code proves issue, not presence.",
)
SEALED: Phrase = (
    "Danh tính được niêm phong: chỉ {authority} mở được, máy và địa điểm thì không.",
    "Who it was is sealed: only {authority} can open it, neither the kiosk nor the venue.",
)
"""Said where the kiosk is given the key of a tracing authority."""
RIGHTS: Phrase = (
    (
        "Theo Luật 91/2025/QH15 và Nghị định 356/2025/NĐ-CP, bạn có quyền được biết, xem, sửa, xóa "
        "dữ liệu của mình, phản đối và khiếu nại."
    ),
    (
        "Under Law 91/2025/QH15 and Decree 356/2025/NĐ-CP you may be informed, see, correct and "
        "erase your data, object and complain."
    ),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a venue must say; texts are Vietnamese and English, English may be empty."""

    venue: str
    purpose: Phrase
    legal_basis: Phrase
    retention_days: int
    contact: str
    authority: str = ""


def pdf(notice: Notice) -> bytes:
    """Return the poster; the same notice is the same bytes."""
    page = Page(f"{TITLE[0]} · {notice.venue}")
    width_mm = WIDTH_MM - 2 * _MARGIN_MM
    heading = [
        Text(notice.venue, _VENUE),
        Text(TITLE[0], _TITLE),
        Text(TITLE[1], Style(12, colour=GREY)),
    ]
    page.stack(heading, (_MARGIN_MM, 10, width_mm, 30))
    _steps(page, width_mm)
    page.line(_MARGIN_MM, 91, LIGHTS[0], _HEAD)
    page.line(_MARGIN_MM + 34, 91, LIGHTS[1], _ENGLISH)
    legend.draw(page, (_MARGIN_MM, 94, width_mm, 115))
    _notice(page, notice, width_mm)
    return page.file()


def _steps(page: Page, width_mm: float) -> None:
    each_mm = width_mm / len(STEPS)
    drawings = (pictograms.hold, pictograms.alone, pictograms.go)
    for number, (drawing, (vietnamese, english)) in enumerate(zip(drawings, STEPS, strict=True)):
        left = _MARGIN_MM + number * each_mm
        drawing(page, left + (each_mm - pictograms.WIDTH_MM) / 2, 38)
        texts = [Text(f"{number + 1}. {vietnamese}", _CAPTION), Text(english, _ENGLISH)]
        page.stack(texts, (left + 2, 68, each_mm - 4, 17))


def _notice(page: Page, notice: Notice, width_mm: float) -> None:
    top, height = 213.0, 72.0
    page.frame((_MARGIN_MM - 4, top, width_mm + 8, height), 2, 0.4)
    half_mm = (width_mm - 6) / 2
    days = notice.retention_days
    left = (
        (("Mục đích", "Purpose"), notice.purpose),
        (("Căn cứ pháp lý", "Legal basis"), notice.legal_basis),
        (
            ("Thời gian giữ", "Kept for"),
            (
                f"{days} ngày, sau đó mã thay thế bị xóa",
                f"{days} days, then the pseudonym is erased",
            ),
        ),
        (("Liên hệ", "Contact"), (notice.contact, "")),
    )
    texts = [
        text
        for (vietnamese, english), value in left
        for text in (
            Text(f"{vietnamese} · {english}", _ENGLISH, 1.5),
            Text(value[0], _CAPTION),
            Text(value[1], _ENGLISH),
        )
    ]
    page.stack(texts, (_MARGIN_MM, top + 2, half_mm, height - 5))
    sealed = tuple(text.replace("{authority}", notice.authority) for text in SEALED)
    told = (RECORDED, *([sealed] if notice.authority else []), COPY, RIGHTS)
    texts = [
        text
        for vietnamese, english in told
        for text in (Text(vietnamese, _TEXT, 1.5), Text(english, _ENGLISH))
    ]
    page.stack(texts, (_MARGIN_MM + half_mm + 6, top + 2, half_mm, height - 5))
