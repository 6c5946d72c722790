"""The speed: its figures fit together, waiting is seen as waiting, and targets are judged right."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from trainer.commands import speed as command
from trainer.commands.options import parsed
from trainer.config import NetworkChanges, TrainConfig
from trainer.data.packed import PackedSet
from trainer.training import speed as module
from trainer.training.run_data import TrainingData
from trainer.training.speed import Speed, measure_speed, peak_memory, precisions, speed_text

CONFIG = TrainConfig(
    architecture="tiny", batch_size=8, micro_batches=2, warmup_steps=2, threads=1,
    grayscale=False, detail=0, network=NetworkChanges(dropout=0.0),
)  # fmt: skip

FIGURES = Speed(
    device="a card", on_gpu=True, threads=2, architecture="paper", method="ours", batch_size=128,
    precision="bf16", resident=True, data_path=30_000.0, step=5_000.0, loop=4_500.0,
    data_wait=0.02, peak_memory=2_500_000_000,
)  # fmt: skip


def training(crops: NDArray[np.uint8] | None = None) -> TrainingData:
    n = 32
    if crops is None:
        crops = np.random.default_rng(0).integers(0, 256, (n, 112, 112, 3), dtype=np.uint8)
    targets = np.eye(7, dtype=np.float32)[np.arange(n) % 7]
    names = tuple(str(i) for i in range(n))
    full = PackedSet(crops, targets, names, np.ones(n, bool))
    return TrainingData(full, targets.argmax(1), full, None)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Slow:
    """Crops on a disk that takes its time."""

    nbytes = 0

    def __init__(self, crops: NDArray[np.uint8], seconds: float) -> None:
        self.crops, self.seconds = crops, seconds

    def __len__(self) -> int:
        return len(self.crops)

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        time.sleep(self.seconds)
        return self.crops[rows]


def test_speeds_are_pictures_over_the_time_of_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"data": 0.01, "step": 0.1, "loop": 0.16}
    repeated: list[tuple[str, int]] = []

    def repeat(once: Callable[[], object], times: int, device: torch.device) -> float:
        name = once.__name__
        assert device.type in ("cpu", "cuda")
        repeated.append((name, times))
        for _ in range(min(times, 2)):
            once()
        return times * seconds[name]

    monkeypatch.setattr(module, "_repeat", repeat)
    (result,) = measure_speed(training(), CONFIG, seconds=1.0)
    assert result.data_path == pytest.approx(800)
    assert result.step == pytest.approx(80)
    assert result.loop == pytest.approx(50)
    assert result.ratio == pytest.approx(10)
    assert 0 <= result.data_wait < 1
    assert (result.batch_size, result.threads, result.method) == (8, 1, "ours")
    assert [times for name, times in repeated if name == "step"] == [3, 1, 10], "warm, try, time"


def test_a_slow_disk_shows_as_waiting_and_in_the_data_path() -> None:
    once = replace(CONFIG, micro_batches=1)
    (quick,) = measure_speed(training(), once, seconds=0.01)
    # On a busy machine the step is slow, too.
    seconds = max(0.15, 4 * CONFIG.batch_size / quick.step)
    slow = training(Slow(training().training.crops, seconds))  # type: ignore[arg-type]
    (result,) = measure_speed(slow, once, seconds=0.01)
    assert result.data_wait > 0.2
    assert result.data_path < 1.3 * CONFIG.batch_size / seconds
    assert result.loop < 1.3 * CONFIG.batch_size / seconds


def test_targets_of_a_gpu() -> None:
    assert [t.met for t in FIGURES.targets()] == [True, True, True]
    slower = replace(FIGURES, data_path=24_999.0, loop=3_999.0, data_wait=0.03)
    assert [t.met for t in slower.targets()] == [False, False, False]
    assert len(replace(FIGURES, architecture="live").targets()) == 2
    assert len(replace(FIGURES, precision="float32").targets()) == 1
    assert len(replace(FIGURES, on_gpu=False).targets()) == 1


def test_the_table_and_the_json_say_what_was_measured() -> None:
    other = replace(FIGURES, precision="float32", step=6_500.0, peak_memory=None)
    text = speed_text([other, FIGURES])
    lines = {line.split("  ")[0]: line.split()[-2:] for line in text.splitlines()}
    assert lines["data path / step"] == ["4.6", "6.0"]
    assert lines["data wait"] == ["2.00%", "2.00%"]
    assert lines["peak memory, GB"] == ["-", "2.50"]
    assert "≥ 5: data path / step 4.615 (float32), missed" in text
    assert "≥ 4000: loop, pictures/s 4500 (bf16), met" in text
    known = json.loads(json.dumps(FIGURES.to_json()))
    assert known["ratio"] == 6.0
    assert known["targets"][1] == {"name": "data wait", "wanted": 0.03, "got": 0.02, "met": True}


def test_precisions() -> None:
    cpu = torch.device("cpu")
    assert precisions(CONFIG, cpu) == ("float32",)
    assert precisions(replace(CONFIG, precision="bf16"), cpu) == ("bf16",)


def test_peak_memory_is_in_bytes_and_never_shrinks() -> None:
    before = peak_memory(torch.device("cpu"))
    if before is None:
        pytest.skip("this system does not tell")
    block = np.ones(300_000_000, np.uint8)
    after = peak_memory(torch.device("cpu"))
    assert after is not None
    assert 50_000_000 < before <= after
    assert after >= block.nbytes


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ([], "synthetic:2000"),
        (["--train.data", "ferplus:a"], "ferplus:a"),
        (["--train.data", "ferplus:a", "--data", "rafdb:b"], "rafdb:b"),
    ],
)
def test_the_command_measures_the_data_it_is_given(
    given: list[str],
    used: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[TrainConfig] = []

    class Found:
        sets = training()

    def run_data(config: TrainConfig, cache: Path) -> type[Found]:
        assert cache == Path("kept")
        asked.append(config)
        return Found

    def measured(data: TrainingData, config: TrainConfig, seconds: float) -> list[Speed]:
        assert data is Found.sets
        assert config.architecture == "tiny"
        assert seconds == 2.5
        return [FIGURES]

    monkeypatch.setattr("trainer.training.run_data.run_data", run_data)
    monkeypatch.setattr("trainer.training.speed.measure_speed", measured)
    argv = ["--train.architecture", "tiny", "--seconds", "2.5", "--cache", "kept", *given]
    command.run(parsed(command.parser(), [*argv, "--json"]))
    assert asked[0].data == used
    assert asked[0].measure_on == "none"
    assert json.loads(capsys.readouterr().out)["runs"] == [FIGURES.to_json()]
