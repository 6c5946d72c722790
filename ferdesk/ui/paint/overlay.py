"""What is painted over a picture: boxes, mesh, labels, pose axes.

Pure functions on a QPainter, used by the window, by snapshots and without a window. Lines and text
are placed in the coordinates of the target, so that they stay crisp at every zoom, and text is
never mirrored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, cast

import cv2
import numpy as np
import shiboken6
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QImage, QPainter, QPen

from ferdesk.model.labels import DISPLAY_NAMES, EXPRESSIONS
from ferdesk.pipeline.types import UNSURE, FaceReading
from ferdesk.ui.paint.face_mesh import MESH, OUTLINE
from ferdesk.ui.paint.labels import Label, paint_labels
from ferdesk.ui.paint.theme import EXPRESSION_QCOLORS
from ferdesk.ui.state.shown import Shown

_WITHHELD: Final = QColor("#F4F5F7")
_AXES: Final = (QColor("#FF6B6B"), QColor("#5BD46F"), QColor("#5AA2FF"))
"""Head axes: x, y, z."""
_PLAIN: Final = 480.0
"""Pixels of the shorter side up to which lines have their plain width on a picture."""
_MESH_PEN: Final = QPen(QColor(255, 255, 255, 70), 0)
_OUTLINE_PEN: Final = QPen(QColor(190, 235, 255, 210), 1.2)
_LEAST_MESH: Final = 90.0
"""Width of a face in the target below which the fine mesh would be a pale spot."""


@dataclass(frozen=True, slots=True)
class OverlayOptions:
    """What to paint."""

    box: bool = True
    mesh: bool = False
    label: bool = True
    pose: bool = False
    mirror: bool = False
    """The picture is shown left-right reversed."""


@dataclass(frozen=True, slots=True)
class FrameMap:
    """From pixels of the frame to coordinates of the target."""

    target: QRectF
    width: int
    height: int
    mirror: bool = False

    @property
    def scale(self) -> float:
        """Target units per pixel of the frame."""
        return self.target.width() / self.width

    def points(self, pixels: NDArray[np.floating]) -> NDArray[np.float64]:
        """(N, 2) or more columns in pixels -> (N, 2) in the target."""
        x = pixels[:, 0].astype(np.float64)
        y = pixels[:, 1].astype(np.float64)
        if self.mirror:
            x = self.width - x
        return np.stack(
            [self.target.x() + x * self.scale, self.target.y() + y * self.scale], axis=1
        )

    def rect(self, box: tuple[float, float, float, float]) -> QRectF:
        """(x, y, width, height) in pixels -> rectangle in the target."""
        x, y, width, height = box
        if self.mirror:
            x = self.width - x - width
        left, top = self.target.x() + x * self.scale, self.target.y() + y * self.scale
        return QRectF(left, top, width * self.scale, height * self.scale)


def fit(width: int, height: int, area: QRectF) -> QRectF:
    """The largest rectangle of that aspect ratio in the middle of `area`."""
    scale = min(area.width() / width, area.height() / height)
    w, h = width * scale, height * scale
    return QRectF(area.x() + (area.width() - w) / 2, area.y() + (area.height() - h) / 2, w, h)


def to_image(picture: NDArray[np.uint8]) -> QImage:
    """An opaque QImage of an (H, W, 3) uint8 BGR array.

    In Qt's own format: on any other, every line and letter costs half as much again.
    """
    height, width = picture.shape[:2]
    image = QImage(width, height, QImage.Format.Format_RGB32)
    # Four bytes per pixel leave no gap at the end of a row. In memory: blue, green, red, 255.
    pixels = np.frombuffer(image.bits(), np.uint8).reshape(height, width, 4)
    cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA, dst=pixels)
    return image


def paint_picture(
    painter: QPainter, picture: NDArray[np.uint8], target: QRectF, mirror: bool
) -> None:
    """Draw the BGR picture into `target`."""
    painter.save()
    if mirror:
        painter.translate(target.x() * 2 + target.width(), 0)
        painter.scale(-1, 1)
    painter.drawImage(target, to_image(picture))
    painter.restore()


def paint_overlay(
    painter: QPainter,
    shown: Shown,
    frame: FrameMap,
    options: OverlayOptions,
    font: QFont,
) -> None:
    """Paint everything that `options` asks for, the selected face last."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    painter.setClipRect(frame.target)
    several = len(shown.faces) > 1
    # The selected face is painted last, and its label chooses its place first.
    faces = sorted(shown.faces, key=lambda item: item.face_id == shown.selected)
    labels = []
    for face in faces:
        written = shown.as_written(face)
        colour = label_colour(written, shown.threshold)
        if options.mesh:
            _paint_mesh(painter, face, frame)
        if options.pose:
            _paint_pose(painter, face, frame)
        box = _face_box(face, frame)
        if options.box:
            strong = face.face_id == shown.selected or not several
            _paint_box(painter, box, colour, strong)
        text = label_text(written, shown.threshold, shown.number(face))
        labels.append(Label(box, text, colour, written.abstains(shown.threshold)))
    if options.label:
        paint_labels(painter, labels[::-1], frame.target)
    painter.restore()


def label_text(face: FaceReading, threshold: float, number: int | None = None) -> str:
    """`Surprise  72 %`, or `Unsure` below the operating point; `2 · Unsure` with a number."""
    before = f"{number} · " if number is not None else ""
    if face.abstains(threshold):
        return f"{before}{UNSURE.capitalize()}"
    best = int(face.probabilities.argmax())
    return f"{before}{DISPLAY_NAMES[EXPRESSIONS[best]]}  {percent(float(face.probabilities[best]))}"


def label_colour(face: FaceReading, threshold: float) -> QColor:
    """That of the expression; none of the seven while the label is withheld."""
    if face.abstains(threshold):
        return _WITHHELD
    return EXPRESSION_QCOLORS[int(face.probabilities.argmax())]


def annotate(shown: Shown, options: OverlayOptions) -> QImage:
    """The analysed picture with its overlay, at the size of the frame; needs a reading.

    Needs no window, but for its fonts a QGuiApplication (see `ferdesk.ui.paint.annotated`).
    """
    assert shown.reading is not None
    picture = shown.reading.frame.image
    height, width = picture.shape[:2]
    image = QImage(width, height, QImage.Format.Format_RGB32)
    target = QRectF(0, 0, width, height)
    painter = QPainter(image)
    paint_picture(painter, picture, target, options.mirror)
    # Lines grow with the picture, as the text does, or nobody would see them on a large one.
    unit = max(1.0, min(width, height) / _PLAIN)
    painter.scale(unit, unit)
    target = QRectF(0, 0, width / unit, height / unit)
    font = QFont(QGuiApplication.font())
    font.setPixelSize(max(10, round(min(width, height) / unit / 30)))
    paint_overlay(painter, shown, FrameMap(target, width, height, options.mirror), options, font)
    painter.end()
    image.setText("Software", "ferdesk")
    return image


def _face_box(face: FaceReading, frame: FrameMap) -> QRectF:
    """The landmark box with a little air, in the target."""
    box = frame.rect(face.landmarks.box)
    air = 0.06 * max(box.width(), box.height())
    return box.adjusted(-air, -air * 1.6, air, air)


def _paint_box(painter: QPainter, box: QRectF, colour: QColor, strong: bool) -> None:
    """A thin box in the colour of the expression, with strong corners for the chosen face."""
    radius = min(10.0, box.width() * 0.08)
    thin = QColor(colour)
    thin.setAlpha(150)
    _paint_outline(painter, box, radius, QColor(0, 0, 0, 90), 3.0, 1.0)
    _paint_outline(painter, box, radius, thin, 1.6, 1.0)
    if strong:
        _paint_outline(painter, box, radius, colour, 3.4, 0.4)


def _paint_outline(
    painter: QPainter, box: QRectF, radius: float, colour: QColor, thick: float, share: float
) -> None:
    """The corners of a rounded rectangle with `share` of its sides.

    Plain bars and small arcs: stroking a large path with antialiasing takes many times as long.
    """
    painter.setPen(QPen(colour, thick))
    across, down = box.width() * share / 2 - radius, box.height() * share / 2 - radius
    half = thick / 2
    sides: list[QRectF] = []
    for x, dx in ((box.left(), 1), (box.right(), -1)):
        for y, dy in ((box.top(), 1), (box.bottom(), -1)):
            left, top = min(x, x + 2 * dx * radius), min(y, y + 2 * dy * radius)
            start = {(1, 1): 90, (-1, 1): 0, (1, -1): 180, (-1, -1): 270}[(dx, dy)]
            painter.drawArc(QRectF(left, top, 2 * radius, 2 * radius), start * 16, 90 * 16)
            begin_x = x + radius if dx > 0 else x - radius - across
            begin_y = y + radius if dy > 0 else y - radius - down
            sides += [
                QRectF(begin_x, y - half, across, thick),
                QRectF(x - half, begin_y, thick, down),
            ]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for side in sides:
        painter.fillRect(side, colour)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)


def _draw_lines(painter: QPainter, points: NDArray[np.float64], pairs: NDArray[np.intp]) -> None:
    """Draw the lines straight from memory: a thousand QLineF objects cost more than the drawing."""
    ends = np.ascontiguousarray(points[pairs].reshape(-1, 4))
    first = cast(QLineF, shiboken6.wrapInstance(ends.ctypes.data, QLineF))
    painter.drawLines(first, len(ends))


def _paint_mesh(painter: QPainter, face: FaceReading, frame: FrameMap) -> None:
    """The fine mesh in pale hairlines and the outlines of the parts over it."""
    points = frame.points(face.landmarks.points)
    painter.save()
    # Hairlines of this length look the same with and without antialiasing but cost a third.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    if frame.rect(face.landmarks.box).width() >= _LEAST_MESH:
        painter.setPen(_MESH_PEN)
        _draw_lines(painter, points, MESH)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(_OUTLINE_PEN)
    _draw_lines(painter, points, OUTLINE)
    painter.restore()


def _paint_pose(painter: QPainter, face: FaceReading, frame: FrameMap) -> None:
    """Three axes from the tip of the nose: right red, up green, towards the camera blue."""
    yaw, pitch, roll = (
        math.radians(angle) for angle in (face.pose.yaw, face.pose.pitch, face.pose.roll)
    )
    across = np.array([math.cos(yaw), 0.0, -math.sin(yaw)])
    up = np.array([-math.sin(yaw) * math.sin(pitch), -math.cos(pitch), 0.0])
    forward = np.array([math.sin(yaw) * math.cos(pitch), -math.sin(pitch), 0.0])
    turn = np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
    origin = frame.points(face.landmarks.points[1:2])[0]
    length = frame.rect(face.landmarks.box).width() * 0.45
    for axis, colour in zip((across, up, forward), _AXES, strict=True):
        direction = turn @ axis[:2]
        if frame.mirror:
            direction = direction * np.array([-1.0, 1.0])
        end = origin + direction * length
        line = QLineF(QPointF(*origin), QPointF(*end))
        for pen in (QPen(QColor(0, 0, 0, 110), 5.0), QPen(colour, 3.0)):
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawLine(line)


def percent(value: float) -> str:
    """`0.873` -> `87 %`. Never rounds to a certainty that was not there."""
    if 0.0 < value < 0.005:
        return "<1 %"
    if 0.995 <= value < 1.0:
        return ">99 %"
    return f"{value * 100:.0f} %"
