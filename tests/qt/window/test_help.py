"""What the Help menu gives out."""

from __future__ import annotations

from tests.qt.conftest import Bench


def test_diagnostics_are_copied(bench: Bench, qapp: object) -> None:
    bench.run()
    bench.window.commands["copy_diagnostics"].trigger()
    text = qapp.clipboard().text()  # type: ignore[attr-defined]
    for part in ("ferdesk:", "Python:", "torch:", "Device: OpenVINO CPU", "Checkpoint: live-1"):
        assert part in text
