"""The labels of the faces in a picture: where they find room, and how they are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

_INK: Final = QColor("#0E1013")
_PAPER: Final = QColor("#FFFFFF")
_EDGE: Final = 2.0
"""Between a label and the edge of the picture."""
_APART: Final = 5.0
"""Between a label and its box."""


@dataclass(frozen=True, slots=True)
class Label:
    """The label of one face."""

    box: QRectF
    """Of the face, in the coordinates of the target."""
    text: str
    colour: QColor
    unsure: bool


def place(
    boxes: Sequence[QRectF], sizes: Sequence[tuple[float, float]], picture: QRectF
) -> list[QRectF]:
    """A rectangle of (width, height) for every box, inside the picture and clear of the others.

    Above the box where that is free, else below it, at its other side or inside it, else wherever
    is nearest; earlier boxes choose first. Labels overlap only where the picture is full, and one
    stands on another face, or where that face's own label belongs, only where there is no other
    place.
    """
    placed: list[QRectF] = []
    for index, (box, (width, height)) in enumerate(zip(boxes, sizes, strict=True)):
        others = [
            other.adjusted(0, -height - _APART, 0, 0)
            for number, other in enumerate(boxes) if number != index
        ]  # fmt: skip
        tried = []
        for x, y in _places(box, width, height, picture):
            spot = _inside(QRectF(x, y, width, height), picture)
            # A label that has to leave its place for the picture's edge may cover its own face.
            moved = abs(spot.top() - y) >= 0.5
            rank = (_overlap(spot, placed), _overlap(spot, others), moved)
            tried.append((rank, spot))
            if rank == (0.0, 0.0, False):
                break
        placed.append(min(tried, key=lambda each: each[0])[1])
    return placed


def _places(
    box: QRectF, width: float, height: float, picture: QRectF
) -> Iterator[tuple[float, float]]:
    """Upper left corners of a label of that size, the best ones first."""
    left, right = box.left(), box.right() - width
    above, below = box.top() - height - _APART, box.bottom() + _APART
    yield from ((left, above), (left, below), (right, above), (right, below), (left, box.top()))
    rows = int(picture.height() / (height + _EDGE))
    free = (picture.top() + row * (height + _EDGE) + _EDGE for row in range(rows))
    yield from ((left, y) for y in sorted(free, key=lambda y: abs(y - above)))


def paint_labels(painter: QPainter, labels: Sequence[Label], picture: QRectF) -> None:
    """Draw the labels, the most important one first: it has the best place."""
    metrics = QFontMetricsF(painter.font(), painter.device())
    height = metrics.height() * 1.45
    mark = metrics.height() * 0.55
    extra = mark + height * 0.95
    most = picture.width() - 2 * _EDGE - extra
    texts = [
        metrics.elidedText(label.text, Qt.TextElideMode.ElideRight, most + 1) for label in labels
    ]
    sizes = [(metrics.horizontalAdvance(text) + extra, height) for text in texts]
    spots = place([label.box for label in labels], sizes, picture)
    for label, text, spot in zip(labels, texts, spots, strict=True):
        _paint(painter, label, text, spot, mark)


def _inside(spot: QRectF, picture: QRectF) -> QRectF:
    x = min(max(spot.x(), picture.left() + _EDGE), picture.right() - spot.width() - _EDGE)
    y = min(max(spot.y(), picture.top() + _EDGE), picture.bottom() - spot.height() - _EDGE)
    return QRectF(x, y, spot.width(), spot.height())


def _overlap(spot: QRectF, others: Sequence[QRectF]) -> float:
    shared = (spot.intersected(other) for other in others)
    return sum(area.width() * area.height() for area in shared)


def _paint(painter: QPainter, label: Label, text: str, chip: QRectF, mark: float) -> None:
    """A chip with a mark (a ring when unsure) and the text."""
    height = chip.height()
    ground = QColor(_INK)
    ground.setAlpha(215)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(chip, height * 0.3, height * 0.3)
    spot = QRectF(chip.x() + height * 0.3, chip.y() + (height - mark) / 2, mark, mark)
    if label.unsure:
        thick = mark * 0.2
        painter.setPen(QPen(label.colour, thick))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(spot.adjusted(thick / 2, thick / 2, -thick / 2, -thick / 2))
    else:
        painter.setBrush(label.colour)
        painter.drawEllipse(spot)
    painter.setPen(_PAPER)
    painter.drawText(
        chip.adjusted(height * 0.3 + mark + height * 0.22, 0, 0, 0),
        int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
        text,
    )
