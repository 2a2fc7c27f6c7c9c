"""Three drawings of how to use the kiosk, each 40 mm wide and 30 mm high."""

from provisioning.paper.distance import ANY_CARD
from provisioning.paper.page import BLACK, GREEN, GREY, RED, WHITE, Page, Style

WIDTH_MM, HEIGHT_MM = 40.0, 30.0
_LABEL = Style(6.5, "bold")


def hold(page: Page, x: float, y: float) -> None:
    """A hand's breadth between the kiosk and the card, its code towards the lens."""
    _kiosk(page, x, y + 4, lit=None)
    _card(page, x + 25, y + 5, 14, 20)
    level, near, far = y + 15, x + 12.5, x + 23.5
    page.stroke([(near, level), (far, level)], 0.4)
    for tip, back in ((near, 1.6), (far, -1.6)):
        page.polygon([(tip, level), (tip + back, level - 1), (tip + back, level + 1)], BLACK)
    page.line(near + 0.3, level - 1.8, f"{ANY_CARD.near_cm}-{ANY_CARD.far_cm} cm", _LABEL)


def alone(page: Page, x: float, y: float) -> None:
    """One card, and a second one crossed out."""
    _card(page, x + 3, y + 5, 14, 20)
    _card(page, x + 23, y + 5, 14, 20)
    page.stroke([(x + 21.5, y + 4), (x + 38.5, y + 26)], 1.2, RED)
    page.stroke([(x + 38.5, y + 4), (x + 21.5, y + 26)], 1.2, RED)


def go(page: Page, x: float, y: float) -> None:
    """A green light, and somebody who walks through a door."""
    _kiosk(page, x, y + 4, lit="green")
    page.frame((x + 25, y + 2, 14, 24), 0, 0.5)
    page.disc(x + 20, y + 8, 2.2)
    page.stroke([(x + 20, y + 10), (x + 20, y + 18)], 1.2)
    page.stroke([(x + 17, y + 25), (x + 20, y + 18), (x + 23.5, y + 25)], 1.2)
    page.stroke([(x + 17, y + 15), (x + 20, y + 12), (x + 23.5, y + 14.5)], 1.0)
    page.polygon([(x + 36, y + 14), (x + 31.5, y + 11.5), (x + 31.5, y + 16.5)], GREEN)
    page.stroke([(x + 26.5, y + 14), (x + 32, y + 14)], 1.2, GREEN)


def _kiosk(page: Page, x: float, y: float, lit: str | None) -> None:
    page.frame((x + 1, y, 10, 21), 1.5, 0.5, filled=WHITE)
    page.disc(x + 6, y + 6, 3, BLACK)
    page.disc(x + 6, y + 6, 1.2, GREY)
    page.disc(x + 4, y + 14, 1.4, GREEN if lit == "green" else None)
    page.disc(x + 8, y + 14, 1.4, RED if lit == "red" else None)


def _card(page: Page, x: float, y: float, width: float, height: float) -> None:
    """A card with the three corner patterns of a QR code."""
    page.frame((x, y, width, height), 1.2, 0.4, filled=WHITE)
    side = width - 4
    corner = side * 0.32
    for dx, dy in ((0, 0), (side - corner, 0), (0, side - corner)):
        left, top = x + 2 + dx, y + 2 + dy
        page.rectangle((left, top, corner, corner), BLACK)
        page.rectangle((left + corner / 5, top + corner / 5, corner * 0.6, corner * 0.6), WHITE)
        page.rectangle((left + corner * 0.35, top + corner * 0.35, corner * 0.3, corner * 0.3))
    for number in range(3):
        cell = side * 0.11
        page.rectangle((x + 2 + side * (0.5 + 0.17 * number), y + 2 + side * 0.72, cell, cell))
        page.rectangle((x + 2 + side * 0.45, y + 2 + side * (0.4 + 0.17 * number), cell, cell))
    for number in range(2):
        page.rectangle(
            (x + 2, y + height - 4.5 + 2 * number, side * (0.9 - 0.3 * number), 0.8), GREY
        )
