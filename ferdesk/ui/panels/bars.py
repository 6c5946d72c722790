"""Seven bars: how much of each expression the face shows now, smoothed over time."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSIONS
from ferdesk.ui.paint.overlay import percent
from ferdesk.ui.paint.theme import EXPRESSION_QCOLORS, Scheme, current_scheme, font
from ferdesk.ui.state.change_words import WHAT_IT_IS, times
from ferdesk.ui.state.shown import NO_FACE, Shown

_NAMES: Final = tuple(DISPLAY_NAMES[name] for name in EXPRESSIONS)
WAITING: Final = "Waiting …"
_TIP: Final = "Smoothed over time. The thin line in each bar is the answer for this frame alone."
_SET_TIP: Final = (
    "The outlined rows marked ▹ or ▸ could all be right: for nine faces in ten the right one is "
    "among them."
)


class DistributionBars(QWidget):
    """The painted part. Text follows more slowly than bars: nobody reads 30 numbers a second."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown = Shown()
        self.headline = ""
        """The winner, "Unsure", or why there is neither."""
        self.aside = ""
        """Beside the headline: which expressions are still possible."""
        self._numbers: tuple[str, ...] = ("–",) * len(_NAMES)
        self._winner: int | None = None
        self._possible: frozenset[int] = frozenset()
        self._changes: tuple[str, ...] = ()
        """From the neutral baseline; () without one."""
        self._unsure = False
        self.setMinimumSize(230, 132)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(_TIP)

    def refresh(self) -> None:
        """Draw the face that was given last."""
        face, verdict = self.shown.written_face, self.shown.verdict
        empty = self._empty()
        self._winner, self._possible, self._unsure = None, frozenset(), False
        self.aside, self._changes = "", ()
        if face is None or verdict is None:
            self._numbers, self.headline = ("–",) * len(_NAMES), empty
        else:
            self._numbers = tuple(percent(float(value)) for value in face.probabilities)
            self.headline, self.aside = verdict.headline, verdict.aside
            if face.change is not None:
                self._changes = tuple(times(float(c)) for c in face.change.log_probabilities)
            self._unsure = verdict.label is None
            if verdict.aside:
                self._possible = frozenset(_NAMES.index(name) for name in verdict.possible)
            if verdict.label is not None:
                self._winner = _NAMES.index(verdict.label)
        spoken = ", ".join(f"{n} {v}" for n, v in zip(_NAMES, self._numbers, strict=True))
        if self.aside:
            spoken = f"{self.headline}. {self.aside} {spoken}"
        if self._changes:
            pairs = zip(_NAMES, self._changes, strict=True)
            spoken += f". From baseline: {', '.join(f'{n} {c}' for n, c in pairs)}"
        self.setAccessibleDescription(spoken if face is not None else empty)
        tip = f"{self.aside}\n{_SET_TIP}\n{_TIP}" if len(self._possible) > 1 else _TIP
        if self._changes:
            tip = f"{tip}\n{WHAT_IT_IS}"
        if tip != self.toolTip():
            self.setToolTip(tip)
        self.update()

    def _empty(self) -> str:
        """Why there are no bars: nothing was read yet, or there is no face."""
        return WAITING if self.shown.reading is None else NO_FACE

    def paintEvent(self, _event: QPaintEvent) -> None:
        scheme = current_scheme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        headline = self._paint_headline(painter, scheme)
        left = QFontMetricsF(font(1.0, bold=True)).horizontalAdvance("▸ Happiness") + 10
        right = self.fontMetrics().horizontalAdvance(">99 %") + 14.0
        changed = 0.0
        if self._changes:
            changed = QFontMetricsF(font(0.92, digits=True)).horizontalAdvance("×>999") + 10
            right += changed
        row = (self.height() - headline) / len(_NAMES)
        thick = min(18.0, row * 0.62)
        flags = Qt.AlignmentFlag.AlignVCenter
        for index, name in enumerate(_NAMES):
            middle = headline + row * (index + 0.5)
            won = index == self._winner
            strong = won or index in self._possible
            painter.setFont(font(1.0, bold=won, digits=True))
            painter.setPen(QColor(scheme.text if strong else scheme.muted))
            label = QRectF(0, middle - row / 2, left, row)
            mark = "▸ " if won else "▹ " if strong else "   "
            painter.drawText(label, int(flags | Qt.AlignmentFlag.AlignLeft), mark + name)
            at_right = int(flags | Qt.AlignmentFlag.AlignRight)
            number = QRectF(self.width() - right, middle - row / 2, right - changed, row)
            painter.drawText(number, at_right, self._numbers[index])
            if self._changes:
                painter.setFont(font(0.92, digits=True))
                painter.setPen(QColor(scheme.muted))
                number.setLeft(number.right())
                number.setWidth(changed)
                painter.drawText(number, at_right, self._changes[index])
            track = QRectF(left, middle - thick / 2, self.width() - left - right, thick)
            self._paint_bar(painter, scheme, track, index)
        painter.end()

    def _paint_headline(self, painter: QPainter, scheme: Scheme) -> float:
        """The winner in large type; returns the height taken."""
        painter.setFont(font(1.7, bold=True))
        metrics = painter.fontMetrics()
        area = QRectF(0, 0, self.width(), metrics.height())
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        text = self.headline or self._empty()
        painter.setPen(QColor(scheme.muted if self._winner is None else scheme.text))
        painter.drawText(area, flags, text)
        area.setLeft(metrics.horizontalAdvance(text + " "))
        if self._winner is not None:
            painter.setFont(font(1.7, digits=True))
            painter.setPen(QColor(scheme.muted))
            painter.drawText(area, flags, self._numbers[self._winner])
            # As wide as the widest number, so that what follows stands still.
            area.setLeft(area.left() + painter.fontMetrics().horizontalAdvance(">99 % "))
        if self.aside:
            self._paint_aside(painter, scheme, area)
        return metrics.height() + 8.0

    def _paint_aside(self, painter: QPainter, scheme: Scheme, area: QRectF) -> None:
        """What is still possible, on one line where it fits, else on two small ones."""
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.setPen(QColor(scheme.text if self._unsure else scheme.muted))
        for scale in (1.25, 1.0) if self._unsure else (1.0,):
            painter.setFont(font(scale))
            if painter.fontMetrics().horizontalAdvance(self.aside) <= area.width():
                painter.drawText(area, int(flags), self.aside)
                return
        painter.setFont(font(0.85))
        wrapped = int(flags) | int(Qt.TextFlag.TextWordWrap)
        room = area.adjusted(0, -2, 0, 3)
        text = self.aside
        if painter.boundingRect(room, wrapped, text).height() > room.height():
            for name in _NAMES:
                text = text.replace(name, name[:3])
        painter.drawText(room, wrapped, text)

    def _paint_bar(self, painter: QPainter, scheme: Scheme, track: QRectF, index: int) -> None:
        round_by = track.height() / 2.6
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(scheme.track))
        painter.drawRoundedRect(track, round_by, round_by)
        face = self.shown.face
        if face is None:
            return
        share = float(face.probabilities[index])
        bar = QRectF(track)
        bar.setWidth(max(track.width() * share, 2.0))
        painter.setBrush(EXPRESSION_QCOLORS[index])
        corner = min(round_by, bar.width() / 2)
        painter.drawRoundedRect(bar, corner, corner)
        if index == self._winner or index in self._possible:
            pen = QPen(QColor(scheme.text), 1.5)
            if index != self._winner:
                pen.setDashPattern([2.0, 1.6])
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(bar, corner, corner)
        now = track.left() + track.width() * float(face.calibrated[index])
        painter.setPen(QPen(QColor(scheme.muted), 1.4))
        painter.drawLine(QLineF(now, track.top(), now, track.bottom()))
