"""Versions, licences, citation, and a text for bug reports."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPlainTextEdit,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from ferdesk import __version__
from ferdesk.errors import FerdeskError
from ferdesk.resources import asset
from ferdesk.ui.paint.icons import application_icon
from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.paint.theme import font
from ferdesk.ui.panels.panel import MutedLabel

CITATION: Final = (
    "YiHeng Sun: Facial Expression Recognition Method Based on Dynamic Weighted Attention and "
    "Noise Label Optimization, 2025."
)
_PACKAGES: Final = (
    "PySide6_Essentials",
    "pyqtgraph",
    "numpy",
    "opencv-contrib-python",
    "mediapipe",
    "torch",
    "openvino",
    "safetensors",
)


def versions() -> dict[str, str]:
    """What is installed, read from package metadata: nothing is imported for it."""
    found = {"ferdesk": __version__, "Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def diagnostics(facts: dict[str, str], log_text: str, lines: int = 80) -> str:
    """A text for bug reports: versions, system, `facts` of this run, the end of the log."""
    rows = {
        **versions(),
        "System": platform.platform(),
        "Processor": platform.processor() or platform.machine(),
        "Qt platform": QGuiApplication.platformName(),
        "Executable": sys.executable,
        **facts,
    }
    head = "\n".join(f"{name}: {value}" for name, value in rows.items())
    tail = "\n".join(log_text.splitlines()[-lines:])
    return f"{head}\n\nLog:\n{tail}\n"


class AboutDialog(QDialog):
    """Three tabs: about, licences, diagnostics."""

    def __init__(self, report: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About ferdesk")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 520)
        picture = PlainLabel()
        picture.setPixmap(application_icon().pixmap(QSize(56, 56)))
        name = PlainLabel(f"ferdesk {__version__}")
        name.setFont(font(1.6, bold=True))
        line = MutedLabel("Reads facial expressions live, and says how reliable each label is.")
        titles = QVBoxLayout()
        titles.setSpacing(2)
        titles.addWidget(name)
        titles.addWidget(line)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(picture)
        head.addLayout(titles, 1)
        tabs = QTabWidget()
        tabs.addTab(_about_page(), "About")
        tabs.addTab(_licence_page(), "Licences")
        self.report = QPlainTextEdit(report)
        self.report.setReadOnly(True)
        self.report.setTabChangesFocus(True)
        self.report.setAccessibleName("Diagnostics")
        tabs.addTab(self.report, "Diagnostics")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy diagnostics", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(report))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 14)
        layout.setSpacing(14)
        layout.addLayout(head)
        layout.addWidget(tabs, 1)
        layout.addWidget(buttons)


def _about_page() -> QTextBrowser:
    rows = "".join(
        f"<tr><td>{name}&nbsp;&nbsp;&nbsp;</td><td>{value}</td></tr>"
        for name, value in versions().items()
    )
    page = QTextBrowser()
    page.setOpenExternalLinks(True)
    page.setAccessibleName("About")
    page.document().setDocumentMargin(12)
    page.setHtml(
        "<p>An expression is an appearance, not a feeling. ferdesk is meant for research, user "
        "experience studies and teaching, not for decisions about people.</p>"
        "<h4>Privacy</h4><p>Nothing leaves this machine: pictures are analysed here and none is "
        "stored unless you ask for it. Reports that MediaPipe would send to Google are blocked.</p>"
        f"<h4>Method</h4><p>{CITATION}</p>"
        f"<h4>Versions</h4><table cellspacing='2'>{rows}</table>"
    )
    return page


def _licence_page() -> QTextBrowser:
    page = QTextBrowser()
    page.setOpenExternalLinks(True)
    page.setAccessibleName("Licences")
    try:
        text = asset("THIRD_PARTY.md").read_text(encoding="utf-8")
    except (FerdeskError, OSError):
        text = "The list of licences (THIRD_PARTY.md) is missing from this installation."
    page.document().setDefaultStyleSheet("td, th { padding: 3px; }")
    page.setMarkdown(text)
    page.document().setDocumentMargin(12)
    page.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
    return page
