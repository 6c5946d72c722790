"""Monochrome line icons, tinted with the text colour of the scheme."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

_SHAPES: Final[dict[str, str]] = {
    "camera": '<circle cx="12" cy="9.500" r="6.500"/><circle cx="12" cy="9.500" r="2.200"/>'
    '<path d="M7 21h10M12 16v5"/>',
    "film": '<rect x="3" y="4.5" width="18" height="15" rx="1.500"/>'
    '<path d="M7.500 4.500v15m9-15v15M3 9.500h4.500m9 0H21M3 14.500h4.500m9 0H21"/>',
    "image": '<rect x="3" y="5" width="18" height="14" rx="2.5"/><circle cx="8.5" cy="10" r="1.5"/>'
    '<path d="m4 17 5-4 3.5 2.5L16 12l5 4"/>',
    "folder": '<path d="M3 18V7a2 2 0 0 1 2-2h4l2 2.5h8a2 2 0 0 1 2 2V18a1.5 1.5 0 0 1-1.5 1.5h-15'
    'A1.5 1.5 0 0 1 3 18z"/>',
    "model": '<path d="m12 3.500 9 4.500-9 4.500L3 8zM3 12l9 4.500 9-4.500M3 16l9 4.500 9-4.500"/>',
    "record": '<circle cx="12" cy="12" r="8"/><circle cx="12" cy="12" r="3.2" fill="{colour}"/>',
    "pause": '<path d="M8.5 5.5v13m7-13v13"/>',
    "play": '<path d="m8 5.5 10.5 6.5L8 18.5z"/>',
    "reset": '<path d="M5 12a7 7 0 1 0 2.2-5.1M5 4.5V9h4.5"/>',
    "snapshot": '<path d="M4 8.5A1.5 1.5 0 0 1 5.5 7H8l1.5-2.500h5L16 7h2.500A1.5 1.5 0 0 1 '
    '20 8.500v9a1.5 1.5 0 0 1-1.5 1.500h-13A1.5 1.5 0 0 1 4 17.500z"/>'
    '<circle cx="12" cy="12.5" r="3.2"/>',
    "box": '<rect x="3.500" y="3.500" width="17" height="17" rx="2"/><path d="M9.200 9.500h.01'
    'M14.800 9.500h.01M8.800 14.500q3.200 2.500 6.400 0"/>',
    "mesh": '<path d="M12 3 4.500 8.500 7 18l5 3 5-3 2.500-9.500zM4.500 8.500h15'
    'M4.500 8.500 12 21l7.500-12.500"/>',
    "label": '<path d="M4 5h9l7 7-7 7H4z"/><path d="M8 12h.01"/>',
    "pose": '<path d="M10 14V4m0 10 9.5 2.500M10 14l-6 5.500M7.5 6.5 10 4l2.5 2.5"/>',
    "fullscreen": '<path d="M14 4h6v6m0-6-6.500 6.500M10 20H4v-6m0 6 6.500-6.500"/>',
    "log": '<rect x="3.5" y="4.5" width="17" height="15" rx="2"/>'
    '<path d="m7 9.5 2.5 2.500L7 14.500m5.5 0H17"/>',
    "previous": '<path d="m14.5 6-6 6 6 6"/>',
    "next": '<path d="m9.5 6 6 6-6 6"/>',
    "first": '<path d="M6 6v12M17 6.500 9.500 12 17 17.500"/>',
    "last": '<path d="M18 6v12M7 6.500 14.500 12 7 17.500"/>',
    "flag": '<path d="M6 20V4.500h12l-3 4 3 4H6"/>',
    "unsure": '<path d="M8 9a4 4 0 1 1 5.500 3.700c-1 .5-1.500 1.100-1.500 2.300M12 19h.01"/>',
    "pencil": '<path d="m5 19 1-4L16 5l3 3L9 18zM14 7l3 3"/>',
    "history": '<path d="M4 5v5h5M4.600 10a8 8 0 1 1-.3 4M12 8v4.500l3 2"/>',
    "live": '<path d="M7 7a7 7 0 0 0 0 10M17 7a7 7 0 0 1 0 10M12 12h.01'
    'M9.500 9.500a3.500 3.500 0 0 0 0 5M14.500 9.500a3.500 3.500 0 0 1 0 5"/>',
    "bin": '<path d="M4.500 7h15M9.500 7V4.500h5V7M6.500 7l1 12.500h9l1-12.500"/>',
    "undo": '<path d="M8 5 4 9l4 4M4 9h9.500a5.500 5.500 0 0 1 0 11H9"/>',
    "redo": '<path d="m16 5 4 4-4 4M20 9h-9.500a5.500 5.500 0 0 0 0 11H15"/>',
    "export": '<path d="M12 4v11M8 11l4 4 4-4M4.500 19.500h15"/>',
    "report": '<path d="M6 3.500h9l4 4v13H6zM9.500 17v-4M12.500 17V10M15.500 17v-2.500"/>',
    "close": '<path d="m7 7 10 10M17 7 7 17"/>',
    "info": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.500M12 7.700h.01"/>',
    "warning": '<path d="M12 4 2.8 19.500h18.400zM12 10v4.500M12 17h.01"/>',
    "error": '<circle cx="12" cy="12" r="8.5"/><path d="m9 9 6 6m0-6-6 6"/>',
    "face": '<circle cx="12" cy="12" r="8.5"/><path d="M9 10h.01M15 10h.01M8.8 14.5'
    'q3.2 2.5 6.4 0"/>',
    "settings": '<path d="M4 7h9m4 0h3M4 17h3m4 0h9"/><circle cx="15" cy="7" r="2"/>'
    '<circle cx="9" cy="17" r="2"/>',
}

_TEMPLATE: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="{colour}" '
    'stroke-opacity="{alpha:.3f}" stroke-width="1.7" stroke-linecap="round" '
    'stroke-linejoin="round">{shape}</svg>'
)

_SIZES: Final = (16, 20, 24, 32, 48, 64)


def draw_icon(painter: QPainter, name: str, rect: QRectF, colour: QColor) -> None:
    """Paint the icon `name` into `rect`."""
    svg = _TEMPLATE.format(
        colour=colour.name(QColor.NameFormat.HexRgb),
        alpha=colour.alphaF(),
        shape=_SHAPES[name].replace("{colour}", colour.name()),
    )
    QSvgRenderer(QByteArray(svg.encode())).render(painter, rect)


def _pixmap(name: str, size: int, colour: QColor) -> QPixmap:
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_icon(painter, name, QRectF(0, 0, size, size), colour)
    painter.end()
    return pixmap


def _paler(pixmap: QPixmap) -> QPixmap:
    result = QPixmap(pixmap.size())
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setOpacity(0.4)
    painter.drawPixmap(0, 0, pixmap)
    painter.end()
    return result


@lru_cache(maxsize=256)
def icon(name: str, colour: str) -> QIcon:
    """The icon `name` in one colour, paler when disabled. KeyError for an unknown name."""
    result = QIcon()
    for size in _SIZES:
        normal = _pixmap(name, size, QColor(colour))
        result.addPixmap(normal, QIcon.Mode.Normal)
        result.addPixmap(_paler(normal), QIcon.Mode.Disabled)
    return result


def application_icon() -> QIcon:
    """A face in a frame, for title bars and task switchers."""
    result = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        pixmap = QPixmap(QSize(size, size))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#1F5FBF"))
        painter.drawRoundedRect(QRectF(0, 0, size, size), size * 0.22, size * 0.22)
        inset = size * 0.14
        inner = QRectF(inset, inset, size - 2 * inset, size - 2 * inset)
        draw_icon(painter, "face", inner, QColor("#FFFFFF"))
        painter.end()
        result.addPixmap(pixmap)
    return result
