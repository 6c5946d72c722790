"""One command of the window: text, shortcut, tip, icon."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence

Standard = QKeySequence.StandardKey


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the table."""

    text: str
    shortcut: str | QKeySequence.StandardKey | None = None
    tip: str = ""
    checkable: bool = False
    icon: str = ""
    setting: str = ""
    """Name of the boolean setting that a checkable command switches."""
    role: QAction.MenuRole = QAction.MenuRole.NoRole
    short: str = ""
    """Text in the toolbar, where the menu's is too long."""
    fallback: str = ""
    """Shortcut where the platform has no standard one."""
