"""`ferdesk bench --record`: recording is measured against not recording, in turn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ferdesk import cli
from tests.unit.model.helpers import tiny_checkpoint


def test_every_mode_has_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "start_logging", lambda: None)
    model = tiny_checkpoint(tmp_path / "tiny.safetensors")
    code = cli.run(
        ["bench", "--record", "--frames", "8", "--fps", "30", "--checkpoint", str(model),
         "--device", "cpu", "--json"]
    )  # fmt: skip
    assert code == 0
    modes = json.loads(capsys.readouterr().out)
    assert set(modes) == {"off", "numbers", "video"}
    for mode in modes.values():
        assert len(mode["readings_per_second"]) == 2
        assert min(mode["readings_per_second"]) > 0
        assert min(mode["cpu_ms_per_frame"]) > 0
    assert modes["off"]["megabytes"] == 0
    assert 0 < modes["numbers"]["megabytes"] < modes["video"]["megabytes"]
