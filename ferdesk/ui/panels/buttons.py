"""The kinds of buttons that panels, the review and dialogs share."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton, QToolButton

from ferdesk.ui.paint.theme import font


def text_button(action: QAction) -> QToolButton:
    """A flat button for a command, with its short name."""
    button = QToolButton()
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setDefaultAction(action)
    button.setFont(font(0.92, digits=True))
    return button


def icon_button(action: QAction, size: int = 16) -> QToolButton:
    """A flat button for a command, with its icon of `size` pixels."""
    button = QToolButton()
    button.setAutoRaise(True)
    button.setIconSize(QSize(size, size))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setDefaultAction(action)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    button.setAccessibleName(action.text())
    return button


def step_button(name: str, pressed: Callable[[], object]) -> QToolButton:
    """A small flat button without an icon yet; `name` is its tooltip."""
    button = QToolButton()
    button.setAutoRaise(True)
    button.setAccessibleName(name)
    button.setToolTip(name)
    button.setIconSize(QSize(14, 14))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(lambda _on=False: pressed())
    return button


def push_button(text: str, pressed: Callable[[], object]) -> QPushButton:
    """A button of a dialog that Enter does not press by itself."""
    button = QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda _on=False: pressed())
    return button
