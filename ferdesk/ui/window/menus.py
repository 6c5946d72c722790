"""The menu bar and the toolbar, built from the table of commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QToolButton, QWidget

from ferdesk.ui.actions import Actions
from ferdesk.ui.paint.plain_text import tooltip

_SEPARATOR: Final = None

FILE: Final = (
    "open_checkpoint",
    ">Recent checkpoints",
    "default_checkpoint",
    _SEPARATOR,
    "open_camera",
    ">Camera",
    "open_video",
    "open_image",
    "open_folder",
    "open_url",
    "open_sample",
    ">Recent sources",
    _SEPARATOR,
    "open_session",
    ">Recent sessions",
    _SEPARATOR,
    "snapshot",
    _SEPARATOR,
    "preferences",
    _SEPARATOR,
    "quit",
)
VIEW: Final = (
    "show_box",
    "show_label",
    "show_mesh",
    "show_pose",
    _SEPARATOR,
    "mirror",
    "every_frame",
    "full_screen",
    _SEPARATOR,
    "show_distribution",
    "show_purification",
    "show_movements",
    "show_timeline",
    "show_toolbar",
    "show_log",
    _SEPARATOR,
    ">Colour scheme",
)
ANALYSIS: Final = (
    "pause",
    "reset",
    "reopen",
    "previous_file",
    "next_file",
    "repeat_files",
    _SEPARATOR,
    ">Smoothing",
    ">Faces",
    ">Device",
    _SEPARATOR,
    "next_face",
    "previous_face",
)
SESSION: Final = (
    "record",
    "mark",
    "correct",
    "neutral",
    "neutral_off",
    "exclude",
    "edit_note",
    "delete_note",
    "undo",
    "redo",
    _SEPARATOR,
    "session_start",
    "session_end",
    "previous_frame",
    "next_frame",
    "faster",
    "slower",
    _SEPARATOR,
    "next_event",
    "previous_event",
    "next_unsure",
    "previous_unsure",
    "next_correction",
    "previous_correction",
    "next_disagreement",
    "previous_disagreement",
    _SEPARATOR,
    "stretch_begin",
    "stretch_end",
    "stretch_none",
    _SEPARATOR,
    "earlier",
    "later",
    "zoom_in",
    "zoom_out",
    "zoom_all",
    _SEPARATOR,
    "compare",
    "export",
    "report",
    _SEPARATOR,
    "analyze_files",
    "forget_videos",
    "back_to_live",
)
STREAM: Final = (
    "stream_lsl",
    "stream_osc",
    "stream_websocket",
    _SEPARATOR,
    "stream_copy",
    "stream_remember",
    _SEPARATOR,
    "stream_markers",
)
HELP: Final = (
    "notice",
    "shortcuts",
    _SEPARATOR,
    "copy_diagnostics",
    "dismiss",
    _SEPARATOR,
    "about",
)
_ICON_ONLY: Final = (
    "previous_file", "next_file", "show_box", "show_label", "show_mesh", "show_pose", "show_log",
    "full_screen",
)  # fmt: skip
_ROOMY: Final = 1100
"""Width from which all commands have their names in the toolbar."""
_MENUS: Final = (
    ("&File", FILE),
    ("&View", VIEW),
    ("&Session", SESSION),
    ("&Analysis", ANALYSIS),
    ("S&tream", STREAM),
    ("&Help", HELP),
)


class Menus:
    """The menu bar of a window; `sub` are the menus whose entries change."""

    def __init__(self, window: QMainWindow, actions: Actions) -> None:
        self.sub: dict[str, QMenu] = {}
        bar = window.menuBar()
        for title, entries in _MENUS:
            menu = bar.addMenu(title)
            menu.setToolTipsVisible(True)
            for entry in entries:
                if entry is None:
                    menu.addSeparator()
                elif entry.startswith(">"):
                    sub = menu.addMenu(entry[1:])
                    sub.setToolTipsVisible(True)
                    self.sub[entry[1:]] = sub
                else:
                    menu.addAction(actions[entry])


class ChoiceMenu:
    """A submenu of which one entry is chosen."""

    def __init__(self, menu: QMenu, chosen: Callable[[Any], None]) -> None:
        self.menu = menu
        self._chosen = chosen
        self._group = QActionGroup(menu)
        self._group.triggered.connect(lambda action: self._chosen(action.data()))

    def fill(self, entries: Sequence[tuple[Any, str, str]], current: Any) -> None:
        """Entries are (value, text, why it cannot be chosen); an empty reason means that it can."""
        for old in self._group.actions():
            self._group.removeAction(old)
        self.menu.clear()
        for value, text, reason in entries:
            action = QAction(text, self._group)
            action.setData(value)
            action.setCheckable(True)
            action.setChecked(value == current)
            action.setEnabled(not reason)
            if reason:
                action.setToolTip(tooltip(f"Not available: {reason}"))
            self.menu.addAction(action)

    def set_current(self, value: Any) -> None:
        """Mark another entry without choosing it."""
        for action in self._group.actions():
            action.setChecked(action.data() == value)


class _PlainToolBar(QToolBar):
    """Without the two lines of the style, which are far too bright in the dark scheme.

    Where it is narrow, `shrinking` buttons are icons without their names.
    """

    def __init__(self, title: str, window: QMainWindow) -> None:
        super().__init__(title, window)
        self.shrinking: list[QToolButton] = []

    def resizeEvent(self, event: QResizeEvent) -> None:
        beside, alone = (
            Qt.ToolButtonStyle.ToolButtonTextBesideIcon,
            Qt.ToolButtonStyle.ToolButtonIconOnly,
        )
        for button in self.shrinking:
            button.setToolButtonStyle(beside if self.width() >= _ROOMY else alone)
        super().resizeEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Nothing: the window shows through."""


def build_toolbar(window: QMainWindow, actions: Actions, camera_menu: QMenu) -> QToolBar:
    """The commands needed most, with their names beside the icons where space allows."""
    bar = _PlainToolBar("Toolbar", window)
    bar.setObjectName("toolbar")
    bar.setMovable(False)
    bar.setFloatable(False)
    bar.setIconSize(QSize(18, 18))
    bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    bar.setContentsMargins(8, 3, 8, 3)
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    camera = QToolButton()
    camera.setObjectName("camera_button")
    camera.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    camera.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
    camera.setDefaultAction(actions["open_camera"])
    camera.setMenu(camera_menu)
    bar.addWidget(camera)
    for name in ("open_video", "open_checkpoint"):
        bar.addAction(actions[name])
    bar.addSeparator()
    for name in ("record", "previous_file", "pause", "next_file", "reset", "snapshot"):
        bar.addAction(actions[name])
    bar.addSeparator()
    for name in ("show_box", "show_label", "show_mesh", "show_pose"):
        bar.addAction(actions[name])
    spacer = QWidget()
    spacer.setSizePolicy(spacer.sizePolicy().Policy.Expanding, spacer.sizePolicy().Policy.Preferred)
    bar.addWidget(spacer)
    for name in ("back_to_live", "show_log", "full_screen"):
        bar.addAction(actions[name])
    bar.shrinking = [_button(bar, actions[name]) for name in ("pause", "reset", "snapshot")]
    for name in _ICON_ONLY:
        button = _button(bar, actions[name])
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    for button in bar.findChildren(QToolButton):
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAccessibleName(button.text())
    return bar


def _button(bar: QToolBar, action: QAction) -> QToolButton:
    button = bar.widgetForAction(action)
    assert isinstance(button, QToolButton)
    return button
