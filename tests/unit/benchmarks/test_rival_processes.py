"""Rivals in processes of their own: the protocol, faults, turns, environments. No network."""

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
from benchmarks.rivals.answers import Answer, Kind, Task
from benchmarks.rivals.channel import RivalProcess
from benchmarks.rivals.environments import Rival, ensure, interpreter
from benchmarks.rivals.figures import figures
from benchmarks.rivals.material import Pictures
from benchmarks.rivals.report import table
from benchmarks.rivals.rounds import compare
from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from tests.unit.benchmarks.helpers import FACEX_NAMES, MACHINE, answer

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
