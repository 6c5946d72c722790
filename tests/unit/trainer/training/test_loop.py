"""Stopping and going on, several processes, what a run writes, and its refusals."""

from __future__ import annotations

import csv
import itertools
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from ferdesk.errors import FerdeskError
from ferdesk.model import checkpoint
from tests.unit.trainer.helpers import AskAfter
from trainer.cli import main
from trainer.config import NetworkChanges, NoiseConfig, TrainConfig
from trainer.data.packed import load_split
from trainer.training import loop
from trainer.training.loop import seed_of
from trainer.training.run_data import run_data
from trainer.training.schedule import schedule
from trainer.training.state import read_state

# The drawings of each run's report would take as long as the run.
pytestmark = pytest.mark.usefixtures("undrawn")

OPTIONS = [
    "--train.data", "synthetic:240", "--train.architecture", "tiny", "--train.batch_size", "16",
    "--train.warmup_steps", "2", "--train.measure_on", "test", "--train.threads", "1",
    "--progress", "plain",
]  # fmt: skip


def train(folder: Path, run: str, *more: str, epochs: int = 2) -> int:
    return main(
        ["train", "--run", str(folder / run), "--cache", str(folder / "cache"), *OPTIONS,
         "--train.epochs", str(epochs), *more]
    )  # fmt: skip


def entries(run: Path) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return checkpoint.load(run / "model.safetensors")[0].state_dict()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.mark.parametrize("steps", [4, 13])
@pytest.mark.parametrize("more", [(), ("--train.refurbish", "0.5", "--train.trust_ramp", "0.1")])
def test_stopped_anywhere_and_resumed_equals_straight_through_bit_for_bit(
    place: Path, monkeypatch: pytest.MonkeyPatch, steps: int, more: tuple[str, ...]
) -> None:
    name = f"straight{len(more)}"
    if not (place / name).exists():
        assert train(place, name, *more) == 0
    stopped = f"stopped{len(more)}-{steps}"
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(AskAfter, "steps", steps)
        meanwhile.setattr(loop, "Interrupt", AskAfter)
        assert train(place, stopped, *more) == 130
    assert not (place / stopped / "model.safetensors").exists()
    assert train(place, stopped, *more) == 0
    wanted, got = weights(place / name), weights(place / stopped)
    for key, value in wanted.items():
        assert torch.equal(value, got[key]), key
    for a, b in zip(entries(place / name), entries(place / stopped), strict=True):
        assert a["train"] == b["train"]
        assert a["memory"] == b["memory"]


def test_a_signal_saves_the_state_and_the_same_command_goes_on(place: Path) -> None:
    command = [
        sys.executable, "-m", "trainer", "train", "--run", str(place / "killed"),
        "--cache", str(place / "cache"), *OPTIONS, "--train.epochs", "500",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    log = place / "killed" / "log.jsonl"
    while process.poll() is None and not (log.exists() and log.read_text()):
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "goes on" in error
    state = read_state(place / "killed" / "state.pt", torch.device("cpu"))
    assert state["epoch"] >= 1


@pytest.mark.timeout(300)
def test_two_processes_compute_what_one_does_in_two_parts(place: Path) -> None:
    assert train(place, "one", "--train.micro_batches", "2") == 0
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2",
        "-m", "--", "trainer", "train",
        "--run", str(place / "two"), "--cache", str(place / "cache"),
        *OPTIONS, "--train.epochs", "2", "--train.micro_batches", "2",
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for a, b in zip(entries(place / "one"), entries(place / "two"), strict=True):
        assert b["train"] == pytest.approx(a["train"], rel=1e-4)
        assert b["memory"] == pytest.approx(a["memory"], abs=0.02)


def test_a_run_leaves_everything_that_describes_it(place: Path) -> None:
    noise = ["--train.noise.kind", "symmetric", "--train.noise.rate", "0.3"]
    assert train(place, "noisy", *noise) == 0
    run = place / "noisy"
    assert yaml.safe_load((run / "config.yaml").read_text())["train"]["noise"]["rate"] == 0.3
    data = json.loads((run / "data.json").read_text())
    assert data["layout"] == "synthetic"
    assert data["used"]["measured"] == sum(data["counts"]["test"].values())
    rows = list(csv.DictReader((run / "noise.csv").open()))
    assert len(rows) == data["used"]["training"] + data["used"]["held_out"]
    assert sum(row["clean"] != row["noisy"] for row in rows) == sum(
        int(row["flipped"]) for row in rows
    )
    last = entries(run)[-1]
    assert {"flipped_fits_wrong", "flipped_recovered", "untouched_damaged"} <= set(last["memory"])
    assert set(last["measured"]) == {"final", "p", "t_g", "t_a", "t"}
    stored = np.load(run / "predictions" / "training.npz")
    flips = int((stored["given"] != stored["clean"]).sum())
    listed = {row["name"] for row in rows if row["flipped"] == "1"}
    assert {str(n) for n in stored["names"][stored["given"] != stored["clean"]]} <= listed
    assert flips > 0
    assert json.loads((run / "purification.json").read_text())["flipped"] == flips
    assert (run / "report" / "index.html").is_file()
    card = checkpoint.read_card(run / "model.safetensors")
    assert "symmetric" in str(card.training["noise"])


def test_noise_changes_training_labels_and_nothing_else(place: Path) -> None:
    plain = TrainConfig(data="synthetic:240", measure_on="test", holdout=0.2, hard_labels=True)
    noisy = replace(plain, noise=NoiseConfig("symmetric", 0.4, seed=3))
    cache = place / "cache"
    a, b = run_data(plain, cache).sets, run_data(noisy, cache).sets
    assert a.measured is not None
    assert b.measured is not None
    assert np.array_equal(a.measured.targets, b.measured.targets)
    assert a.measured.names == b.measured.names
    truth = dict(zip(a.training.names, a.training.labels.tolist(), strict=True))
    truth |= dict(zip(a.held_out.names, a.held_out.labels.tolist(), strict=True))
    assert [truth[n] for n in b.training.names] == b.clean.tolist()
    wrong = np.array([truth[n] for n in b.training.names]) != b.training.labels
    held_wrong = np.array([truth[n] for n in b.held_out.names]) != b.held_out.labels
    assert 0.25 < wrong.mean() < 0.55
    assert held_wrong.any()  # chosen and watched by labels as noisy as the others
    assert not set(b.training.names) & set(b.held_out.names)
    assert not set(b.training.names) & set(b.measured.names)


def test_pictures_limits_the_training_part_and_keeps_the_held_out_one(place: Path) -> None:
    config = TrainConfig(data="synthetic:240", holdout=0.2)
    whole = run_data(config, place / "cache").sets
    few = run_data(replace(config, pictures=50), place / "cache").sets
    assert len(few.training) == 50
    assert set(few.training.names) < set(whole.training.names)
    assert few.held_out.names == whole.held_out.names


def test_another_configuration_does_not_overwrite_a_run(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(place, "kept", epochs=1) == 0
    before = (place / "kept" / "model.safetensors").read_bytes()
    assert train(place, "kept", "--train.seed", "9", epochs=1) == 2
    assert "another configuration" in capsys.readouterr().err
    assert (place / "kept" / "model.safetensors").read_bytes() == before


def test_a_damaged_state_is_refused_and_kept(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "broken").mkdir()
    (place / "broken" / "state.pt").write_bytes(b"no state")
    assert train(place, "broken") == 2
    assert "no training state" in capsys.readouterr().err
    assert (place / "broken" / "state.pt").read_bytes() == b"no state"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--train.architecture", "huge"], "no architecture 'huge'"),
        (["--train.image_weights", "/nowhere.pth"], "does not exist"),
        (["--train.batch_size", "5000"], "do not fill one batch"),
        (["--train.micro_batches", "3"], "does not divide"),
        (["--preset", "nonsense"], "no preset 'nonsense'"),
        (["--train.method", "our"], "did you mean 'ours'"),
        (["--train.noise.kind", "symmetric", "--train.noise.rate", "1"], "rate"),
        (["--train.noise.kind", "natural"], "original"),
        (["--train.noise.kind", "file", "--train.noise.file", "/nowhere.txt"], "/nowhere.txt"),
        (["--train.data", "ferplus:/nowhere"], "fer2013new.csv"),
    ],
)
def test_refusals(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert train(place, "refused", *arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert sentence in lines[-1]
    assert "Traceback" not in "".join(lines)


def test_nan_stops_with_a_sentence_and_keeps_the_last_good_state(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(place, "nan", epochs=1) == 0
    wild = ["--train.lr_head", "1e30", "--train.lr_backbone", "1e30", "--train.clip_norm", "0"]
    assert train(place, "wild", *wild) == 2
    assert "loss became" in capsys.readouterr().err
    assert not (place / "wild" / "state.pt").exists()


def test_print_config_gives_what_would_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--preset", "seed-literal", "--train.epochs", "3", "--print-config"])
    printed = yaml.safe_load(capsys.readouterr().out)["train"]
    assert printed["epochs"] == 3
    assert printed["sampler"] == "balanced"
    assert printed["gamma"] == 0.9
    # The ramp is ours: the paper's own words have none.
    assert printed["trust_ramp"] == 0.0


def test_every_preset_is_a_whole_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    for name in (
        "seed-literal",
        "default",
        "smoke",
        "cpu",
        "compare",
        "gpu",
        "live-ferplus",
        "live-ferplus-long",
    ):
        with pytest.raises(SystemExit) as ended:
            main(["train", "--preset", name, "--print-config"])
        assert ended.value.code == 0, name
        printed = yaml.safe_load(capsys.readouterr().out)["train"]
        assert printed["epochs"] > 0
        # One weight with one reason (docs/method.md), and one form of the anchor loss.
        assert (printed["lambda_centre"], printed["anchor_form"]) == (0.1, "bounded")


def test_unknown_keys_fail(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--train.epoch", "3"]) == 2
    assert "epoch" in capsys.readouterr().err


def test_schedules_by_hand() -> None:
    config = TrainConfig(epochs=10, warmup_steps=10)
    values = [schedule(step, 10, config) for step in range(100)]
    assert values[0] == pytest.approx(0.1)
    assert max(values) == pytest.approx(1.0)
    assert values[-1] < 0.02
    assert all(a >= b for a, b in itertools.pairwise(values[10:]))
    dying = replace(config, schedule="exponential", gamma=0.9)
    assert schedule(0, 10, dying) == 1.0
    assert schedule(25, 10, dying) == pytest.approx(0.81)


def test_seeds_differ_and_repeat() -> None:
    seeds = {seed_of(1, step, part, use) for step in range(50) for part in (0, 1) for use in (1, 2)}
    assert len(seeds) == 200
    assert seed_of(1, 2, 3) == seed_of(1, 2, 3)


def test_an_architecture_with_changes() -> None:
    changes = NetworkChanges(cross_attention=False, corrections="geometric", image_size=56)
    changed = TrainConfig(architecture="tiny", network=changes).architecture_config()
    assert (changed.cross_attention, changed.corrections, changed.image_size) == (
        False, "geometric", 56,
    )  # fmt: skip
    assert changed.fusion == TrainConfig(architecture="tiny").architecture_config().fusion
    with pytest.raises(FerdeskError, match="no architecture"):
        TrainConfig(architecture="x").architecture_config()


def test_augmentation_comes_after_the_split_and_never_reaches_measured_pictures(
    place: Path,
) -> None:
    config = TrainConfig(data="synthetic:240", measure_on="test", holdout=0.2)
    data = run_data(config, place / "cache")
    stored = {
        split: load_split(data.folder, split)  # type: ignore[arg-type]
        for split in ("train", "test")
    }
    whole = dict(zip(stored["train"].names, stored["train"].crops, strict=True))
    for part in (data.sets.training, data.sets.held_out):
        assert all(np.array_equal(whole[n], c) for n, c in zip(part.names, part.crops, strict=True))
    assert data.sets.measured is not None
    assert np.array_equal(data.sets.measured.crops, stored["test"].crops)
