"""The recipe of the shipped checkpoint: its stages, their order, and going on."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonargparse import Namespace

from trainer.cli import main
from trainer.commands import calibrate, card, train


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every stage leaves its file and its name."""
    done: list[str] = []

    def trained(options: Namespace) -> None:
        done.append(f"{options.run.name} from {options.train.start_from or 'weights'}")
        if options.train.teacher:
            done[-1] += " taught"
        options.run.mkdir(parents=True)
        (options.run / "model.safetensors").touch()

    def calibrated(options: Namespace) -> None:
        done.append(f"calibrate {options.checkpoint.parent.name}")
        options.out.touch()

    def described(options: Namespace) -> None:
        done.append("card")
        options.out.touch()

    monkeypatch.setattr(train, "run", trained)
    monkeypatch.setattr(calibrate, "run", calibrated)
    monkeypatch.setattr(card, "run", described)
    return done


def live(folder: Path, *more: str) -> int:
    return main(
        ["live", "--data", "ferplus:DIR", "--landmark-weights", "l.pth", "--image-weights",
         "i.pth", "--out", str(folder), *more]
    )  # fmt: skip


def test_the_stages_in_order_and_once(tmp_path: Path, calls: list[str]) -> None:
    assert live(tmp_path, "--teacher", "false") == 0
    first = tmp_path / "first" / "model.safetensors"
    wanted = ["first from weights", f"finish from {first}", "calibrate finish", "card"]
    assert calls == wanted
    assert live(tmp_path, "--teacher", "false") == 0
    assert calls == wanted
    (tmp_path / "live.safetensors").unlink()
    assert live(tmp_path, "--teacher", "false") == 0
    assert calls == [*wanted, "calibrate finish"]


def test_a_teacher_comes_first(tmp_path: Path, calls: list[str]) -> None:
    assert live(tmp_path, "--teacher", "true") == 0
    assert calls[:2] == ["teacher from weights", "first from weights taught"]
