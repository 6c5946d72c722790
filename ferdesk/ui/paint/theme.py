"""Colours. The chrome follows the scheme (system, light or dark); data colours never change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from ferdesk.model.labels import EXPRESSION_COLOURS, EXPRESSIONS

EXPRESSION_QCOLORS: Final[tuple[QColor, ...]] = tuple(
    QColor(EXPRESSION_COLOURS[name]) for name in EXPRESSIONS
)

VIDEO_BACKDROP: Final = QColor("#14161A")
"""Behind pictures, in both schemes: a picture is judged best on a dark ground."""
VIDEO_TEXT: Final = QColor("#E9EBEE")
VIDEO_MUTED: Final = QColor("#A3A9B3")


@dataclass(frozen=True, slots=True)
class Scheme:
    """The chrome of one colour scheme."""

    dark: bool
    window: str
    card: str
    track: str
    """Empty part of a bar, grid lines."""
    border: str
    text: str
    muted: str
    accent: str
    button: str
    good: str
    warning: str
    error: str


LIGHT: Final = Scheme(
    dark=False,
    window="#F1F3F5",
    card="#FFFFFF",
    track="#E8EBEF",
    border="#D5DAE0",
    text="#1A1D21",
    muted="#59616C",
    accent="#1F5FBF",
    button="#FBFCFD",
    good="#1B7F3B",
    warning="#8F5A00",
    error="#B3261E",
)

DARK: Final = Scheme(
    dark=True,
    window="#15171A",
    card="#1E2125",
    track="#2C3036",
    border="#363B42",
    text="#E9EBEE",
    muted="#A3A9B3",
    accent="#78AEFF",
    button="#2A2E34",
    good="#57C777",
    warning="#F0B24A",
    error="#FF8A80",
)

_COLOUR_SCHEMES: Final = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}


def _palette(scheme: Scheme) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette(QColor(scheme.button), QColor(scheme.window))
    colours = {
        role.Window: scheme.window,
        role.WindowText: scheme.text,
        role.Base: scheme.card,
        role.AlternateBase: scheme.track,
        role.Text: scheme.text,
        role.Button: scheme.button,
        role.ButtonText: scheme.text,
        role.BrightText: scheme.error,
        role.ToolTipBase: scheme.card,
        role.ToolTipText: scheme.text,
        role.PlaceholderText: scheme.muted,
        role.Highlight: "#1F5FBF" if not scheme.dark else "#2F62AE",
        role.HighlightedText: "#FFFFFF",
        role.Accent: scheme.accent,
        role.Link: scheme.accent,
        role.LinkVisited: scheme.accent,
        role.Mid: scheme.border,
    }
    for key, colour in colours.items():
        palette.setColor(key, QColor(colour))
    disabled = QColor(scheme.muted)
    disabled.setAlphaF(0.6)
    for key in (role.WindowText, role.Text, role.ButtonText, role.PlaceholderText):
        palette.setColor(QPalette.ColorGroup.Disabled, key, disabled)
    return palette


class Theme(QObject):
    """Applies a scheme to the application and tells panels when it changed."""

    changed = Signal(object)
    """Carries the new :class:`Scheme`."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._name = "system"
        self.scheme: Scheme = LIGHT
        app.setStyle("Fusion")
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._refresh)

    def apply(self, name: str) -> None:
        """Use "system", "light" or "dark" from now on. KeyError for anything else."""
        self._name = name
        QGuiApplication.styleHints().setColorScheme(_COLOUR_SCHEMES[name])
        self._refresh()

    def _refresh(self) -> None:
        # Some platforms cannot be asked for a scheme (offscreen): an explicit choice still holds.
        if self._name == "system":
            dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        else:
            dark = self._name == "dark"
        self.scheme = DARK if dark else LIGHT
        self._app.setPalette(_palette(self.scheme))
        self.changed.emit(self.scheme)


def current_scheme() -> Scheme:
    """The scheme in force, read from the application's palette."""
    window = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    return DARK if window.lightness() < 128 else LIGHT


def font(scale: float = 1.0, *, bold: bool = False, digits: bool = False) -> QFont:
    """The application font, scaled; `digits` asks for digits of equal width."""
    result = QFont(QGuiApplication.font())
    result.setPointSizeF(max(6.0, result.pointSizeF() * scale))
    if bold:
        result.setWeight(QFont.Weight.DemiBold)
    if digits:
        result.setFeature(QFont.Tag("tnum"), 1)
    return result
