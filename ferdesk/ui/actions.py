"""Every command of the window in one table: text, shortcut, tip, icon.

Menus, the toolbar, the list of shortcuts and the tests all read this table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from ferdesk.ui.command import Command, Standard
from ferdesk.ui.paint.icons import icon
from ferdesk.ui.paint.plain_text import tooltip
from ferdesk.ui.paint.theme import Scheme
from ferdesk.ui.session_commands import NO_SESSION, REVIEW, SESSION_COMMANDS

COMMANDS: Final[dict[str, Command]] = {
    "open_checkpoint": Command(
        "Open checkpoint…",
        Standard.Open,
        "Use another trained network",
        icon="model",
        short="Checkpoint",
    ),
    "open_camera": Command(
        "Open camera",
        "Ctrl+Shift+C",
        "Read the camera used last, or the first one",
        icon="camera",
        short="Camera",
    ),
    "open_video": Command(
        "Open video…", "Ctrl+Shift+V", "Read a video file", icon="film", short="Video"
    ),
    "open_image": Command("Open picture…", "Ctrl+Shift+I", "Read one picture", icon="image"),
    "open_folder": Command(
        "Open folder…", "Ctrl+Shift+F", "Read all pictures and videos of a folder", icon="folder"
    ),
    "open_url": Command("Open URL…", "Ctrl+Shift+U", "Read a network camera or stream"),
    "open_sample": Command(
        "Built-in sample", "Ctrl+Shift+B", "Play the clip that ships with ferdesk"
    ),
    "default_checkpoint": Command(
        "Use the built-in checkpoint", None, "Go back to the network that ships with ferdesk"
    ),
    "snapshot": Command(
        "Save snapshot…",
        Standard.Save,
        "Write the picture to a PNG or JPEG file, with or without overlay",
        icon="snapshot",
        short="Snapshot",
    ),
    **SESSION_COMMANDS,
    "stream_lsl": Command(
        "LSL", None, "Give the readings to programs in your network: Lab Streaming Layer", True
    ),
    "stream_osc": Command("OSC…", None, "Send the readings to one host as OSC messages", True),
    "stream_websocket": Command(
        "WebSocket", None, "Give the readings to programs of this computer as JSON", True
    ),
    "stream_copy": Command(
        "Copy WebSocket address", None, "With its token: whoever has it can read along"
    ),
    "stream_markers": Command(
        "Note LSL markers…",
        None,
        "While recording, the markers of another program become events of the session",
        True,
    ),
    "stream_remember": Command(
        "Stream again at the next start",
        None,
        "Begin the streams that are on now when ferdesk starts",
        True,
        setting="stream_remember",
    ),
    "preferences": Command(
        "Preferences…",
        Standard.Preferences,
        "All settings",
        role=QAction.MenuRole.PreferencesRole,
        fallback="Ctrl+,",
    ),
    "quit": Command("Quit", Standard.Quit, role=QAction.MenuRole.QuitRole, fallback="Ctrl+Q"),
    "show_box": Command(
        "Box", "Ctrl+1", "Box round each face", True, icon="box", setting="show_box"
    ),
    "show_label": Command(
        "Label", "Ctrl+2", "Expression above each face", True, icon="label", setting="show_label"
    ),
    "show_mesh": Command(
        "Mesh", "Ctrl+3", "The 478 landmarks as a mesh", True, icon="mesh", setting="show_mesh"
    ),
    "show_pose": Command(
        "Head pose", "Ctrl+4", "Direction of the head", True, icon="pose", setting="show_pose"
    ),
    "mirror": Command("Mirror", "Ctrl+M", "Show cameras as a mirror", True, setting="mirror"),
    "every_frame": Command(
        "Show every frame",
        "Ctrl+E",
        "Smooth video even when the analysis is slower than the camera; the overlay then lags",
        True,
        setting="every_frame",
    ),
    "full_screen": Command(
        "Full screen",
        Standard.FullScreen,
        "The picture alone; Esc goes back",
        True,
        icon="fullscreen",
        fallback="F11",
    ),
    "show_distribution": Command(
        "Expression panel", "Alt+1", "Show or hide it", True, setting="show_distribution"
    ),
    "show_purification": Command(
        "Answer panel",
        "Alt+2",
        "How the answer was reached: show or hide it",
        True,
        setting="show_purification",
    ),
    "show_movements": Command(
        "Face movements",
        "Alt+5",
        "The strongest of the 52 face movements, in place of the answer panel",
        True,
        setting="show_movements",
    ),
    "show_timeline": Command("Timeline", "Alt+3", "Show or hide it", True, setting="show_timeline"),
    "show_toolbar": Command("Toolbar", "Alt+4", "Show or hide it", True, setting="show_toolbar"),
    "show_log": Command("Log", "F12", "What the program noted", True, icon="log"),
    "pause": Command("Pause", "Space", "Stop and go on", True, icon="pause"),
    "reset": Command(
        "Reset", "Ctrl+Shift+R", "Forget faces, smoothing, timeline and counters", icon="reset"
    ),
    "reopen": Command(
        "Open the source again", Standard.Refresh, "Start from the beginning", fallback="F5"
    ),
    "previous_file": Command(
        "Previous file",
        "PgUp",
        "Go back in a folder or a list and stay there",
        icon="previous",
    ),
    "next_file": Command(
        "Next file",
        "PgDown",
        "Go on in a folder or a list and stay there",
        icon="next",
    ),
    "repeat_files": Command(
        "Repeat files",
        "Ctrl+L",
        "Start videos and folders again when they are at their end",
        True,
        setting="repeat_files",
    ),
    "next_face": Command("Next face", "Ctrl+Tab", "Show another face in the panels"),
    "previous_face": Command("Previous face", "Ctrl+Shift+Tab", "Show another face in the panels"),
    "dismiss": Command("Dismiss notices", "Esc", "Close notices, or leave the full screen"),
    "notice": Command("First-run notice…", None, "What ferdesk does and does not do"),
    "shortcuts": Command("Keyboard shortcuts…", Standard.HelpContents, fallback="F1"),
    "copy_diagnostics": Command(
        "Copy diagnostics", "Ctrl+Shift+D", "Versions, device and recent log, for a bug report"
    ),
    "about": Command("About ferdesk…", None, role=QAction.MenuRole.AboutRole),
}

NO_FILES: Final = "The source is not a folder or a list of files"
_DEFAULT_OFF: Final = {
    "snapshot": "There is no picture yet",
    "next_face": "There is only one face in view",
    "previous_face": "There is only one face in view",
    "reopen": "No source was chosen yet",
    **dict.fromkeys(REVIEW, NO_SESSION),
    "mark": "Nothing is being recorded and no session is open",
    "correct": "Nothing is being recorded and no session is open",
    "stream_copy": "WebSocket is off",
    "neutral_off": "This face has no baseline",
    "previous_file": NO_FILES,
    "next_file": NO_FILES,
}


class Actions:
    """The QActions of one window, by the names in :data:`COMMANDS`."""

    def __init__(self, window: QWidget) -> None:
        self._actions: dict[str, QAction] = {}
        self._icons: dict[str, str] = {}
        for name, command in COMMANDS.items():
            action = QAction(command.text, window)
            action.setObjectName(name)
            action.setCheckable(command.checkable)
            action.setMenuRole(command.role)
            shortcut = _shortcut(command)
            if shortcut is not None:
                action.setShortcut(shortcut)
            if command.short:
                action.setIconText(command.short)
            if command.icon:
                self._icons[name] = command.icon
            self._actions[name] = action
            self.set_enabled(name, name not in _DEFAULT_OFF, _DEFAULT_OFF.get(name, ""))
            # Shortcuts must work while the menu bar is hidden, too.
            window.addAction(action)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __iter__(self) -> Iterator[tuple[str, QAction]]:
        return iter(self._actions.items())

    def setting(self, name: str) -> str:
        """The boolean setting that a command switches; "" when there is none."""
        return COMMANDS[name].setting

    def set_enabled(self, name: str, enabled: bool, why_not: str = "") -> None:
        """Enable or disable a command; a disabled one says why."""
        action = self._actions[name]
        action.setEnabled(enabled)
        tip = COMMANDS[name].tip or COMMANDS[name].text.rstrip("…")
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        text = f"{tip} ({keys})" if keys else tip
        action.setToolTip(tooltip(text if enabled or not why_not else f"{text}. {why_not}."))

    def set_icon(self, name: str, icon_name: str, scheme: Scheme) -> None:
        """Give a command another icon."""
        self._icons[name] = icon_name
        self._actions[name].setIcon(icon(icon_name, scheme.text))

    def restyle(self, scheme: Scheme) -> None:
        """Tint the icons."""
        for name, icon_name in self._icons.items():
            self._actions[name].setIcon(icon(icon_name, scheme.text))


def _shortcut(command: Command) -> QKeySequence | None:
    """One shortcut; some platforms have several standard ones, or none."""
    if command.shortcut is None:
        return None
    if isinstance(command.shortcut, str):
        return QKeySequence(command.shortcut)
    bindings = QKeySequence.keyBindings(command.shortcut)
    return bindings[0] if bindings else QKeySequence(command.fallback)
