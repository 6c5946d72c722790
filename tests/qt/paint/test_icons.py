"""No two commands of the window look alike."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from ferdesk.ui.actions import COMMANDS
from ferdesk.ui.paint.icons import icon


def ink(name: str) -> np.ndarray:
    """(20, 20) how dark the icon is at the size of the toolbar."""
    image = icon(name, "#000000").pixmap(20, 20).toImage()
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return rows[:, :, 3].astype(float) / 255


def test_icons_differ_at_the_size_of_the_toolbar(qapp: QApplication) -> None:
    drawn = {command.icon: ink(command.icon) for command in COMMANDS.values() if command.icon}
    for (one, a), (other, b) in combinations(drawn.items(), 2):
        shared = np.minimum(a, b).sum() / np.maximum(a, b).sum()
        assert shared < 0.62, f"{one} looks like {other}"
