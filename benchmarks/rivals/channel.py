"""A rival at work in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from benchmarks.rivals.answers import Answer, Face, Kind, Task, to_probabilities
from benchmarks.rivals.commands import last_line
from ferdesk.errors import FerdeskError

START_SECONDS = 180.0
ANSWER_SECONDS = 900.0


def _environment(threads: int) -> dict[str, str]:
    """Ours without what leads back to ferdesk's packages; no GPU; the given number of threads."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        environment[name] = str(threads)
    environment["CUDA_VISIBLE_DEVICES"] = "-1"
    environment["PYTHONNOUSERSITE"] = "1"
    environment["TF_CPP_MIN_LOG_LEVEL"] = "2"
    return environment


class RivalProcess:
    """A `Contestant` that talks to a worker script over its stdin and stdout."""

    def __init__(self, title: str, command: Sequence[str], output: Path, threads: int) -> None:
        """Starts the script and waits until it is ready; its stderr goes to `output`.

        Raises FerdeskError when it does not start.
        """
        self.title = title
        self._output = output
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        try:
            with output.open("w", encoding="utf-8") as file:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file,
                    encoding="utf-8", env=_environment(threads),
                )  # fmt: skip
        except OSError as error:
            raise FerdeskError(f"{title} cannot be started: {error}.") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests: IO[str] = self._process.stdin
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()
        try:
            self.versions: dict[str, str] = dict(self._receive("versions", START_SECONDS))
        except FerdeskError:
            self.close()
            raise

    def _listen(self, replies: IO[str]) -> None:
        for line in replies:
            self._lines.put(line)
        self._lines.put(None)

    def _receive(self, key: str, seconds: float) -> Any:
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty as error:
            raise FerdeskError(f"{self.title} gave no answer within {seconds:.0f} s.") from error
        if line is None:
            raise FerdeskError(
                f"{self.title} ended without an answer ({last_line(self._output)}); the whole "
                f"output is in '{self._output}'."
            )
        try:
            return json.loads(line)[key]
        except (ValueError, KeyError, TypeError) as error:
            raise FerdeskError(
                f"{self.title} answered something else than asked: {line.strip()[:80]}"
            ) from error

    def answer(self, task: Task, first: int, last: int) -> list[Answer]:
        """See `Contestant`."""
        request = {
            "do": "whole" if task.kind is Kind.WHOLE else "detect",
            "file": str(task.file.resolve()), "first": first, "last": last,
        }  # fmt: skip
        try:
            self._requests.write(json.dumps(request) + "\n")
            self._requests.flush()
        except OSError as error:
            raise FerdeskError(
                f"{self.title} has ended ({last_line(self._output)}); the whole output is in "
                f"'{self._output}'."
            ) from error
        answers = [_parse(item) for item in self._receive("answers", ANSWER_SECONDS)]
        if len(answers) != last - first:
            raise FerdeskError(
                f"{self.title} answered {len(answers)} pictures instead of {last - first}."
            )
        return answers

    def reset(self) -> None:
        """The rivals look at every frame for itself."""

    def close(self) -> None:
        """Let the script end; force it after five seconds."""
        with contextlib.suppress(OSError):  # it may be gone already
            self._requests.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _parse(item: dict[str, Any]) -> Answer:
    faces = []
    for face in item["faces"]:
        box = face["box"]
        area = float(box[2] * box[3]) if box else 0.0
        faces.append(Face(to_probabilities(face["scores"]), area))
    return Answer(float(item["ms"]), tuple(faces))
