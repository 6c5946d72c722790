"""The comparison with other expression readers, with made-up rivals. No network."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.rivals import environments, worker
from benchmarks.rivals.__main__ import main
from benchmarks.rivals.answers import Answer, Face, Kind, Task, to_probabilities
from benchmarks.rivals.channel import RivalProcess
from benchmarks.rivals.environments import Rival, ensure, interpreter
from benchmarks.rivals.figures import Figures, figures, flips_per_second, score, to_json
from benchmarks.rivals.material import Pictures, framed, load_clip, load_pictures
from benchmarks.rivals.ours import Ours
from benchmarks.rivals.report import table
from benchmarks.rivals.rounds import Record, compare, share
from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from tests.unit.model.helpers import tiny_checkpoint
from tests.unit.trainer.helpers import small_tree

FER_NAMES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
FACEX_NAMES = ("anger", "disgust", "fear", "happy", "neutral", "sadness", "surprised")
MACHINE = {"processor": "a, 2 cores", "system": "b", "threads": "2", "load": "0.1", "date": "today"}


def scores(names: Sequence[str], winner: str) -> dict[str, float]:
    """0.7 for the winner, 0.05 for the others."""
    return {name: 0.7 if name == winner else 0.05 for name in names}


def face(label: int, area: float = 1.0, smoothed: int | None = None) -> Face:
    """A face that is certainly of one expression."""
    unit = np.eye(7)
    return Face(unit[label], area, None if smoothed is None else unit[smoothed])


def answer(label: int, ms: float = 1.0, smoothed: int | None = None) -> Answer:
    """One face, or none for -1."""
    return Answer(ms, () if label < 0 else (face(label, smoothed=smoothed),))


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
    assert rows["ms a face"][-2:] == ["3.00", "14.00"]
    assert rows["faces missed"][-2:] == ["0", "2"]
    assert rows["label flips a second"][-2:] == ["5.00", "0.00"]
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


# Workers

FAKE = """
import sys
sys.path.insert(0, {folder!r})
import worker

class Fake:
    def versions(self):
        print("noise on stdout before the replies") if {noisy} else None
        return {{"fake": "1"}}

    def scores(self, picture):
        if picture[0, 0, 0] == 99:
            raise ValueError("the network fell over")
        return {{n: float(i == picture[0, 0, 0]) for i, n in enumerate({names!r})}}

    def whole(self, picture):
        return self.scores(picture)

    def detect(self, picture):
        if picture[0, 0, 0] == 50:
            return []
        return [([1, 2, 3, 4], self.scores(picture)), ([0, 0, 1, 1], self.scores(picture * 0))]

worker.READERS["fake"] = lambda threads: Fake()
sys.argv = ["worker.py", "fake", "1"]
sys.exit(worker.main())
"""


def fake(tmp_path: Path, text: str = FAKE, noisy: bool = False) -> RivalProcess:
    """A worker process that runs `text`."""
    script = tmp_path / "fake.py"
    folder = str(Path(worker.__file__).parent)
    script.write_text(text.format(folder=folder, names=FACEX_NAMES, noisy=noisy))
    return RivalProcess("fake 1", [sys.executable, str(script)], tmp_path / "worker.log", 1)


def pictures_task(tmp_path: Path, values: Sequence[int], kind: Kind) -> Task:
    """Pictures whose grey value says what a fake is to answer."""
    file = tmp_path / f"{kind}.npy"
    np.save(file, np.stack([np.full((6, 5, 3), value, np.uint8) for value in values]))
    return Task(kind, "t", file, len(values), 25.0)


def test_a_worker_answers_over_its_pipes(tmp_path: Path) -> None:
    process = fake(tmp_path, noisy=True)
    try:
        assert process.versions == {"fake": "1"}
        whole = process.answer(pictures_task(tmp_path, [3, 0, 6], Kind.WHOLE), 0, 2)
        assert [EXPRESSIONS[a.label] for a in whole] == ["happiness", "anger"]
        assert all(a.ms > 0 for a in whole)
        found = process.answer(pictures_task(tmp_path, [3, 50, 6], Kind.FRAMES), 1, 3)
        assert [a.label for a in found] == [-1, EXPRESSIONS.index("surprise")]
        assert found[1].main is not None
        assert found[1].main.area == 12
    finally:
        process.close()
    assert "noise on stdout" in (tmp_path / "worker.log").read_text()


def test_the_protocol_is_json_lines(tmp_path: Path) -> None:
    class Reader:
        def versions(self) -> dict[str, str]:
            return {"a": "1"}

        def whole(self, picture: np.ndarray) -> dict[str, float]:
            assert picture.shape == (6, 5, 3)
            return {"x": float(picture[0, 0, 0])}

        def detect(self, picture: np.ndarray) -> list[worker.Face]:
            return []

    task = pictures_task(tmp_path, [4, 5, 6], Kind.WHOLE)
    request = {"do": "whole", "file": str(task.file), "first": 1, "last": 3}
    replies = io.StringIO()
    lines = [json.dumps(request), json.dumps({**request, "do": "detect"})]
    worker.serve(Reader(), io.StringIO("\n".join(lines) + "\n"), replies)
    hello, whole, detect = [json.loads(line) for line in replies.getvalue().splitlines()]
    assert hello == {"versions": {"a": "1"}}
    assert [a["faces"] for a in whole["answers"]] == [
        [{"box": None, "scores": {"x": value}}] for value in (5.0, 6.0)
    ]
    assert [a["faces"] for a in detect["answers"]] == [[], []]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("raise ImportError('no module named so')", "no module named so"),
        ("pass", "no output"),
        ("print('hello')", "something else than asked: hello"),
        ("print('[]')", "something else than asked"),
    ],
)
def test_a_worker_that_does_not_start_is_a_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(FerdeskError, match=sentence) as caught:
        fake(tmp_path, text)
    assert str(caught.value).startswith("fake 1 ")
    assert "\n" not in str(caught.value)


def test_a_missing_interpreter_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match="fake cannot be started"):
        RivalProcess("fake", [str(tmp_path / "python")], tmp_path / "log", 1)


def test_a_worker_that_breaks_is_left_out_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good, task = fake(tmp_path), pictures_task(tmp_path, [1, 2, 3, 4, 99], Kind.WHOLE)

    class Steady:
        title, versions = "steady", {"steady": "1"}

        def answer(self, task: Task, first: int, last: int) -> list[Answer]:
            return [answer(0) for _ in range(first, last)]

        def reset(self) -> None: ...

        def close(self) -> None: ...

    try:
        with caplog.at_level(logging.WARNING):
            records = compare([Steady(), good], [task], 5)
    finally:
        good.close()
    assert "the network fell over" in records[1].failure
    assert len(caplog.records) == 1
    assert not records[0].failure
    assert len(records[0].answers(task)) == 5
    pictures = Pictures(np.zeros(5, np.int64), task, task)
    results = [figures(record, records[0], pictures, []) for record in records]
    text = table(results, "t", MACHINE)
    assert "fake 1 is not in the table: fake 1 ended without an answer (ValueError" in text


def test_contestants_take_turns_and_see_frames_in_order(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []

    class Noting:
        def __init__(self, title: str) -> None:
            self.title = title
            self.versions: dict[str, str] = {}

        def answer(self, task: Task, first: int, last: int) -> list[Answer]:
            seen.append((self.title, first, last))
            return [answer(0) for _ in range(first, last)]

        def reset(self) -> None:
            seen.append((self.title, -1, -1))

        def close(self) -> None: ...

    task = Task(Kind.FRAMES, "t", tmp_path / "t.npy", 6, 25.0)
    compare([Noting("a"), Noting("b")], [task], 3)
    assert seen[:4] == [("a", 0, 4), ("b", 0, 4), ("a", -1, -1), ("b", -1, -1)]
    assert seen[4:] == [
        ("a", 0, 2), ("b", 0, 2), ("b", 2, 4), ("a", 2, 4), ("a", 4, 6), ("b", 4, 6),
    ]  # fmt: skip


# Environments

RIVAL = Rival("one", "one 1", ("numpy==1", "other==2"), ("one==1",))


def test_installation_goes_on_after_an_interruption(tmp_path: Path) -> None:
    commands: list[list[str]] = []
    broken = True

    def run(command: Sequence[str], output: Path) -> int:
        commands.append(list(command))
        interpreter(tmp_path / "one").parent.mkdir(parents=True, exist_ok=True)
        interpreter(tmp_path / "one").touch()
        output.write_text("working\nERROR: no wheel for one\n\n")
        return int(broken and "--no-deps" in command)

    with pytest.raises(FerdeskError, match=r"one 1 could not be .* \(ERROR: no wheel for one\)"):
        ensure(RIVAL, tmp_path, run)
    assert [c[-1] for c in commands] == [str(tmp_path / "one"), "other==2", "one==1"]
    broken = False
    python = ensure(RIVAL, tmp_path, run)
    assert python == interpreter(tmp_path / "one")
    assert len(commands) == 6
    assert "--clear" not in commands[3]
    assert ensure(RIVAL, tmp_path, run) == python
    assert len(commands) == 6, "nothing is done twice"
    ensure(Rival("one", "one 2", (), ("one==2",)), tmp_path, run)
    assert "--clear" in commands[6]


def test_every_rival_has_a_reader_and_pinned_packages() -> None:
    for rival in environments.RIVALS:
        assert rival.key in worker.READERS
        assert all("==" in package for package in (*rival.packages, *rival.bare))


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
    def refuse(rival: Rival, _work: Path) -> Path:
        raise FerdeskError(f"{rival.title} could not be installed (no network).")

    monkeypatch.setattr(environments, "ensure", refuse)
    data = f"ferplus:{small_tree(tmp_path / 'data', 2, 3)}"
    checkpoint = tiny_checkpoint(tmp_path / "tiny.safetensors")
    arguments = ["--data", data, "--work", str(tmp_path / "w"), "--cache", str(tmp_path / "c")]
    arguments += ["--checkpoint", str(checkpoint), "--frames", "4", "--rounds", "2"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "fer 25.10.3 is not in the table: fer 25.10.3 could not be installed" in text
    assert "built-in sample, 640x360, 4 frames" in text
    assert main([*arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["results"][0]["pictures"] == 3
    assert "failure" in result["results"][1]
