"""What is held up in the demonstration, and what the door must answer.

Nobody here exists: the names are made up and the numbers begin with 099, which is no province.
"""

from dataclasses import dataclass, field
from typing import Any

from kiosk.door.rules import Reason
from kiosk.door.signal import Signal

Scene = dict[str, Any]
"""A scene for the synthetic camera's stage, as JSON."""

Answer = tuple[Signal, Reason | None]
"""A signal, and the reason of the event recorded with it; None where nothing is recorded."""

ACCEPTED: Answer = (Signal.ACCEPTED, Reason.OK)

_AN = "099090000017||Nguyễn Văn An|01011990|Nam|Số 1 Hàng Bạc, Hoàn Kiếm, Hà Nội|15042021"
_BINH = "099190000028||Trần Thị Bình|02031990|Nữ|Tổ 5, Bãi Cháy, Hạ Long, Quảng Ninh|01052021"
_CHI = "099185000039||Lê Phương Chi|17081985|Nữ|12 Lê Lợi, Phường 1, Đà Lạt, Lâm Đồng|11062021"
_DUNG = "099075000040||Phạm Tiến Dũng|30041975|Nam|8 Trần Phú, Hải Châu, Đà Nẵng|20072021"
_GIANG = "099199000051||Đặng Hương Giang|12121999|Nữ|Ninh Kiều, Cần Thơ|02082021"
_HAI = "099064000062|099000123|Bùi Đức Hải|05091964|Nam|Quận 10, TP. Hồ Chí Minh|09092021"
_KHANH = "099201000073||Võ Ngọc Khánh|23022001|Nam|Ngũ Hành Sơn, Đà Nẵng|01102024||||"
_LAN = "099188000084||Dương Thị Mỹ Lan|19051988|Nữ|Mỹ Tho, Tiền Giang|30062021"
_MINH = "099083000095||Hồ Quang Minh|14111983|Nam|Vinh, Nghệ An|04052021"
_NGA = "099192000106||Ngô Thúy Nga|28021992|Nữ|Thủ Đức, TP. Hồ Chí Minh|18082021"
_PHUC = "099071000117||Đinh Hữu Phúc|09011971|Nam|Biên Hòa, Đồng Nai|21032022"
_QUYEN = "099196000128||Lý Lệ Quyên|03071996|Nữ|Rạch Giá, Kiên Giang|12122021"
_PAYMENT = (
    "00020101021138570010A00000072701270006999999011300990000000000208QRIBFTTA"
    "5303704540410005802VN63040FF8"
)
_POSTER = "https://thucdon.example.vn/ban-12?lang=vi"
_WIFI = "WIFI:S:quan-pho-09;T:WPA;P:khong-co-that;;"
_DAMAGED = "099068000139||Tạ Văn Sửu|11101968|Nam|Thái Nguyên|05052021"


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that happens at the door.

    `scenes`: shown one after the other, each as soon as the one before was answered. `hold_s`: how
    long the last stays after its answer. `reads_within_s`: how long the answers may take.
    """

    name: str
    scenes: tuple[Scene, ...]
    expected: tuple[Answer, ...]
    hold_s: float = 0.3
    reads_within_s: float = 4.0
    answers_per_scene: tuple[int, ...] = field(default=())


def _one(text: str, *, scene: Scene | None = None, **code: Any) -> tuple[Scene, ...]:
    return ({"codes": [{"text": text, **code}], "noise": 4, "tremor_px": 0.6, **(scene or {})},)


CASES: tuple[Case, ...] = (
    Case("a card", _one(_AN), (ACCEPTED,)),
    Case("a card held for seconds", _one(_BINH), (ACCEPTED,), hold_s=3.0),
    Case("the same card shown again", _one(_BINH), ((Signal.ALREADY_RECORDED, None),)),
    Case("tilted", _one(_CHI, tilt_deg=38, turn_deg=15, size=0.55), (ACCEPTED,)),
    Case("blurred", _one(_DUNG, size=0.6, scene={"blur_px": 1.6}), (ACCEPTED,)),
    Case("dim", _one(_GIANG, scene={"light": 0.22, "noise": 6}), (ACCEPTED,)),
    Case("a phone in dark mode", _one(_HAI, look="phone-dark"), (ACCEPTED,)),
    Case("a card of 2024 (11 fields)", _one(_KHANH), (ACCEPTED,)),
    Case("a name that breaks charset guessing", _one(_LAN), (ACCEPTED,)),
    Case("a payment code", _one(_PAYMENT), ((Signal.NOT_A_CARD, Reason.PAYMENT_CODE),)),
    Case("a poster with a link", _one(_POSTER), ((Signal.NOT_A_CARD, Reason.URL),)),
    Case("a Wi-Fi code", _one(_WIFI), ((Signal.NOT_A_CARD, Reason.WIFI_CODE),)),
    Case(
        "a damaged code",
        _one(_DAMAGED, damage=0.6, size=0.6),
        ((Signal.HOLD_STILL, None),),
    ),
    Case(
        "two cards at once",
        (
            {
                "codes": [
                    {"text": _MINH, "x": 0.27, "size": 0.5},
                    {"text": _NGA, "x": 0.73, "size": 0.5},
                ]
            },
        ),
        ((Signal.ONE_AT_A_TIME, None),),
    ),
    Case(
        "a card with a poster behind",
        (
            {
                "codes": [
                    {"text": _POSTER, "x": 0.83, "y": 0.25, "size": 0.28},
                    {"text": _PHUC, "x": 0.36, "y": 0.55, "size": 0.5},
                ]
            },
        ),
        (ACCEPTED,),
    ),
    Case(
        "a queue of two people",
        _one(_QUYEN) + _one(_NGA, x=0.55, turn_deg=-8),
        (ACCEPTED, ACCEPTED),
        answers_per_scene=(1, 1),
    ),
    Case("an empty door", ({},), (), hold_s=1.5),
)
"""What is shown, in order."""
