"""What the comparison with other expression readers measures and prints. No network."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.rivals import environments
from benchmarks.rivals.__main__ import main
from benchmarks.rivals.answers import Answer, Kind, Task, to_probabilities
from benchmarks.rivals.commands import Runner
from benchmarks.rivals.environments import Rival
from benchmarks.rivals.figures import Figures, figures, flips_per_second, score, to_json
from benchmarks.rivals.material import Pictures, framed, load_clip, load_pictures
from benchmarks.rivals.ours import Ours
from benchmarks.rivals.report import table
from benchmarks.rivals.rounds import Record, compare, share
from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from tests.unit.benchmarks.helpers import FACEX_NAMES, MACHINE, answer, face
from tests.unit.model.helpers import tiny_checkpoint
from tests.unit.trainer.helpers import small_tree

FER_NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def scores(names: Sequence[str], winner: str) -> dict[str, float]:
    """0.7 for the winner, 0.05 for the others."""
    return {name: 0.7 if name == winner else 0.05 for name in names}


# Labels


@pytest.mark.parametrize(
    ("names", "winner", "meant"),
    [
        (FER_NAMES, "angry", "anger"),
        (FER_NAMES, "happy", "happiness"),
        (FER_NAMES, "sad", "sadness"),
        (FER_NAMES, "surprise", "surprise"),
        (FER_NAMES, "neutral", "neutral"),
        (FACEX_NAMES, "anger", "anger"),
        (FACEX_NAMES, "surprised", "surprise"),
        (FACEX_NAMES, "sadness", "sadness"),
        (FACEX_NAMES, "fear", "fear"),
        (FACEX_NAMES, "disgust", "disgust"),
    ],
)
def test_rivals_names_are_mapped(names: Sequence[str], winner: str, meant: str) -> None:
    probabilities = to_probabilities(scores(names, winner))
    assert EXPRESSIONS[int(probabilities.argmax())] == meant
    assert probabilities.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    "names",
    [FER_NAMES[:-1], (*FER_NAMES, "contempt"), (*FER_NAMES, "happiness"), ("bored", *FER_NAMES)],
)
def test_other_labels_are_refused(names: Sequence[str]) -> None:
    with pytest.raises(FerdeskError, match="do not stand for the seven"):
        to_probabilities(scores(names, "happy"))


# Figures


def test_scores_count_missed_faces_as_wrong() -> None:
    result = score(np.array([0, 0, -1, 1, 2]), np.array([0, 0, 0, 0, 1]))
    assert result.accuracy == pytest.approx(0.4)
    assert result.per_class == {"neutral": 0.5, "happiness": 0.0}
    assert result.mean_class_accuracy == pytest.approx(0.25)


def test_flips_are_counted_over_gaps_and_per_second_with_a_face() -> None:
    assert flips_per_second([0, 0, 1, -1, 1, 0], 10.0) == pytest.approx(2 * 10 / 5)
    assert flips_per_second([3, 3, 3], 25.0) == 0.0
    assert flips_per_second([-1, -1], 25.0) is None


def test_the_largest_face_counts() -> None:
    assert Answer(1.0, (face(2, 10.0), face(4, 90.0))).label == 4
    assert Answer(1.0, ()).label == -1


def test_parts_of_a_task_are_nearly_equal_and_complete() -> None:
    assert share(10, 3) == [(0, 3), (3, 6), (6, 10)]
    assert share(2, 5) == [(0, 1), (1, 2)]


def hand_made(tmp_path: Path) -> tuple[Pictures, Task, Record, Record]:
    """Four pictures and four frames; theirs takes 2 and 6 times as long as ours."""
    whole = Task(Kind.WHOLE, "ferplus PublicTest", tmp_path / "a.npy", 4)
    detect = Task(Kind.PICTURES, "ferplus PublicTest", tmp_path / "b.npy", 4)
    clip = Task(Kind.FRAMES, "clip, 8x8", tmp_path / "c.npy", 4, 10.0)
    pictures = Pictures(np.array([0, 0, 1, 2]), whole, detect)
    ours, theirs = Record("ferdesk", {"openvino": "1"}), Record("other", {"other": "2"})
    ours.rounds = {
        whole: [[answer(0, 2), answer(0, 2)], [answer(1, 4), answer(0, 4)]],
        detect: [[answer(0), answer(0)], [answer(1), answer(2)]],
        clip: [[answer(0, 5, 0), answer(1, 5, 0)], [answer(0, 5, 0), answer(0, 5, 0)]],
    }
    theirs.rounds = {
        whole: [[answer(0, 4), answer(1, 4)], [answer(1, 24), answer(3, 24)]],
        detect: [[answer(-1), answer(0)], [answer(-1), answer(3)]],
        clip: [[answer(0, 10), answer(-1, 10)], [answer(0, 30), answer(0, 30)]],
    }
    return pictures, clip, ours, theirs


def test_figures_of_hand_made_answers(tmp_path: Path) -> None:
    pictures, clip, ours, theirs = hand_made(tmp_path)
    mine, other = (figures(record, ours, pictures, [clip]) for record in (ours, theirs))
    assert mine.whole is not None
    assert mine.whole.accuracy == 0.75
    assert mine.missed == 0
    assert mine.times_as_fast == 1.0
    assert mine.clips[0].flips_per_second == pytest.approx(5.0)
    assert mine.clips[0].smoothed_flips_per_second == 0.0
    assert other.whole is not None
    assert other.whole.accuracy == 0.5
    assert other.ms == 14.0
    assert other.times_as_fast == 4.0, "the median of 2 and 6, not the ratio of the medians"
    assert other.missed == 2
    assert other.detected is not None
    assert other.detected.accuracy == 0.25
    assert other.mixed is not None
    assert other.mixed.accuracy == 0.75
    assert other.clips[0].without_face == 1
    assert other.clips[0].times_as_fast == 4.0
    assert other.clips[0].smoothed_flips_per_second is None


def test_the_table_names_every_figure_and_every_failure(tmp_path: Path) -> None:
    pictures, clip, ours, theirs = hand_made(tmp_path)
    results = [figures(record, ours, pictures, [clip]) for record in (ours, theirs)]
    results.append(Figures("third", failure="third could not be installed (no wheel)."))
    text = table(results, "ferplus PublicTest", MACHINE)
    rows = {line.strip()[:24].strip(): line.split() for line in text.splitlines()}
    assert rows["ms per face"][-2:] == ["3.00", "14.00"]
    assert rows["faces missed"][-2:] == ["0", "2"]
    assert rows["label flips per second"][-2:] == ["5.00", "0.00"]
    assert rows["the same, smoothed as in"][-2:] == ["0.00", "-"]
    assert "75.0 %" in text
    assert "4.00 x" in text
    assert text.endswith("third is not in the table: third could not be installed (no wheel).\n")
    assert all(len(line) <= 100 or ":" in line for line in text.splitlines())
    values = json.loads(json.dumps([to_json(result) for result in results]))
    assert values[1]["clips"][0]["times_as_fast"] == 4.0
    assert values[2] == {
        "title": "third", "versions": {}, "failure": "third could not be installed (no wheel).",
    }  # fmt: skip


# Material, ours, and the command


def test_detectors_get_the_enlarged_picture_in_a_margin() -> None:
    picture = framed(np.full((48, 48, 3), 7, np.uint8))
    assert picture.shape == (288, 288, 3)
    assert (picture[0] == 128).all()
    assert (picture[48:-48, 48:-48] == 7).all()


def test_pictures_are_the_official_ones_and_ours_reads_them(tmp_path: Path) -> None:
    data = f"ferplus:{small_tree(tmp_path / 'data', 3, 6)}"
    pictures = load_pictures(data, tmp_path / "cache", tmp_path / "work", 4)
    assert pictures.whole.count == pictures.detect.count == 4
    assert np.load(pictures.whole.file).shape == (4, 48, 48, 3)
    everything = load_pictures(data, tmp_path / "cache", tmp_path / "all", 0)
    assert [EXPRESSIONS[i] for i in everything.labels] == [EXPRESSIONS[i % 7] for i in range(3, 9)]
    clip = load_clip("sample", "built-in sample", tmp_path / "work", 6)
    assert clip.count == 6
    assert clip.fps == pytest.approx(24000 / 1001)
    ours = Ours(tiny_checkpoint(tmp_path / "tiny.safetensors"), 1)
    try:
        (record,) = compare([ours], [pictures.whole, pictures.detect, clip], 2)
    finally:
        ours.close()
    result = figures(record, record, pictures, [clip])
    assert result.missed == 0
    assert result.times_as_fast == 1.0
    assert result.clips[0].without_face == 0
    assert result.clips[0].smoothed_flips_per_second is not None
    assert result.versions["checkpoint"].startswith("tiny (sha256 ")


def test_the_command_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", "ferplus:/nowhere", "--work", str(tmp_path)]
    assert main([*arguments, "--checkpoint", str(tmp_path / "none.safetensors")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "none.safetensors" in captured.err


def test_the_command_compares_without_rivals_it_cannot_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen.txt"

    def refuse(rival: Rival, _work: Path, run: Runner) -> Path:
        # The program itself sends https nowhere; installing goes the user's way.
        run([sys.executable, "-c", "import os; print(os.environ['https_proxy'])"], seen)
        raise FerdeskError(f"{rival.title} could not be installed (no network).")

    monkeypatch.setattr(environments, "ensure", refuse)
    monkeypatch.setenv("https_proxy", "http://own.example:8080")
    data = f"ferplus:{small_tree(tmp_path / 'data', 2, 3)}"
    checkpoint = tiny_checkpoint(tmp_path / "tiny.safetensors")
    arguments = ["--data", data, "--work", str(tmp_path / "w"), "--cache", str(tmp_path / "c")]
    arguments += ["--checkpoint", str(checkpoint), "--frames", "4", "--rounds", "2"]
    assert main(arguments) == 0
    assert set(seen.read_text().split()) == {"http://own.example:8080"}
    text = capsys.readouterr().out
    assert "fer 25.10.3 is not in the table: fer 25.10.3 could not be installed" in text
    assert "built-in sample, 640x360, 4 frames" in text
    assert main([*arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["results"][0]["pictures"] == 3
    assert "failure" in result["results"][1]
