"""A report as PDF: the same numbers and sentences as the page, painted on A4 sheets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen, QPolygonF

from ferdesk.errors import FerdeskError
from ferdesk.files import write_bytes, write_text
from ferdesk.session import report_words as words
from ferdesk.session.drawing import HEIGHT, Block, Curve, Points
from ferdesk.session.drawing import WIDTH as DRAWN
from ferdesk.session.report import Around, Face, Part, Report, report
from ferdesk.session.report_page import page
from ferdesk.ui.paint.annotated import offscreen_painter
from ferdesk.ui.paint.sheet import BLUE, CARD, INK, LINE, SMALL, SOFT, TRACK, WIDTH, Sheet, Style

if TYPE_CHECKING:
    from ferdesk.session.session import Session

SUFFIXES: Final = (".html", ".htm", ".pdf")

_TITLE: Final = Style(20, bold=True)
_HEADING: Final = Style(14, bold=True)
_SECTION: Final = Style(11, bold=True)
_TILE: Final = Style(15, bold=True)
_NUMBER: Final = Style(9, right=True)
_CURVE: Final = 56.0
_RIBBON: Final = 22.0
_HATCH: Final = 3.0
_LIMITS: Final = 240.0
"""Height of what the numbers can bear, which stays on one page."""


def save_report(sessions: Sequence[Session], path: Path) -> None:
    """Write the page or, where `path` ends in .pdf, the PDF. FerdeskError for other suffixes."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FerdeskError(
            f"A report ends in .html or .pdf, and not in '{path.suffix}'; name it accordingly."
        )
    found = report(sessions)
    if suffix != ".pdf":
        write_text(path, page(found))
        return
    with offscreen_painter():
        content = pdf(found)
    write_bytes(path, content)


def pdf(found: Report) -> bytes:
    """The file. Needs a QGuiApplication; any thread will do."""
    sheet = Sheet(f"{found.title} – ferdesk", found.footer)
    sheet.text(found.title, _TITLE, after=8)
    sheet.text(words.INTRODUCTION, after=10)
    if len(found.parts) > 1:
        _side_by_side(sheet, found)
    for part in found.parts:
        if len(found.parts) > 1:
            sheet.new_page()
            sheet.text(part.name, _HEADING, after=8)
        _part(sheet, found, part)
    sheet.keep(_LIMITS)
    sheet.y += 8
    sheet.text(words.LIMITS_TITLE, _HEADING, after=8)
    for limit in words.LIMITS:
        sheet.keep(40)
        sheet.at("•", 2, sheet.y, Style(9))
        sheet.text(limit, x=14, width=WIDTH - 14)
    return sheet.close()


def _side_by_side(sheet: Sheet, found: Report) -> None:
    sheet.text("Side by side", _SECTION, after=3)
    sheet.text(words.SIDE_BY_SIDE, SMALL, after=6)
    for part in found.parts:
        sheet.keep(28)
        sheet.text(part.name, Style(8), after=1)
        _blocks(sheet, part.faces[0].bar if part.faces else [], 12)
        sheet.y += 6
    _legend(sheet, found.expressions, withheld=True)
    rows = []
    for part in found.parts:
        face = part.faces[0] if part.faces else None
        known = face is not None and face.labelled
        shares = [f"{share:.1f} %" if known else "–" for _, _, share in face.shares] if face else []
        end = [face.withheld, face.reliability] if face else ["no face was found"]
        rows.append([part.name, *shares, *end] if face else [part.name, *end])
    head = ["Session", *(name for name, _ in found.expressions), "Withheld", "Reliability"]
    sheet.table(head, rows, [0.17, *[0.092] * 9], range(1, 10), size=7)


def _part(sheet: Sheet, found: Report, part: Part) -> None:
    for note in part.notes:
        sheet.warning(note)
    _tiles(sheet, part.tiles)
    if not part.faces:
        sheet.text("No face was found in this session.")
    for face in part.faces:
        _face(sheet, found, part, face)
    if part.brief_faces:
        sheet.text(words.brief(part.brief_faces), SMALL)
    if part.around:
        sheet.keep(60 + _CURVE * 2)
        sheet.text("Around events", _SECTION)
        number = part.faces[0].number
        sheet.text(words.around(found.before, found.after, number), SMALL, after=8)
        for around in part.around:
            _around(sheet, found, around)
    if part.events:
        sheet.keep(60)
        sheet.text("Events", _SECTION)
        sheet.table(words.EVENTS, part.events, (0.1, 0.1, 0.25, 0.45, 0.1), (0, 1))
        if part.more_events:
            sheet.text(words.more_events(part.more_events), SMALL)
    sheet.keep(100)
    sheet.text("Session", _SECTION)
    sheet.table((), part.facts, (0.24, 0.76))
    sheet.keep(60)
    sheet.text("How it was read", _SECTION)
    shares = (0.11, 0.2, 0.17, 0.17, 0.11, 0.1, 0.14)
    sheet.table(words.ANALYSES, part.analyses, shares, (4, 5, 6))


def _tiles(sheet: Sheet, tiles: Sequence[tuple[str, str]]) -> None:
    gap = 8.0
    width = (WIDTH - gap * (len(tiles) - 1)) / len(tiles)
    sheet.keep(50)
    for i, (number, text) in enumerate(tiles):
        x = i * (width + gap)
        sheet.fill(QRectF(x, sheet.y, width, 44), CARD, 5)
        sheet.at(number, x + 10, sheet.y + 6, _TILE, width=width - 20)
        sheet.at(text, x + 10, sheet.y + 27, width=width - 20)
    sheet.y += 58


def _face(sheet: Sheet, found: Report, part: Part, face: Face) -> None:
    sheet.keep(270)
    sheet.text(f"Face {face.number}", _SECTION)
    sheet.text(words.face(face.seconds, face.withheld, face.reliability), after=6)
    if face.labelled:
        sheet.text(words.SHARES, SMALL, after=3)
        for name, colour, share in face.shares:
            sheet.at(name, 0, sheet.y, Style(9))
            track = QRectF(70, sheet.y + 2, WIDTH - 120, 8)
            sheet.fill(track, TRACK, 2)
            if share > 0:
                track.setWidth(track.width() * share / 100)
                sheet.fill(track, colour, 2)
            sheet.at(f"{share:.1f} %", WIDTH - 45, sheet.y, _NUMBER, width=45)
            sheet.y += 14
        sheet.y += 8
    flags = 14.0 if part.flags else 0.0
    sheet.keep(_RIBBON + flags + 60)
    _title(sheet, words.RIBBON, "minutes:seconds")
    sheet.y += flags
    top = sheet.y
    _blocks(sheet, face.blocks, _RIBBON)
    _axis(sheet, part.ticks, top + _RIBBON, 3)
    for x, _event in part.flags:
        _flag(sheet, x * WIDTH / DRAWN, top)
    sheet.y += 15
    _legend(sheet, found.expressions, withheld=True)
    _curve(sheet, face.reliability_curve, part, "certainly right")
    for curve, upper in face.quality:
        _curve(sheet, curve, part, upper)
    sheet.y += 6


def _curve(sheet: Sheet, curve: Curve, part: Part, upper: str) -> None:
    sheet.keep(_CURVE + 34)
    _title(sheet, curve.name, f"upper edge: {upper}")
    top = sheet.y
    for x, _text in part.ticks:
        sheet.rule(x * WIDTH / DRAWN, top, x * WIDTH / DRAWN, top + _CURVE)
    _frame(sheet, top)
    for line in curve.lines:
        _line(sheet, line, top, QPen(QColor(BLUE), 1.1))
    _axis(sheet, part.ticks, top + _CURVE, 0)
    sheet.y = top + _CURVE + 20


def _around(sheet: Sheet, found: Report, around: Around) -> None:
    sheet.keep(_CURVE + 62)
    sheet.text(f"{around.label} · {words.times(around.count)}", Style(9, bold=True), after=3)
    top = sheet.y
    _frame(sheet, top)
    zero = around.zero * WIDTH / DRAWN
    sheet.rule(zero, top, zero, top + _CURVE, QPen(QColor(SOFT), 0.8, Qt.PenStyle.DashLine))
    for curve in around.curves:
        colour = QColor(curve.colour)
        for band in curve.bands:
            pale = QColor(colour)
            pale.setAlphaF(0.22)
            sheet.painter.setPen(Qt.PenStyle.NoPen)
            sheet.painter.setBrush(pale)
            sheet.painter.drawPolygon(_polygon(band, top))
            sheet.painter.setBrush(Qt.BrushStyle.NoBrush)
        for line in curve.lines:
            _line(sheet, line, top, QPen(colour, 1.3))
    sheet.at(f"{-found.before:+g} s", 0, top + _CURVE + 2)
    sheet.at("event", zero - 10, top + _CURVE + 2)
    sheet.at(
        f"{found.after:+g} s", WIDTH - 60, top + _CURVE + 2, Style(8, colour=SOFT, right=True),
        width=60,
    )  # fmt: skip
    sheet.y = top + _CURVE + 16
    _legend(sheet, [(curve.name, curve.colour) for curve in around.curves])


def _title(sheet: Sheet, left: str, right: str) -> None:
    sheet.at(right, WIDTH / 2, sheet.y, Style(8, colour=SOFT, right=True), width=WIDTH / 2)
    sheet.text(left, SMALL, after=2)


def _frame(sheet: Sheet, top: float) -> None:
    sheet.painter.setPen(QPen(QColor(LINE), 0.6))
    sheet.painter.drawRect(QRectF(0, top, WIDTH, _CURVE))


def _axis(sheet: Sheet, ticks: Sequence[tuple[float, str]], y: float, mark: float) -> None:
    for i, (x, text) in enumerate(ticks):
        at = x * WIDTH / DRAWN
        if mark:
            sheet.rule(at, y, at, y + mark)
        sheet.at(text, at if i == 0 else at - 8, y + mark + 1, width=60)


def _blocks(sheet: Sheet, blocks: Sequence[Block], height: float) -> None:
    """A ribbon or bar of the whole width at `sheet.y`, which moves below it."""
    sheet.fill(QRectF(0, sheet.y, WIDTH, height), TRACK)
    for block in blocks:
        x, width = block.x * WIDTH / DRAWN, block.width * WIDTH / DRAWN
        area = QRectF(x, sheet.y, width, height)
        if block.withheld:
            _hatch(sheet, area)
        else:
            sheet.fill(area, block.colour)
    sheet.y += height


def _hatch(sheet: Sheet, area: QRectF) -> None:
    painter = sheet.painter
    painter.save()
    painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
    painter.setPen(QPen(QColor(SOFT), 0.8))
    path = QPainterPath()
    # On one grid for all, so that neighbours go on in each other.
    start = (area.left() - area.height()) // _HATCH * _HATCH
    while start < area.right():
        path.moveTo(start, area.bottom())
        path.lineTo(start + area.height(), area.top())
        start += _HATCH
    painter.drawPath(path)
    painter.restore()


def _flag(sheet: Sheet, x: float, top: float) -> None:
    sheet.rule(x, top + _RIBBON, x, top - 11, QPen(QColor(INK), 0.8))
    flag = [QPointF(x, top - 11), QPointF(x + 7, top - 8.5), QPointF(x, top - 6)]
    sheet.painter.setBrush(QColor(INK))
    sheet.painter.drawPolygon(QPolygonF(flag))
    sheet.painter.setBrush(Qt.BrushStyle.NoBrush)


def _legend(
    sheet: Sheet, entries: Sequence[tuple[str, str]], *, withheld: bool = False
) -> None:  # fmt: skip
    step = WIDTH / 8
    for i, (name, colour) in enumerate(entries):
        sheet.fill(QRectF(i * step, sheet.y + 2, 7, 7), colour, 1.5)
        sheet.at(name, i * step + 11, sheet.y)
    if withheld:
        _hatch(sheet, QRectF(len(entries) * step, sheet.y + 2, 7, 7))
        sheet.at("Withheld", len(entries) * step + 11, sheet.y)
    sheet.y += 20


def _line(sheet: Sheet, points: Points, top: float, pen: QPen) -> None:
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    sheet.painter.setPen(pen)
    sheet.painter.drawPolyline(_polygon(points, top))


def _polygon(points: Points, top: float) -> QPolygonF:
    x, y = WIDTH / DRAWN, _CURVE / HEIGHT
    return QPolygonF([QPointF(a * x, top + b * y) for a, b in points])
