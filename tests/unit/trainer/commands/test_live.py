"""The recipe of the shipped checkpoint: its stages, their order, and going on."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonargparse import Namespace

from trainer.cli import main
from trainer.commands import calibrate, card, train, witness


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every stage leaves its file and its name."""
    done: list[str] = []

    def trained(options: Namespace) -> None:
        names = [Path(file).parent.name for file in options.train.teacher]
        done.append(f"{options.run.name} seed {options.train.seed} taught by {names}")
        options.run.mkdir(parents=True)
        (options.run / "model.safetensors").touch()

    def watched(options: Namespace) -> None:
        done.append(f"witness of {options.checkpoint.parent.name} at {options.weight}")
        options.out.touch()

    def calibrated(options: Namespace) -> None:
        done.append(f"calibrate {options.checkpoint.name}")
        options.out.touch()

    def described(options: Namespace) -> None:
        done.append("card")
        options.out.touch()

    monkeypatch.setattr(train, "run", trained)
    monkeypatch.setattr(witness, "run", watched)
    monkeypatch.setattr(calibrate, "run", calibrated)
    monkeypatch.setattr(card, "run", described)
    return done


def live(folder: Path, *more: str) -> int:
    return main(
        ["live", "--data", "ferplus:DIR", "--landmark-weights", "l.pth", "--image-weights",
         "i.pth", "--out", str(folder), *more]
    )  # fmt: skip


def test_the_stages_in_order_and_once(tmp_path: Path, calls: list[str]) -> None:
    assert live(tmp_path) == 0
    wanted = [
        "teacher-1 seed 2 taught by []", "teacher-2 seed 3 taught by []",
        "student seed 1 taught by ['teacher-1', 'teacher-2']", "witness of student at 2.0",
        "calibrate witnessed.safetensors", "card",
    ]  # fmt: skip
    assert calls == wanted
    assert live(tmp_path) == 0
    assert calls == wanted
    (tmp_path / "live.safetensors").unlink()
    assert live(tmp_path) == 0
    assert calls == [*wanted, "calibrate witnessed.safetensors"]


def test_teachers_that_are_there_are_not_trained(tmp_path: Path, calls: list[str]) -> None:
    assert live(tmp_path, "--teachers", "old/a.safetensors", "new/b.safetensors") == 0
    assert calls[0] == "student seed 1 taught by ['old', 'new']"
    assert live(tmp_path / "alone", "--own-teachers", "0") == 0
    assert calls[4] == "student seed 1 taught by []"
