"""Training end to end through the command line, resuming, and its refusals."""

import itertools
import json
from pathlib import Path

import pytest
import torch

from ferdesk.model import checkpoint
from tests.unit.model.helpers import tiny_checkpoint, tiny_network
from tests.unit.trainer.helpers import small_tree
from trainer import loop
from trainer.cli import main
from trainer.loop import schedule

OPTIONS = ["--train.architecture", "tiny", "--train.batch_size", "4", "--train.holdout", "0.25"]


def train(tmp_path: Path, run: str, epochs: int, *more: str) -> int:
    return main(
        ["train", "--train.data", f"ferplus:{tmp_path / 'data'}", "--run", str(tmp_path / run),
         "--cache", str(tmp_path / "cache"), "--train.epochs", str(epochs), *OPTIONS, *more]
    )  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    small_tree(tmp_path / "data", 28, 7)
    return tmp_path


def test_a_trained_checkpoint_is_evaluated_carded_and_opened(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, "run", 1) == 0
    path = data / "run" / "model.safetensors"
    card = checkpoint.read_card(path)
    assert card.training["data"] == "ferplus"
    assert card.training["epochs"] == 1
    capsys.readouterr()
    where = ["--data", f"ferplus:{data / 'data'}", "--cache", str(data / "cache")]
    assert main(["evaluate", str(path), *where, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["n"] == 7
    for part in (result, result["final"], result["p"]):
        assert {"n", "accuracy", "mean_class_accuracy", "macro_f1", "ece", "per_class"} <= set(part)
    assert main(["evaluate", str(path), *where]) == 0
    assert "recall of final" in capsys.readouterr().out
    out = data / "MODEL_CARD.md"
    assert main(["card", str(path), "--out", str(out)]) == 0
    text = out.read_text()
    assert "Intended use" in text
    assert "FER2013" in text


def test_stopped_and_resumed_equals_straight_through_bit_for_bit(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train(data, "straight", 2) == 0
    real = loop.Trainer._save_state

    def save_then_stop(self: loop.Trainer) -> None:
        real(self)
        if self.epoch == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop.Trainer, "_save_state", save_then_stop)
    assert train(data, "stopped", 2) == 130
    assert not (data / "stopped" / "model.safetensors").exists()
    monkeypatch.undo()
    monkeypatch.setenv("FERDESK_STATE_DIR", str(data))
    assert train(data, "stopped", 2) == 0
    straight, _ = checkpoint.load(data / "straight" / "model.safetensors")
    stopped, _ = checkpoint.load(data / "stopped" / "model.safetensors")
    for key, value in straight.state_dict().items():
        assert torch.equal(value, stopped.state_dict()[key]), key
    assert len((data / "stopped" / "log.jsonl").read_text().splitlines()) == 2


def test_another_configuration_does_not_overwrite_a_run(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, "run", 1) == 0
    before = (data / "run" / "model.safetensors").read_bytes()
    assert train(data, "run", 1, "--train.seed", "9") == 2
    assert "another configuration" in capsys.readouterr().err
    assert (data / "run" / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--train.architecture", "huge"], "no architecture 'huge'"),
        (["--train.image_weights", "/nowhere.pth"], "does not exist"),
        (["--train.batch_size", "64"], "do not fill one batch"),
        (["--preset", "nonsense"], "no preset 'nonsense'"),
    ],
)
def test_refusals(
    data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert train(data, "run", 1, *arguments) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert sentence in error


def test_preset_is_overridden_by_the_command_line(data: Path) -> None:
    assert train(data, "run", 1, "--preset", "live-ferplus") == 0
    config = json.loads((data / "run" / "config.json").read_text())
    assert config["name"] == "live (FER+)"
    assert config["architecture"] == "tiny"


def test_nan_stops_with_a_sentence(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(data, "run", 1, "--train.lr_head", "1e30", "--train.clip_norm", "1e30") == 2
    assert "loss became" in capsys.readouterr().err


def test_convert_turns_a_state_dict_into_a_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    like = tiny_checkpoint(tmp_path / "like.safetensors")
    weights, out = tmp_path / "old.pt", tmp_path / "new.safetensors"
    torch.save(tiny_network(seed=5).state_dict(), weights)
    assert main(["convert", str(weights), "--like", str(like), "--out", str(out)]) == 0
    network, card = checkpoint.load(out)
    assert card.name == "old"
    assert torch.equal(network.apcl.geometric.anchors, tiny_network(seed=5).apcl.geometric.anchors)
    torch.save(torch.nn.Linear(1, 1), weights)
    assert main(["convert", str(weights), "--like", str(like), "--out", str(out)]) == 2
    assert "could run code" in capsys.readouterr().err


def test_schedule_warms_up_and_decays() -> None:
    values = [schedule(step, 100, 10) for step in range(100)]
    assert values[0] == pytest.approx(0.1)
    assert max(values) == pytest.approx(1.0)
    assert values[-1] < 0.02
    assert all(a >= b for a, b in itertools.pairwise(values[10:]))
