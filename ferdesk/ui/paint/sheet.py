"""Pages of a PDF, filled from top to bottom: text, tables, and room for drawings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPen,
    QTextLayout,
    QTextOption,
)

from ferdesk.errors import FerdeskError

INK: Final = "#1c1e21"
SOFT: Final = "#5c636b"
LINE: Final = "#d9dde2"
CARD: Final = "#f4f5f7"
TRACK: Final = "#e3e6ea"
BLUE: Final = "#1f6fd1"
WARNING: Final = "#9a5b00"
WARNING_CARD: Final = "#fff4e0"

WIDTH: Final = 499.0
"""Of the text on an A4 page, in points, as all lengths here."""
_LEFT: Final = (595.0 - WIDTH) / 2
_TOP: Final = 46.0
_BOTTOM: Final = 842.0 - 58.0
_FOOT: Final = 842.0 - 34.0
_PER_POINT: Final = 10
_FAMILIES: Final = (
    "Segoe UI", "Helvetica Neue", "Liberation Sans", "Noto Sans", "Arial", "DejaVu Sans",
)  # fmt: skip
_CELL: Final = 0.6
"""Room on both sides of a cell's text, in heights of its letters."""


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks."""

    size: int = 9
    bold: bool = False
    colour: str = INK
    right: bool = False
    """Flush right."""


BODY: Final = Style()
SMALL: Final = Style(8, colour=SOFT)


class Sheet:
    """`x` runs from 0 to `WIDTH`, `y` is where the page is filled to. Close it to get the file.

    Needs a QGuiApplication, for its fonts; any thread will do.
    """

    def __init__(self, title: str, footer: str) -> None:
        self._buffer = QBuffer()
        self._buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self._writer = QPdfWriter(self._buffer)
        self._writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        self._writer.setPageMargins(QMarginsF(), QPageLayout.Unit.Point)
        self._writer.setResolution(72 * _PER_POINT)
        self._writer.setTitle(title)
        self._writer.setCreator("ferdesk")
        self.painter = QPainter()
        if not self.painter.begin(self._writer):
            raise FerdeskError("The PDF cannot be written: Qt has no painter for it here.")
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.painter.scale(_PER_POINT, _PER_POINT)
        self.painter.translate(_LEFT, 0)
        self._footer = footer
        self._page = 0
        self.y = 0.0
        self._begin()

    def close(self) -> bytes:
        """End the last page; the whole file."""
        self.painter.end()
        return bytes(self._buffer.data().data())

    def new_page(self) -> None:
        """Go on at the top of the next page, unless this one is empty."""
        if self.y > _TOP:
            self._writer.newPage()
            self._begin()

    def keep(self, height: float) -> None:
        """What comes next needs so much room on one page."""
        if self.y + height > _BOTTOM:
            self.new_page()

    def text(
        self, text: str, style: Style = BODY, *, x: float = 0.0, width: float = WIDTH,
        after: float = 4.0,
    ) -> None:  # fmt: skip
        """A paragraph, wrapped."""
        block = _Block(text, style, width)
        self.keep(block.height)
        block.draw(self.painter, x, self.y)
        self.y += block.height + after

    def at(
        self, text: str, x: float, y: float, style: Style = SMALL, *, width: float = WIDTH
    ) -> None:
        """Text whose first line begins at (x, y), beside what else is there."""
        _Block(text, style, width).draw(self.painter, x, y)

    def warning(self, text: str) -> None:
        """A paragraph that is not to be missed."""
        style = Style(colour=WARNING)
        block = _Block(text, style, WIDTH - 20)
        self.keep(block.height + 12)
        self.fill(QRectF(0, self.y, WIDTH, block.height + 12), WARNING_CARD, 4)
        block.draw(self.painter, 10, self.y + 6)
        self.y += block.height + 18

    def fill(self, area: QRectF, colour: str, radius: float = 0.0) -> None:
        """A rectangle without an outline."""
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(QColor(colour))
        self.painter.drawRoundedRect(area, radius, radius)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)

    def rule(self, x1: float, y1: float, x2: float, y2: float, pen: QPen | None = None) -> None:
        """A thin line."""
        self.painter.setPen(pen or QPen(QColor(LINE), 0.6))
        self.painter.drawLine(QPointF(x1, y1), QPointF(x2, y2))

    def table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        shares: Sequence[float],
        numbers: Sequence[int] = (),
        *,
        size: int = 8,
    ) -> None:
        """Cells wrap; the head comes again on every page. `shares` of the width add up to 1;
        columns of `numbers` are flush right. An empty `head` is left out."""
        widths = [share * WIDTH for share in shares]
        heading = _Row(head, widths, numbers, Style(size, bold=True, colour=SOFT))
        again = bool(head)
        for cells in rows:
            row = _Row(cells, widths, numbers, Style(size))
            if self.y + row.height + (heading.height if again else 0) > _BOTTOM:
                self.new_page()
                again = bool(head)
            if again:
                self._row(heading)
                again = False
            self._row(row)
        self.y += 10

    def _row(self, row: _Row) -> None:
        row.draw(self.painter, self.y)
        self.y += row.height
        self.rule(0, self.y, WIDTH, self.y)

    def _begin(self) -> None:
        self._page += 1
        self.y = _TOP
        self.at(self._footer, 0, _FOOT, width=WIDTH - 40)
        self.at(str(self._page), WIDTH - 40, _FOOT, Style(8, colour=SOFT, right=True), width=40)


class _Block:
    """Text laid out to a width; words that are too long break anywhere."""

    def __init__(self, text: str, style: Style, width: float) -> None:
        self._style = style
        self._layout = QTextLayout(text, _font(style))
        option = QTextOption(
            Qt.AlignmentFlag.AlignRight if style.right else Qt.AlignmentFlag.AlignLeft
        )
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._layout.setTextOption(option)
        self._layout.beginLayout()
        self.height = 0.0
        while (line := self._layout.createLine()).isValid():
            line.setLineWidth(max(width, 1.0))
            line.setPosition(QPointF(0, self.height))
            self.height += style.size * 1.4
        self._layout.endLayout()

    def draw(self, painter: QPainter, x: float, y: float) -> None:
        painter.setPen(QColor(self._style.colour))
        self._layout.draw(painter, QPointF(x, y))


class _Row:
    def __init__(
        self, cells: Sequence[str], widths: Sequence[float], numbers: Sequence[int], style: Style
    ) -> None:
        room = _CELL * style.size
        self._x = [sum(widths[:i]) + (room if i else 0.0) for i in range(len(widths))]
        self._blocks = [
            _Block(
                cell,
                Style(style.size, style.bold, style.colour, right=i in numbers),
                widths[i] - room * (1 + (0 < i < len(cells) - 1)),
            )
            for i, cell in enumerate(cells)
        ]
        self.height = max((block.height for block in self._blocks), default=0.0) + 5

    def draw(self, painter: QPainter, y: float) -> None:
        for i, block in enumerate(self._blocks):
            block.draw(painter, self._x[i], y + 2.5)


def _font(style: Style) -> QFont:
    font = QFont()
    font.setFamilies(list(_FAMILIES))
    font.setPixelSize(style.size)
    font.setBold(style.bold)
    # Without it letters stand on whole points and words look torn.
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font
