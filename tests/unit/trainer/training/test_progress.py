"""Progress as JSON, lines and a bar, with a clock that the tests turn."""

import io
import json
import logging
import math
import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ferdesk.errors import FerdeskError
from trainer.training.displays import duration
from trainer.training.progress import Progress

ROOT = Path(__file__).parents[4]


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Unread(io.StringIO):
    """A pipe whose reader goes away after some writes."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self.good, self.calls = good, 0

    def write(self, text: str) -> int:
        self.calls += 1
        if self.calls > self.good:
            raise BrokenPipeError(32, "Broken pipe")
        return super().write(text)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def events(stream: io.StringIO) -> list[dict[str, object]]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in stream.getvalue().splitlines()]


def test_json_of_a_whole_run(clock: Clock) -> None:
    stream = io.StringIO()
    with Progress("json", stream, clock) as progress:
        progress.start("live", 2, 10, 0, 0)
        clock.now += 4
        progress.step(1, 5, {"loss": 1.5}, 320.0)
        clock.now += 4
        progress.epoch(1, {"accuracy": 0.5})
        progress.message("half of it\nis done")
        clock.now += 8
        progress.epoch(2, {"accuracy": 0.75})
    assert events(stream) == [
        {"event": "started", "title": "live", "epochs": 2, "steps": 10, "epoch": 0, "step": 0},
        {
            "event": "step", "epoch": 1, "epochs": 2, "step": 5, "steps": 10,
            "figures": {"loss": 1.5}, "pictures_per_second": 320.0, "share": 0.25,
            "seconds_left": 12.0,
        },
        {
            "event": "epoch", "epoch": 1, "epochs": 2, "figures": {"accuracy": 0.5},
            "share": 0.5, "seconds_left": 8.0,
        },
        {"event": "message", "text": "half of it\nis done"},
        {
            "event": "epoch", "epoch": 2, "epochs": 2, "figures": {"accuracy": 0.75},
            "share": 1.0, "seconds_left": 0.0,
        },
        {"event": "finished", "seconds": 16.0},
    ]  # fmt: skip


def test_time_left_counts_from_where_the_run_was_stopped(clock: Clock) -> None:
    stream = io.StringIO()
    progress = Progress("json", stream, clock)
    progress.start("live", 4, 10, 2, 5)  # 25 of 40 steps are done
    clock.now += 10
    progress.step(3, 10, {}, 1.0)  # 5 more in 10 s: 10 to go take 20 s
    started, step = events(stream)
    assert (started["epoch"], started["step"]) == (2, 5)
    assert step["share"] == 0.75
    assert step["seconds_left"] == 20.0


def test_numbers_that_json_lacks_become_null(clock: Clock) -> None:
    stream = io.StringIO()
    progress = Progress("json", stream, clock)
    progress.start("live", 1, 4, 0, 0)
    progress.step(1, 1, {"a": math.nan, "b": -math.inf, "c": 1.0, "d": None}, math.inf)
    step = events(stream)[-1]
    assert step["figures"] == {"a": None, "b": None, "c": 1.0, "d": None}
    assert step["pictures_per_second"] is None


def test_at_most_five_step_events_a_second(clock: Clock) -> None:
    stream = io.StringIO()
    progress = Progress("json", stream, clock)
    progress.start("live", 1, 1000, 0, 0)
    for step in range(1, 1000):
        clock.now += 0.01
        progress.step(1, step, {}, 1.0)
    steps = [e for e in events(stream) if e["event"] == "step"]
    assert 45 <= len(steps) <= 50  # in 9.99 s
    assert steps[0]["step"] == 1


@pytest.mark.parametrize(
    ("error", "reason", "stopped"),
    [
        (FerdeskError("The disk is full."), "The disk is full.", False),
        (KeyboardInterrupt(), "Stopped; the same command goes on where it was stopped.", True),
        (AssertionError(), "AssertionError", False),
    ],
)
def test_failure_is_an_event_and_passes_on(
    error: BaseException, reason: str, stopped: bool, clock: Clock
) -> None:
    stream = io.StringIO()
    progress = Progress("json", stream, clock)

    def run() -> None:
        with progress:
            clock.now += 3
            raise error

    with pytest.raises(type(error)):
        run()
    progress.close()
    assert events(stream) == [
        {"event": "failed", "reason": reason, "stopped": stopped, "seconds": 3.0}
    ]


def test_plain_lines_every_quarter_of_a_minute(clock: Clock) -> None:
    stream = io.StringIO()
    with Progress("auto", stream, clock) as progress:
        progress.start("live", 2, 60, 0, 0)
        for step in range(1, 61):
            clock.now += 1
            progress.step(1, step, {"loss": 2 / 3, "cls": math.nan}, 63.6)
        progress.epoch(1, {"accuracy": 0.5})
        clock.now += 14
        progress.step(2, 14, {"loss": 0.5}, 64)
    lines = [line.partition(" ")[2] for line in stream.getvalue().splitlines()]
    assert lines == [
        "live: 2 epochs of 60 steps",
        "epoch 1/2, step 15/60: loss 0.6667, cls nan; 64 pictures/s; 2 min left",
        "epoch 1/2, step 30/60: loss 0.6667, cls nan; 64 pictures/s; 2 min left",
        "epoch 1/2, step 45/60: loss 0.6667, cls nan; 64 pictures/s; 1 min left",
        "epoch 1/2, step 60/60: loss 0.6667, cls nan; 64 pictures/s; 1 min left",
        "epoch 1/2 done: accuracy 0.5; 1 min left",
        "finished after 1 min",
    ]


def test_a_terminal_gets_a_bar_and_log_lines_stay_whole(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    handler = logging.StreamHandler(terminal)
    handlers = logging.root.handlers
    monkeypatch.setattr(logging.root, "handlers", [handler])
    monkeypatch.setattr(logging.root, "level", logging.INFO)
    with Progress("auto", clock=clock) as progress:
        progress.start("live", 2, 10, 0, 5)
        progress.step(1, 8, {"cls": 1.0, "loss": 0.25}, 99.7)
        logging.getLogger("trainer.training.loop").warning("one picture is missing")
        progress.message("a message")
        progress.epoch(1, {"accuracy": 0.5})
        assert logging.root.handlers != [handler]
    assert logging.root.handlers == [handler]
    assert handlers is not logging.root.handlers
    # What a terminal shows: \r goes back to the start of the line and writes over it.
    shown = [line.split("\r")[-1].strip() for line in terminal.getvalue().split("\n")]
    assert "one picture is missing" in shown
    assert "a message" in shown
    assert "epoch 1/2: accuracy 0.5" in shown
    assert any(line.startswith("live, epoch 1/2  50%|") for line in shown)
    assert "finished after 0 s" in shown
    drawn = terminal.getvalue().split("\r")
    assert any(line.startswith("live, epoch 1/2  25%|") for line in drawn)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")
def test_a_terminal_without_a_size_gets_its_bar_too() -> None:
    import pty

    reader, writer = pty.openpty()  # 0 columns and 0 rows until somebody says otherwise
    with os.fdopen(writer, "w") as terminal, Progress("auto", terminal) as progress:
        progress.start("live", 1, 4, 0, 0)
        drawn, end = "", time.monotonic() + 10
        while " 50%|" not in drawn and time.monotonic() < end:
            time.sleep(0.11)  # tqdm draws no oftener
            progress.step(1, 2, {"loss": 0.5}, 8.0)
            if select.select([reader], [], [], 0.1)[0]:
                drawn += os.read(reader, 10_000).decode()
    os.close(reader)
    assert "live, epoch 1/1  50%|" in drawn
    assert "loss 0.5, 8 pictures/s]" in drawn


@pytest.mark.parametrize("kind", ["json", "plain", "bar"])
def test_training_goes_on_when_nobody_reads(
    kind: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    stream = Unread(good=1)
    with Progress(kind, stream, clock) as progress:  # type: ignore[arg-type]
        progress.start("live", 2, 10, 0, 0)
        for step in range(1, 11):
            clock.now += 20
            progress.step(1, step, {"loss": 1.0}, 1.0)
        progress.epoch(1, {"loss": 1.0})
        progress.message("unheard")
        calls = stream.calls
        progress.message("unheard")
    assert stream.calls == calls
    assert [r.message for r in caplog.records] == [
        "the progress can no longer be shown ([Errno 32] Broken pipe); training goes on"
    ]


def test_a_closed_stream_is_a_reader_gone(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    stream = io.StringIO()
    progress = Progress("json", stream, clock)
    stream.close()
    progress.message("unheard")
    progress.message("unheard")
    assert len(caplog.records) == 1


def test_a_wrong_value_is_no_reader_gone(clock: Clock) -> None:
    class Strict(io.StringIO):
        def write(self, text: str) -> int:
            raise ValueError("a fault in the program")

    with pytest.raises(ValueError, match="a fault"):
        Progress("json", Strict(), clock).message("x")


_SCRIPT = """
import logging, sys
from trainer.training.progress import Progress
logging.basicConfig(stream=sys.stderr)
with Progress("json") as progress:
    progress.start("live", 1, 5000, 0, 0)
    sys.stdin.readline()
    for _ in range(5000):
        progress.message("x" * 100)
sys.stderr.write("trained to the end")
"""


def test_a_real_pipe_closed_by_its_reader() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    # The line arrives while the process still runs: it was flushed.
    assert json.loads(process.stdout.readline())["event"] == "started"
    process.stdout.close()
    process.stdin.write("go\n")
    process.stdin.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 0
    assert said.count("training goes on") == 1
    assert said.endswith("trained to the end")


@pytest.mark.skipif(os.name != "posix", reason="/dev/full is a device of Linux")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_under_the_lines_costs_only_the_lines(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    stream = Path("/dev/full").open("w")  # noqa: SIM115  closed below, which fails
    progress = Progress("json", stream, clock)
    progress.message("x")
    progress.message("y")
    assert len(caplog.records) == 1
    with pytest.raises(OSError, match="No space left"):
        stream.close()


def test_the_other_processes_say_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("none") as progress:
        progress.start("live", 1, 2, 0, 0)
        progress.step(1, 1, {"loss": 1.0}, 1.0)
        progress.epoch(1, {"loss": 1.0})
        progress.message("x")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == ""


def test_lines_do_not_mix_with_results(capsys: pytest.CaptureFixture[str]) -> None:
    Progress("plain").message("to stderr")
    Progress("json").message("to stdout")
    out, err = capsys.readouterr()
    assert json.loads(out)["text"] == "to stdout"
    assert err.endswith("to stderr\n")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3569, "59 min"), (3599, "1 h 00 min"),
        (3 * 3600 + 300, "3 h 05 min"), (47 * 3600, "47 h 00 min"), (52 * 3600, "2 d 4 h"),
    ],
)  # fmt: skip
def test_durations_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text
