"""What stands on a card beside its code: Vietnamese first, then English."""

from kiosk.door.credential import CardClass, DayParity
from provisioning.cards import days
from provisioning.cards.register import Card, Ward
from provisioning.paper.distance import ANY_CARD, LARGE_CODE

Phrase = tuple[str, str]

TITLE: Phrase = ("Thẻ vào cửa", "Door card")
CLASSES: dict[CardClass, Phrase] = {
    CardClass.RESIDENT: ("Người dân", "resident"),
    CardClass.STAFF: ("Nhân viên", "staff"),
    CardClass.MINOR: ("Trẻ em, có người đi kèm", "minor, with an escort"),
    CardClass.ESCORT: ("Người đi kèm", "escort"),
}
PARITIES: dict[DayParity, Phrase] = {
    DayParity.EVEN: ("Ngày chẵn", "even days"),
    DayParity.ODD: ("Ngày lẻ", "odd days"),
}
HOLD: Phrase = (
    f"Đưa mã vào trước máy, cách {LARGE_CODE.vietnamese}, giữ yên đến khi đèn sáng và có tiếng.",
    f"Hold the code {LARGE_CODE.english} before the kiosk, still, until it lights up and sounds.",
)
CARE: Phrase = (
    "Giữ thẻ phẳng, khô, sạch. Đừng gấp, viết hay che lên mã và viền trắng quanh mã.",
    "Keep the card flat, dry and clean. Do not fold or cover the code and its white border.",
)
NAMELESS: Phrase = (
    "Trong mã không có tên, chỉ có số ngẫu nhiên và các mục ghi trên thẻ.",
    "The code holds no name: a random number, and what is written here.",
)
LOST: Phrase = (
    "Mất thẻ: báo ngay cho phường để khóa thẻ này và nhận thẻ mới.",
    "Lost: tell the ward at once; it revokes this card and gives you another.",
)
COPY: Phrase = (
    "Bản sao cũng là thẻ: mã chứng tỏ phường đã cấp, không chứng tỏ ai đang cầm. Đừng để ai chụp.",
    "A copy is the card: it proves issue, not presence. Let nobody photograph or copy the code.",
)
POCKET: Phrase = (
    (
        f"Đưa mã cách máy {ANY_CARD.vietnamese}, giữ yên. "
        "Mất thẻ: báo ngay cho phường{contact}. "
        "Bản sao cũng là thẻ: đừng để ai chụp mã."
    ),
    (
        f"Hold the code {ANY_CARD.english} from the kiosk, still. Lost: tell the ward at once. "
        "A copy is the card: it proves issue, not presence."
    ),
)
"""All of it, where there is little room."""


def facts(card: Card) -> list[tuple[Phrase, Phrase]]:
    """Return what a card allows, as headings and values."""
    terms = card.terms
    first, last = days.shown(days.day_of(terms.from_s)), days.shown(days.last_day(terms.until_s))
    told = [
        (("Số thẻ", "Card no."), (str(card.number), "")),
        (("Loại thẻ", "Class"), CLASSES[terms.card_class]),
        (("Từ ngày", "From"), (first, "")),
        (("Đến hết ngày", "Until the end of"), (last, "")),
    ]
    if terms.parity is not None:
        told.append((("Chỉ dùng", "Only on"), PARITIES[terms.parity]))
    if terms.quota is not None:
        visits, within = terms.quota.visits, terms.quota.days
        told.append(
            (
                ("Số lượt", "Visits"),
                (f"{visits} lượt trong {within} ngày", f"{visits} in {within} days"),
            )
        )
    return told


def person_line(card: Card) -> str:
    """Return what tells two people of one name apart, or nothing."""
    person = card.person
    born = [] if person.born is None else [f"Sinh năm · born {person.born}"]
    return " · ".join([*born, *([person.note] if person.note else [])])


def contact_of(ward: Ward) -> str:
    """Return whom to tell of a lost card, on one line: a number cut in two is dialled wrongly."""
    return ward.contact.replace(" ", "\u00a0")


def issuer_line(ward: Ward) -> str:
    """Return who issued a card, in words where the ward gave any."""
    return f"{ward.title} ({ward.issuer})" if ward.title else ward.issuer
