"""All settings, applied as they are changed: there is no OK and no Apply."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QVBoxLayout,
    QWidget,
)

from ferdesk.ui.paint.plain_text import PlainLabel
from ferdesk.ui.panels.panel import MutedLabel
from ferdesk.ui.settings_store import SettingsStore
from ferdesk.ui.state.settings import Settings


class PreferencesDialog(QDialog):
    """One row for each setting that has a text in the schema."""

    def __init__(self, store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(480)
        self._store = store
        self.editors: dict[str, QCheckBox | QComboBox] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(20)
        form.setVerticalSpacing(9)
        for spec in fields(Settings):
            text = spec.metadata.get("text")
            if text is None:
                continue
            choices = spec.metadata.get("choices")
            if choices is None:
                box = QCheckBox(text)
                box.toggled.connect(lambda on, name=spec.name: store.update(**{name: on}))
                self.editors[spec.name] = box
                form.addRow(box)
            else:
                combo = QComboBox()
                for value, label in choices.items():
                    combo.addItem(label, value)
                combo.activated.connect(
                    lambda _i, name=spec.name, c=combo: store.update(**{name: c.currentData()})
                )
                combo.setAccessibleName(text)
                self.editors[spec.name] = combo
                form.addRow(PlainLabel(text), combo)
        where = MutedLabel(f"Changes apply at once and are kept in {store.path}")
        where.setWordWrap(True)
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Close | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        restore = buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        restore.clicked.connect(self._restore)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 16)
        layout.setSpacing(16)
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(where)
        layout.addWidget(buttons)
        store.changed.connect(self._take)
        self._take(None, store.value)

    def _take(self, _old: Settings | None, new: Settings) -> None:
        """Follow changes, also those made elsewhere while the dialog is open."""
        for name, editor in self.editors.items():
            value: Any = getattr(new, name)
            editor.blockSignals(True)
            if isinstance(editor, QCheckBox):
                editor.setChecked(value)
            else:
                editor.setCurrentIndex(editor.findData(value))
            editor.blockSignals(False)

    def _restore(self) -> None:
        default = Settings()
        self._store.update(**{name: getattr(default, name) for name in self.editors})
