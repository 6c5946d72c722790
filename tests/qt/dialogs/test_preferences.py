"""Preferences apply at once."""

from __future__ import annotations

from dataclasses import fields

from ferdesk.ui.dialogs.preferences import PreferencesDialog
from ferdesk.ui.state.settings import Settings
from tests.qt.conftest import Bench


def test_preferences_apply_at_once_and_follow(bench: Bench) -> None:
    dialog = PreferencesDialog(bench.window.store, bench.window)
    listed = {spec.name for spec in fields(Settings) if "text" in spec.metadata}
    assert set(dialog.editors) == listed
    dialog.editors["show_mesh"].setChecked(True)  # type: ignore[union-attr]
    assert bench.video.options.mesh
    assert bench.window.commands["show_mesh"].isChecked()
    bench.window.store.update(smoothing_seconds=1.0)
    assert dialog.editors["smoothing_seconds"].currentText() == "1 s"  # type: ignore[union-attr]
    assert bench.engine.options.smoothing_seconds == 1.0
    dialog._restore()
    assert not bench.video.options.mesh
    dialog.close()
