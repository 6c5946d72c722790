"""Means over the last epochs, the best epoch apart, and folders that are no runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ferdesk.errors import FerdeskError
from tests.unit.trainer.fake_run import epoch, metrics, write_config, write_log, write_run
from trainer.config import TrainConfig
from trainer.measure.summary import last_tenth, summarise

ACCURACIES = (0.50, 0.90, *([0.6] * 43), 0.70, 0.72, 0.74, 0.76, 0.78)
"""The best epoch, 2, is not among the last tenth."""


def lines(accuracies: tuple[float, ...] = ACCURACIES) -> list[dict[str, object]]:
    return [epoch(i + 1, a) for i, a in enumerate(accuracies)]


def test_the_headline_is_the_mean_of_the_last_tenth_and_the_best_epoch_stands_apart(
    tmp_path: Path,
) -> None:
    write_log(tmp_path, lines())
    summary = summarise(tmp_path)
    final = summary.measured["final"]
    assert summary.averaged == 5
    assert final.accuracy.mean == pytest.approx(0.74)
    # Deviations -4, -2, 0, 2, 4 points: 40 / 4 = 10 points².
    assert final.accuracy.std == pytest.approx(0.1**0.5 / 10)
    assert final.mean_class_accuracy.mean == pytest.approx(0.64)
    assert final.macro_f1.mean == pytest.approx(0.66)
    assert summary.measured["p"].accuracy.mean == pytest.approx(0.73)
    assert summary.last_epoch_accuracy == 0.78
    assert (summary.best_epoch_number, summary.best_epoch_accuracy) == (2, 0.9)
    # Wilson by hand for 148 of 200: centre 0.735477, half 0.060386.
    assert final.interval == pytest.approx((0.67509, 0.79586), abs=1e-5)
    assert summary.hours == pytest.approx(5.0)
    assert summary.pictures_per_second == 125.5


def test_a_short_run_is_told_by_its_last_epoch(tmp_path: Path) -> None:
    write_log(tmp_path, lines((0.6, 0.8)))
    summary = summarise(tmp_path)
    assert summary.averaged == 1
    assert summary.measured["final"].accuracy.mean == summary.last_epoch_accuracy == 0.8
    assert summary.measured["final"].accuracy.std is None
    # A tenth of what is planned, of which less may be done.
    write_config(tmp_path, TrainConfig(data="synthetic:9", epochs=40, measure_on="test"))
    assert summarise(tmp_path).averaged == 2
    assert [last_tenth(n) for n in (1, 8, 12, 19, 20, 60, 200)] == [1, 1, 1, 1, 2, 6, 20]


def test_a_run_is_finished_with_its_last_epoch_and_its_checkpoint(tmp_path: Path) -> None:
    write_log(tmp_path, lines())
    assert not summarise(tmp_path).finished
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert summarise(tmp_path).finished
    write_config(tmp_path, TrainConfig(epochs=51))
    assert not summarise(tmp_path).finished


def test_without_measured_pictures_nothing_takes_their_place(tmp_path: Path) -> None:
    write_log(tmp_path, [epoch(1, 0.7, measured=False)])
    summary = summarise(tmp_path)
    assert summary.measured == {}
    assert summary.best_epoch_accuracy is None
    assert summary.held_out["final"].accuracy.mean == pytest.approx(0.7)


def test_purification_and_noise_are_read(tmp_path: Path) -> None:
    summary = summarise(write_run(tmp_path / "run"))
    found = summary.purification["final"]
    assert found.recovery is not None
    assert found.damage is not None
    assert 0 < found.damage < found.recovery < 1
    assert summary.noise.startswith("symmetric 30 % (")
    assert summary.finished


def test_an_epoch_done_twice_counts_as_the_second_time(tmp_path: Path) -> None:
    write_log(tmp_path, [epoch(1, 0.5), epoch(2, 0.1), epoch(2, 0.7)])
    assert summarise(tmp_path).measured["final"].accuracy.mean == pytest.approx(0.7)
    text = (tmp_path / "log.jsonl").read_text().splitlines()
    # Torn by a power cut, then done again.
    (tmp_path / "log.jsonl").write_text("\n".join([text[0], text[1][:40], text[2]]) + "\n")
    assert summarise(tmp_path).epochs_done == 2


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (1, "{"),
        (1, '{"epoch": 2}'),
        (1, "[1, 2]"),
        (2, '{"epoch": 3, "hours": "soon"}'),
        (2, "\x00" * 12),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: int, text: str) -> None:
    write_log(tmp_path, lines((0.5, 0.6, 0.7)))
    path = tmp_path / "log.jsonl"
    found = path.read_text().splitlines()
    found[line] = text
    path.write_text("\n".join(found) + "\n")
    with pytest.raises(FerdeskError, match=f"damaged in line {line + 1}"):
        summarise(tmp_path)


def test_a_missing_epoch_is_damage(tmp_path: Path) -> None:
    write_log(tmp_path, [epoch(1, 0.5), epoch(3, 0.6)])
    with pytest.raises(FerdeskError, match="damaged in line 2"):
        summarise(tmp_path)


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match=r"no folder of a run"):
        summarise(tmp_path / "nowhere")
    with pytest.raises(FerdeskError, match=r"no folder of a run"):
        summarise(tmp_path)
    write_config(tmp_path, TrainConfig())
    with pytest.raises(FerdeskError, match="not finished an epoch"):
        summarise(tmp_path)
    (tmp_path / "log.jsonl").write_text("")
    with pytest.raises(FerdeskError, match="not finished an epoch"):
        summarise(tmp_path)


@pytest.mark.parametrize("text", ["- 1\n", "a: [", "train: 3\n"])
def test_a_damaged_configuration_is_refused(tmp_path: Path, text: str) -> None:
    write_log(tmp_path, lines())
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(FerdeskError, match=r"config\.yaml"):
        summarise(tmp_path)


def test_a_damaged_side_file_is_refused(tmp_path: Path) -> None:
    write_log(tmp_path, lines())
    (tmp_path / "purification.json").write_text("[]")
    with pytest.raises(FerdeskError, match=r"purification\.json"):
        summarise(tmp_path)


def test_the_words_for_pretraining(tmp_path: Path) -> None:
    for config, words in (
        (TrainConfig(), "image random, landmarks random"),
        (
            TrainConfig(image_weights="/w/a.pth", landmark_weights="b.pth"),
            "image a.pth, landmarks b.pth",
        ),
        (TrainConfig(start_from="/runs/x/model.safetensors"), "continues model.safetensors"),
    ):
        write_log(tmp_path, lines())
        write_config(tmp_path, config)
        assert summarise(tmp_path).pretraining == words


def test_only_part_of_the_epochs_measured_gives_no_figure(tmp_path: Path) -> None:
    late = epoch(2, 0.6)
    late["measured"] = {"final": metrics(0.6)}
    write_log(tmp_path, [epoch(1, 0.5), late])
    assert set(summarise(tmp_path).measured) == {"final"}
    assert yaml.safe_load((tmp_path / "config.yaml").read_text())["train"]["epochs"] == 2
