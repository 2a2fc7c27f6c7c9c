"""The 40-pin header as an SVG: the pins in use, coloured and labelled, Vietnamese first.

Pure text, the same for the same rows. It draws its own paper, so that it can be read on a light
page and on a dark one alike; each label repeats in words what its colour says.
"""

from collections.abc import Iterable
from html import escape

from kiosk.app.wiring_boards import Board, as_caption
from kiosk.app.wiring_plan import EEPROM_PINS, GROUND_PINS, HEADER_OF_BCM, POWER_PINS, Row

_PITCH = 26
_TOP = 92
_LEFT_X, _RIGHT_X = 437, 463
_WIDTH = 900
_ROWS = 20
_HEIGHT = _TOP + _ROWS * _PITCH + 56
_PAPER, _INK, _FAINT, _BOARD = "#ffffff", "#0f172a", "#64748b", "#e2e8f0"
_GROUND, _POWER, _FREE = "#1e293b", "#9a3412", "#cbd5e1"


def as_svg(rows: Iterable[Row], board: Board | None = None) -> str:
    """Return the drawing, with what is special about a board; lengths are in pixels at 1:1."""
    used = {row.header_pin: row for row in rows}
    grounds = {row.ground_pin for row in used.values()}
    names = {pin: f"GPIO{bcm}" for bcm, pin in HEADER_OF_BCM.items()}
    names |= dict.fromkeys(GROUND_PINS, "GND") | POWER_PINS | EEPROM_PINS
    parts = [_frame(board)]
    for pin in range(1, 2 * _ROWS + 1):
        parts.append(_hole(pin, _fill(pin, used)))
        parts.append(_label(pin, names[pin], used.get(pin), ground=pin in grounds))
    return "\n".join([*parts, "</svg>", ""])


def _frame(board: Board | None) -> str:
    title = "Sơ đồ đấu dây · Wiring"
    hint = "Chân 1 ở phía thẻ nhớ, sát góc bo mạch · Pin 1 is at the corner by the SD card"
    foot = "Rút nguồn trước khi đấu dây · Unplug the power before wiring"
    board_height = _ROWS * _PITCH + 12
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
    corner = f'x="{_LEFT_X - 20}" y="{_TOP - 19}"'
    edges = f'width="{_RIGHT_X - _LEFT_X + 40}" height="{board_height}"'
    caption = () if board is None else (as_caption(board),)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif" role="img">',
            f"<title>{title}</title>",
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="12" fill="{_PAPER}"/>',
            _text(_WIDTH // 2, 36, title, size=22, bold=True, anchor="middle"),
            _text(_WIDTH // 2, 62, hint, size=13, fill=_FAINT, anchor="middle"),
            f'<rect {corner} {edges} rx="8" fill="{_BOARD}"/>',
            _text(_WIDTH // 2, _HEIGHT - 22, foot, size=14, bold=True, anchor="middle"),
            *(_text(_WIDTH // 2, _HEIGHT - 42, line, size=13, anchor="middle") for line in caption),
        )
    )


def _place(pin: int) -> tuple[int, int]:
    return (_LEFT_X if pin % 2 else _RIGHT_X), _TOP + (pin - 1) // 2 * _PITCH


def _fill(pin: int, used: dict[int, Row]) -> str:
    if pin in used:
        return used[pin].colour
    if pin in GROUND_PINS:
        return _GROUND
    return _POWER if pin in POWER_PINS else _FREE


def _hole(pin: int, fill: str) -> str:
    x, y = _place(pin)
    # Pin 1 is square on the board, too.
    shape = (
        f'<rect x="{x - 10}" y="{y - 10}" width="20" height="20"'
        if pin == 1
        else f'<circle cx="{x}" cy="{y}" r="10"'
    )
    ink = _INK if fill == _FREE else _PAPER
    return f'{shape} fill="{fill}"/>' + _text(
        x, y + 4, str(pin), size=10, fill=ink, anchor="middle"
    )


def _label(pin: int, name: str, row: Row | None, *, ground: bool) -> str:
    x, y = _place(pin)
    side = -1 if pin % 2 else 1
    anchor = "end" if pin % 2 else "start"
    if row is None:
        ink = _INK if ground else _FAINT
        return _text(x + side * 28, y + 4, name, size=12, fill=ink, bold=ground, anchor=anchor)
    words = f"{row.vietnamese} · {row.role} · {name}"
    line = (
        f'<line x1="{x + side * 10}" y1="{y}" x2="{x + side * 60}" y2="{y}" '
        f'stroke="{row.colour}" stroke-width="3"/>'
    )
    return line + _text(
        x + side * 66, y + 5, words, size=14, fill=row.colour, bold=True, anchor=anchor
    )


def _text(
    x: int, y: int, words: str, *, size: int, anchor: str, fill: str = _INK, bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{weight} '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )
