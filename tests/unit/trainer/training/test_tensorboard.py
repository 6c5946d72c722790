"""TensorBoard where it is installed, and a clear sentence where it is not."""

import logging
import sys
from pathlib import Path

import pytest

from ferdesk.errors import FerdeskError
from trainer.training.tensorboard import Scalars


def test_without_a_folder_nothing_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    scalars = Scalars(None)
    scalars.write(1, {"loss": 1.0})
    scalars.close()


def test_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(FerdeskError) as caught:
        Scalars(tmp_path / "tb")
    assert str(caught.value) == (
        "TensorBoard is not installed; pip install 'ferdesk[tensorboard]' or leave "
        "--train.tensorboard out."
    )
    assert not (tmp_path / "tb").exists()


def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    scalars = Scalars(tmp_path / "tb")
    scalars.write(1, {"loss": 1.5, "accuracy": 0.5, "macro_f1": None})
    scalars.write(2, {"loss": 1.25})
    scalars.close()
    scalars.close()
    again = Scalars(tmp_path / "tb")
    again.write(3, {"loss": 1.0})
    again.close()
    found = EventAccumulator(str(tmp_path / "tb"))
    found.Reload()
    assert set(found.Tags()["scalars"]) == {"loss", "accuracy"}
    assert [(e.step, e.value) for e in found.Scalars("loss")] == [(1, 1.5), (2, 1.25), (3, 1.0)]


def test_a_file_in_the_way(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    (tmp_path / "tb").write_text("mine")
    with pytest.raises(FerdeskError, match="for TensorBoard cannot be written"):
        Scalars(tmp_path / "tb")
    assert (tmp_path / "tb").read_text() == "mine"


def test_a_full_disk_costs_the_curves_not_the_run(caplog: pytest.LogCaptureFixture) -> None:
    class Full:
        def add_scalar(self, name: str, value: float, step: int) -> None: ...

        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    scalars = Scalars(None)
    scalars._writer = Full()
    with caplog.at_level(logging.WARNING):
        scalars.write(1, {"loss": 1.0})
        scalars.write(2, {"loss": 1.0})
        scalars.close()
    assert [r.message.partition(" (")[0] for r in caplog.records] == [
        "TensorBoard's figures cannot be written"
    ]
