"""A file for the printer, drawn in millimetres from the top left corner of each page."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from provisioning.paper import fonts
from provisioning.paper.fonts import Weight

WIDTH_MM, HEIGHT_MM = (side / mm for side in A4)
Colour = tuple[float, float, float]
BLACK: Colour = (0, 0, 0)
GREY: Colour = (0.35, 0.35, 0.35)
FAINT: Colour = (0.75, 0.75, 0.75)
WHITE: Colour = (1, 1, 1)
GREEN: Colour = (0.05, 0.55, 0.2)
RED: Colour = (0.8, 0.08, 0.08)


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks; `leading` is the distance of lines in sizes."""

    size_pt: float
    weight: Weight = "regular"
    colour: Colour = BLACK
    leading: float = 1.25

    @property
    def line_mm(self) -> float:
        """How far apart two lines are."""
        return float(self.size_pt * self.leading / mm)


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph in a stack, and how far below the one before it begins."""

    text: str
    style: Style
    gap_mm: float = 0.0


class Page:
    """The pages of one file; begun anew by `next_page`, ended by `file`."""

    def __init__(self, title: str) -> None:
        self._out = io.BytesIO()
        # `invariant`: no date and no random name, so that the same content is the same file.
        self._canvas = Canvas(self._out, pagesize=A4, pageCompression=1, invariant=1, lang="vi")
        self._canvas.setTitle(title)
        self._canvas.setProducer("Door Kiosk")

    def next_page(self) -> None:
        """Go on with a new page."""
        self._canvas.showPage()

    def file(self) -> bytes:
        """Return the whole file; nothing can be drawn any more."""
        self._canvas.save()
        return self._out.getvalue()

    @contextmanager
    def moved(self, x_mm: float, y_mm: float) -> Iterator[None]:
        """Draw what follows as if the page began there."""
        self._canvas.saveState()
        self._canvas.translate(x_mm * mm, -y_mm * mm)
        try:
            yield
        finally:
            self._canvas.restoreState()

    def line(self, x_mm: float, y_mm: float, text: str, style: Style) -> None:
        """Write one line whose baseline is at `y_mm`."""
        self._canvas.setFillColorRGB(*style.colour)
        self._canvas.setFont(fonts.name_of(style.weight), style.size_pt)
        self._canvas.drawString(x_mm * mm, _up(y_mm), text)

    def stack(self, texts: Sequence[Text], box: tuple[float, float, float, float]) -> float:
        """Write texts below each other into a box (left, top, width, height).

        Where they would not fit, all of them become smaller. Returns where they end.
        """
        x_mm, y_mm, width_mm, most_mm = box
        for each in shrunk(texts, width_mm, most_mm):
            y_mm += each.gap_mm
            for part in wrapped(each.text, width_mm, each.style):
                y_mm += each.style.line_mm
                self.line(x_mm, y_mm - 0.25 * each.style.line_mm, part, each.style)
        return y_mm

    def modules(
        self, x_mm: float, y_mm: float, module_mm: float, runs: Iterable[tuple[int, int, int]]
    ) -> None:
        """Fill runs of modules (column, row, length) of a grid that begins there, as one shape.

        One shape and whole numbers: no seam shows between rows, and ten thousand symbols stay
        quick to draw.
        """
        self._canvas.saveState()
        self._canvas.setFillColorRGB(*BLACK)
        self._canvas.translate(x_mm * mm, _up(y_mm))
        self._canvas.scale(module_mm * mm, -module_mm * mm)
        boxes = " ".join(f"{column} {row} {length} 1 re" for column, row, length in runs)
        self._canvas.addLiteral(f"{boxes} f")
        self._canvas.restoreState()

    def rectangle(self, box: tuple[float, float, float, float], colour: Colour = BLACK) -> None:
        """Fill a box (left, top, width, height)."""
        left, top, width, height = box
        self._canvas.setFillColorRGB(*colour)
        self._canvas.rect(
            *(left * mm, _up(top + height), width * mm, height * mm), stroke=0, fill=1
        )

    def stroke(
        self,
        points: Sequence[tuple[float, float]],
        width_mm: float = 0.1,
        colour: Colour = BLACK,
        dash_mm: float | None = None,
    ) -> None:
        """Draw a line through the points."""
        self._pen(width_mm, colour, dash_mm)
        path = self._canvas.beginPath()
        (x, y), *others = points
        path.moveTo(x * mm, _up(y))
        for x, y in others:
            path.lineTo(x * mm, _up(y))
        self._canvas.drawPath(path, stroke=1, fill=0)

    def polygon(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """Fill the shape with these corners."""
        self._canvas.setFillColorRGB(*colour)
        path = self._canvas.beginPath()
        (x, y), *others = points
        path.moveTo(x * mm, _up(y))
        for x, y in others:
            path.lineTo(x * mm, _up(y))
        path.close()
        self._canvas.drawPath(path, stroke=0, fill=1)

    def disc(
        self, x_mm: float, y_mm: float, radius_mm: float, colour: Colour | None = BLACK
    ) -> None:
        """Draw a filled disc; without a colour a thin circle."""
        if colour is None:
            self._pen(0.3, GREY)
        else:
            self._canvas.setFillColorRGB(*colour)
        filled = int(colour is not None)
        self._canvas.circle(x_mm * mm, _up(y_mm), radius_mm * mm, stroke=1 - filled, fill=filled)

    def frame(
        self,
        box: tuple[float, float, float, float],
        radius_mm: float = 0,
        width_mm: float = 0.3,
        colour: Colour = BLACK,
        filled: Colour | None = None,
    ) -> None:
        """Draw the outline of a box (left, top, width, height), its corners rounded."""
        left, top, width, height = box
        self._pen(width_mm, colour)
        if filled is not None:
            self._canvas.setFillColorRGB(*filled)
        self._canvas.roundRect(
            *(left * mm, _up(top + height), width * mm, height * mm, radius_mm * mm),
            stroke=1,
            fill=int(filled is not None),
        )

    def _pen(self, width_mm: float, colour: Colour, dash_mm: float | None = None) -> None:
        self._canvas.setStrokeColorRGB(*colour)
        self._canvas.setLineWidth(width_mm * mm)
        self._canvas.setDash(*([dash_mm * mm, dash_mm * mm],) if dash_mm else ())


@lru_cache(maxsize=1024)
def wrapped(text: str, width_mm: float, style: Style) -> tuple[str, ...]:
    """Return the text as lines no wider than `width_mm`, broken at spaces that may be broken."""
    lines: list[str] = []
    for word in filter(None, text.split(" ")):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and _fits(joined, width_mm, style):
            lines[-1] = joined
        else:
            lines += _pieces(word, width_mm, style)
    return tuple(lines)


def lines_of(text: str, width_mm: float, style: Style, most: int, smallest_pt: float) -> Style:
    """Return the style in the largest size, in half points, at which the text has so few lines."""
    size_pt = style.size_pt
    while size_pt > smallest_pt:
        if len(wrapped(text, width_mm, replace(style, size_pt=size_pt))) <= most:
            break
        size_pt -= 0.5
    return replace(style, size_pt=max(size_pt, smallest_pt))


def height_mm(texts: Sequence[Text], width_mm: float) -> float:
    """Return how high a stack of texts is."""
    return sum(
        each.gap_mm + each.style.line_mm * len(wrapped(each.text, width_mm, each.style))
        for each in texts
    )


def shrunk(texts: Sequence[Text], width_mm: float, most_mm: float) -> list[Text]:
    """Return the texts in the largest sizes in which the stack is no higher than `most_mm`."""
    for hundredths in range(100, 40, -2):
        scale = hundredths / 100
        smaller = [
            replace(
                each,
                style=replace(each.style, size_pt=each.style.size_pt * scale),
                gap_mm=each.gap_mm * scale,
            )
            for each in texts
        ]
        if height_mm(smaller, width_mm) <= most_mm:
            break
    return smaller


def _pieces(word: str, width_mm: float, style: Style) -> list[str]:
    """Return a word that is too long for a line as pieces that are not."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and not _fits(pieces[-1] + letter, width_mm, style):
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _fits(text: str, width_mm: float, style: Style) -> bool:
    return bool(fonts.width_pt(text, style.weight, style.size_pt) <= width_mm * mm)


def _up(y_mm: float) -> float:
    """Return points from the bottom, as a PDF counts."""
    return float(A4[1] - y_mm * mm)
