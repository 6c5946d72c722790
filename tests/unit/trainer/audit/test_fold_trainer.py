"""An audit judges by the mean of all epochs, however often it was stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ferdesk.model.purified import FIELDS, Purified
from tests.unit.trainer.helpers import AskAfter
from trainer.audit import fold_trainer, folds
from trainer.audit.confident import find
from trainer.audit.fold_trainer import ANSWERS_FILE, FoldTrainer, MeanAnswers
from trainer.audit.folds import pictures_of
from trainer.cli import main
from trainer.config import TrainConfig
from trainer.data.packed import PackedSet
from trainer.measure.answers import Answers
from trainer.measure.metrics import DISTRIBUTIONS
from trainer.training import loop
from trainer.training.run_data import run_data
from trainer.training.state import read_state

pytestmark = pytest.mark.usefixtures("undrawn")

EPOCHS = 3


class Killed(BaseException):
    """Nothing of the program comes after it."""


def audit(place: Path, out: str, *more: str) -> int:
    return main([
        "audit", "--preset", "smoke", "--data", "synthetic:140", "--folds", "2", "--noise", "0.2",
        "--train.epochs", str(EPOCHS), "--train.batch_size", "16", "--train.warmup_steps", "2",
        "--train.detail", "56", "--train.shrink_first", "true", "--out", str(place / out),
        "--cache", str(place / "cache"), "--progress", "none", *more,
    ])  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audits")


@pytest.fixture(scope="module")
def said() -> list[tuple[PackedSet, PackedSet, np.ndarray]]:
    """What the networks of `straight` were trained on, asked about and said, epoch by epoch."""
    return []


@pytest.fixture
def straight(place: Path, said: list[Any], monkeypatch: pytest.MonkeyPatch, undrawn: None) -> Path:
    """An audit that nothing has stopped."""
    if not said:
        ask = FoldTrainer.answers_on

        def heard(trainer: FoldTrainer, data: PackedSet) -> Answers:
            answers = ask(trainer, data)
            said.append((trainer.data.training, data, answers.out.final))
            return answers

        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(FoldTrainer, "answers_on", heard)
            assert audit(place, "straight") == 0
    return place / "straight"


def answer(final: list[float]) -> Purified[np.ndarray]:
    """Every distribution, of one picture each, is `final`."""
    return Purified(**{name: np.array([[*final, 0, 0, 0, 0]], np.float32) for name in FIELDS})


def asked(count: int, first: str = "a") -> PackedSet:
    names = (first, *"bcdefg"[: count - 1])
    return PackedSet(
        np.zeros((count, 8, 8, 3), np.uint8), np.eye(7, dtype=np.float32)[:count], names,
        np.ones(count, bool),
    )  # fmt: skip


def test_the_mean_by_hand_and_through_a_file(tmp_path: Path) -> None:
    mean = MeanAnswers(("a",))
    for epoch, final in enumerate([[0.9, 0.1, 0], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6]], 1):
        mean = mean.plus(answer(final))
        assert mean.epochs == epoch
        mean.write(tmp_path / "mean.npz")
        read = MeanAnswers.read(tmp_path / "mean.npz", asked(1))
        assert (read.names, read.epochs) == (mean.names, epoch)
        for name in DISTRIBUTIONS:
            assert (read.means[name] == mean.means[name]).all()
        mean = read
    for found in mean.answers().values():
        assert found[0, :3] == pytest.approx([0.4, 0.3, 0.3])
    for other in (asked(1, "b"), asked(2)):
        with pytest.raises(ValueError, match="other pictures"):
            MeanAnswers.read(tmp_path / "mean.npz", other)


def test_the_ranking_is_that_of_the_mean_and_not_of_the_last_epoch(
    straight: Path, said: list[tuple[PackedSet, PackedSet, np.ndarray]]
) -> None:
    assert len(said) == 2 * EPOCHS
    with np.load(straight / "probabilities.npz") as file:
        names, given, final = file["names"].tolist(), file["given"], file["final"]
    epochs = [{}, {}, {}]
    for number, (_, data, answers) in enumerate(said):
        epochs[number % EPOCHS] |= dict(zip(data.names, answers, strict=True))
    each = np.array([[one[name] for name in names] for one in epochs])
    np.testing.assert_allclose(final, each.mean(axis=0), atol=1e-6)
    table = (straight / "audit.csv").read_text().splitlines()[1:]
    ranked = [line.partition(",")[0] for line in table]
    found = json.loads((straight / "audit.json").read_text())
    groups = np.arange(len(names))
    assert found["copies"] == 0
    by_mean, by_last = (find(q, given, groups) for q in (final, each[-1]))
    assert ranked == [names[row] for row in by_mean.order()]
    assert ranked != [names[row] for row in by_last.order()]
    # What the user is shown and told comes from the same answers.
    for line in table:
        name, _, suggested, probability, *_ = line.split(",")
        row = names.index(name)
        assert found["noise"]["classes"].index(suggested) == by_mean.suggested[row]
        assert float(probability) == pytest.approx(by_mean.purified[row, given[row]], abs=1e-6)
    assert found["agreement"] == pytest.approx((final.argmax(axis=1) == given).mean())
    assert found["made"]["epochs"] == EPOCHS
    assert "mean of its answers after every epoch" in (straight / "index.html").read_text()


def test_a_fold_sees_the_pixels_of_an_ordinary_run(
    straight: Path, place: Path, said: list[tuple[PackedSet, PackedSet, np.ndarray]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    config = TrainConfig(
        data="synthetic:140", architecture="tiny", holdout=0.0, measure_on="none", detail=56,
        shrink_first=True,
    )  # fmt: skip
    run = run_data(config, place / "cache").sets.training
    crop_of = dict(zip(run.names, run.crops, strict=True))
    for training, judged, _ in said:
        assert set(training.names) | set(judged.names) == set(run.names)
        for part in (training, judged):
            assert part.crops.shape[1:] == (56, 56, 3)
            assert (part.crops == [crop_of[name] for name in part.names]).all()
    # They are shrunk by the folds alone.
    monkeypatch.setattr(PackedSet, "shrunk", None)
    pictures = pictures_of(config, place / "cache")
    assert pictures.take(np.arange(2)).crops.shape == (2, 112, 112, 3)


def dies(call: int, then: Callable[..., Any]) -> Callable[..., Any]:
    """`then`, which the process does not live to do for the `call`-th time."""
    calls = 0

    def stand_in(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise Killed
        return then(*arguments, **named)

    return stand_in


def test_an_audit_stopped_again_and_again_ends_as_one_that_was_not(
    straight: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(module: Any, name: str, call: int) -> None:
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(module, name, dies(call, getattr(module, name)))
            with pytest.raises(Killed):
                audit(place, "stopped")

    def interrupted(steps: int) -> None:
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(AskAfter, "steps", steps)
            meanwhile.setattr(loop, "Interrupt", AskAfter)
            assert audit(place, "stopped") == 130

    def kept(fold: int) -> tuple[int, int]:
        """Epochs of the state and of the answers."""
        folder = place / "stopped" / f"fold-{fold}"
        state = read_state(folder / "state.pt", torch.device("cpu"))
        with np.load(folder / ANSWERS_FILE) as file:
            return state["epoch"], int(file["epochs"])

    # The answers of an epoch are written, its state is not: in the first epoch, then the second.
    killed(loop, "save_torch", 1)
    interrupted(2)
    assert kept(1) == (0, 1)
    killed(loop, "save_torch", 2)
    assert kept(1) == (1, 2)
    interrupted(2)
    assert kept(1) == (1, 2)
    # After the last epoch, before the fold's answers are put away.
    killed(folds, "replacing", 1)
    assert kept(1) == (EPOCHS, EPOCHS)
    # Before any answer, and before the answers of the second epoch.
    interrupted(1)
    assert not (place / "stopped" / "fold-2" / ANSWERS_FILE).exists()
    killed(fold_trainer, "replacing", 2)
    assert kept(2) == (1, 1)

    assert not (place / "stopped" / "audit.csv").exists()
    assert audit(place, "stopped") == 0
    for name in ("audit.csv", "audit.json", "index.html"):
        wanted, got = ((place / out / name).read_bytes() for out in ("straight", "stopped"))
        assert wanted == got, name
    left = {path.name for path in (place / "stopped" / "fold-1").iterdir()}
    assert left == {"predictions.npz", "log.jsonl"}


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:300])


def of_other_pictures(path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    arrays["names"] = arrays["names"][::-1]
    np.savez(path, **arrays)


def of_other_epochs(path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    arrays["epochs"] += 2
    np.savez(path, **arrays)


def of_another_kind(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.arange(3))


@pytest.mark.parametrize(
    "harm", [Path.unlink, truncate, of_other_pictures, of_other_epochs, of_another_kind]
)
def test_answers_that_are_not_the_state_s_get_one_sentence(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    harm: Callable[[Path], None],
) -> None:  # fmt: skip
    begun = place / "begun"
    if not begun.exists():
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(loop, "save_torch", dies(2, loop.save_torch))
            with pytest.raises(Killed):
                audit(place, "begun")
    out = shutil.copytree(begun, place / harm.__name__)
    harm(out / "fold-1" / ANSWERS_FILE)
    capsys.readouterr()
    assert audit(place, out.name) == 2
    error = capsys.readouterr().err.strip()
    assert "\n" not in error
    assert "delete the folder" in error
    assert str(out / "fold-1") in error


def test_an_audit_of_an_earlier_version_gets_one_sentence(
    straight: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shutil.copytree(straight, place / "earlier")
    settings = json.loads((out / "settings.json").read_text())
    del settings["answers"]
    (out / "settings.json").write_text(json.dumps(settings))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    capsys.readouterr()
    assert audit(place, "earlier") == 2
    assert "judged by the last epoch alone; give another --out" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_teachers_are_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(place, "taught", "--train.teacher", '["model.safetensors"]') == 2
    assert "takes no --train.teacher" in capsys.readouterr().err
    assert not (place / "taught").exists()
