"""From FER+ pictures to a checkpoint through the command line, and what the app gets."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ferdesk.errors import FerdeskError
from ferdesk.model import checkpoint
from ferdesk.model.novelty import NoveltyHead
from tests.unit.model.helpers import tiny_checkpoint, tiny_network
from tests.unit.trainer.helpers import small_tree
from trainer.augment_options import AugmentConfig
from trainer.cli import main
from trainer.commands.options import parsed
from trainer.commands.train import parser
from trainer.config import NoiseConfig, TrainConfig
from trainer.measure.answers import to_batch
from trainer.method_options import DmueConfig, EacConfig
from trainer.training.run_data import run_data
from trainer.training.run_folder import RunFolder

# The drawings of each run's report would take as long as the run.
pytestmark = pytest.mark.usefixtures("undrawn")

OPTIONS = [
    "--train.architecture", "tiny", "--train.batch_size", "4", "--train.holdout", "0.25",
    "--train.threads", "1",
]  # fmt: skip


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
    assert sum(map(sum, result["confusion"])) == 7
    low, high = result["accuracy_interval"]
    assert low < result["accuracy"] < high or result["accuracy"] in (0.0, 1.0)
    assert main(["evaluate", str(path), *where]) == 0
    assert "recall of final" in capsys.readouterr().out
    out = data / "MODEL_CARD.md"
    assert main(["card", str(path), "--out", str(out)]) == 0
    text = out.read_text()
    assert "Intended use" in text
    assert "FER2013" in text


def test_a_run_starts_from_an_earlier_checkpoint(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(data, "first", 1) == 0
    earlier = data / "first" / "model.safetensors"
    a, card = checkpoint.load(earlier)
    # As a calibrated one: its measure of novelty belongs to the old image stream.
    checkpoint.save(
        earlier, a.with_novelty(NoveltyHead(2 * sum(a.image_backbone.channels[1:]))), card
    )
    still = ["--train.lr_head", "0", "--train.lr_backbone", "0", "--train.weight_decay", "0"]
    assert train(data, "second", 1, "--train.start_from", str(earlier), *still) == 0
    b = checkpoint.load(data / "second" / "model.safetensors")[0]
    assert torch.equal(a.apcl.reduce.weight, b.apcl.reduce.weight)
    assert b.novelty is None
    card = checkpoint.read_card(data / "second" / "model.safetensors")
    assert "continues model.safetensors" in str(card.training["pretraining"])
    other = ["--train.start_from", str(earlier), "--train.network.corrections", "none"]
    assert train(data, "third", 1, *other) == 2
    assert "another architecture" in capsys.readouterr().err


def test_crops_shrunk_before_augmentation_train_a_checkpoint_for_whole_crops(data: Path) -> None:
    cache, source = data / "cache", f"ferplus:{data / 'data'}"
    config = TrainConfig(data=source, shrink_first=True, holdout=0.25)
    small = run_data(config, cache).sets
    whole = run_data(replace(config, shrink_first=False), cache).sets
    assert small.training.crops.shape == (len(whole.training), 56, 56, 3)
    assert small.held_out.crops.shape[1:] == (56, 56, 3)
    # What the network sees of either is the same but for the rounding to whole grey values.
    network = tiny_network().eval()
    network.preprocess.spec = replace(network.preprocess.spec, detail=56)
    seen = [
        network.preprocess(to_batch(crops[:4], torch.device("cpu")))[0] * network.preprocess.std
        for crops in (small.training.crops, whole.training.crops)
    ]
    assert (seen[0] - seen[1]).abs().max() <= 1.0
    assert train(data, "run", 1, "--train.shrink_first", "true") == 0
    card = checkpoint.read_card(data / "run" / "model.safetensors")
    assert (card.preprocessing.size, card.preprocessing.detail) == (112, 56)


def test_shrinking_needs_an_edge_to_shrink_to() -> None:
    with pytest.raises(FerdeskError, match=r"--train\.detail, which is 0; give both"):
        TrainConfig(shrink_first=True, detail=0)


def test_a_teacher_pulls_the_answers(data: Path) -> None:
    assert train(data, "teacher", 1) == 0
    taught = ["--train.teacher", json.dumps([str(data / "teacher" / "model.safetensors")])]
    assert train(data, "pupil", 1, *taught) == 0
    line = json.loads((data / "pupil" / "log.jsonl").read_text().splitlines()[0])
    assert 0 < line["train"]["teacher"] < 10
    card = checkpoint.read_card(data / "pupil" / "model.safetensors")
    assert "epochs 1, seed 1" in card.training["teachers"]


@pytest.mark.parametrize(
    ("corrections", "attention"), [("none", "false"), ("geometric", "true"), ("attentive", "false")]
)
def test_an_ablated_checkpoint_opens_and_says_what_it_lacks(
    data: Path, corrections: str, attention: str
) -> None:
    changes = ["--train.network.corrections", corrections,
               "--train.network.cross_attention", attention]  # fmt: skip
    assert train(data, "run", 1, *changes) == 0
    network, card = checkpoint.load(data / "run" / "model.safetensors")
    assert card.architecture.corrections == corrections
    assert card.architecture.cross_attention is (attention == "true")
    out = network.eval()(torch.rand(2, 3, 112, 112) * 255)
    if corrections == "none":
        assert torch.equal(out.final, out.p)
    else:
        assert torch.equal(out.t_g, out.t_a)
        assert not torch.equal(out.final, out.p)


def test_preset_is_overridden_by_the_command_line(data: Path) -> None:
    assert train(data, "run", 1, "--preset", "live-ferplus") == 0
    card = checkpoint.read_card(data / "run" / "model.safetensors")
    assert card.name == "live (FER+)"
    assert card.architecture.name == "tiny"


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


def test_options_of_every_part_arrive() -> None:
    options = parsed(parser(), [
        "--train.dmue.dropout", "0.1", "--train.eac.erase_area", "[0.1, 0.2]",
        "--train.noise.rate", "0.3", "--train.augment.flip", "0.25",
    ])  # fmt: skip
    assert options.train == TrainConfig(
        dmue=DmueConfig(dropout=0.1), eac=EacConfig(erase_area=(0.1, 0.2)),
        noise=NoiseConfig(rate=0.3), augment=AugmentConfig(flip=0.25),
    )  # fmt: skip


def test_a_folder_in_which_another_process_trains_is_left_alone(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = data / "run"
    with RunFolder(folder).claimed():
        assert train(data, "run", 1) == 2
        assert sorted(p.name for p in folder.iterdir()) == ["lock"]
    assert f"Another process is working in '{folder}'" in capsys.readouterr().err
    assert list(folder.iterdir()) == []
    (folder / "lock").touch()
    with RunFolder(folder).claimed():
        pass
