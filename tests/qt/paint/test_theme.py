"""Light, dark, and colours that everybody can tell apart."""

from __future__ import annotations

from functools import partial
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ferdesk.model.labels import EXPRESSION_COLOURS, EXPRESSIONS
from ferdesk.ui.paint.theme import DARK, LIGHT, current_scheme
from tests.qt.conftest import Bench

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
    ),
    "deuteranopia": np.array(
        [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    ),
    "tritanopia": np.array(
        [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]
    ),
}
XYZ = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])


def linear(colour: str) -> NDArray[np.float64]:
    c = QColor(colour)
    v = np.array([c.redF(), c.greenF(), c.blueF()])
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    xyz = XYZ @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.0888])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(a: str, b: str) -> float:
    light, dark = sorted((float(XYZ[1] @ linear(c)) + 0.05 for c in (a, b)), reverse=True)
    return light / dark


def has_base(widget: QWidget, colour: QColor) -> bool:
    return widget.palette().color(QPalette.ColorRole.Base) == colour


@pytest.mark.parametrize("sight", list(SIGHT))
def test_any_two_expressions_can_be_told_apart(sight: str) -> None:
    assert list(EXPRESSION_COLOURS) == list(EXPRESSIONS)
    seen = {n: lab(SIGHT[sight] @ linear(c)) for n, c in EXPRESSION_COLOURS.items()}
    for a, b in combinations(seen, 2):
        assert np.linalg.norm(seen[a] - seen[b]) > 22, (a, b)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast(scheme: object) -> None:
    for name, colour in EXPRESSION_COLOURS.items():
        assert contrast(colour, scheme.card) > 2.2, name  # type: ignore[attr-defined]
    for role in ("text", "muted", "accent", "good", "warning", "error"):
        for ground in ("card", "window"):
            ink, paper = getattr(scheme, role), getattr(scheme, ground)
            assert contrast(ink, paper) > 4.5, (role, ground)


def test_switching_restyles_every_part_at_once(bench: Bench, qtbot: QtBot) -> None:
    panels = bench.window.panels
    widgets = (bench.window, panels.distribution, panels.timeline.title, panels.status.state)
    for name, scheme in (("dark", DARK), ("light", LIGHT), ("dark", DARK)):
        bench.window.store.update(theme=name)
        assert current_scheme() is scheme
        for widget in widgets:
            qtbot.waitUntil(partial(has_base, widget, QColor(scheme.card)))
        assert panels.timeline.plot.view.backgroundBrush().color() == QColor(scheme.card)
        assert panels.purification.plot.colour(0) == QColor(scheme.text)
    bench.window.store.update(theme="system")


def test_data_colours_stay(bench: Bench) -> None:
    curves = bench.window.panels.timeline.plot.curves
    before = [curve.opts["pen"].color().name() for curve in curves]
    bench.window.store.update(theme="dark")
    assert [curve.opts["pen"].color().name() for curve in curves] == before
    assert before == [colour.lower() for colour in EXPRESSION_COLOURS.values()]
