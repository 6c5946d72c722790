"""Many files over night: a session per source, each by a process of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from tqdm import tqdm

from ferdesk.commands.analyze_session import Job, as_argument
from ferdesk.commands.output import to_stdout
from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder, replacing
from ferdesk.model.checkpoint import read_card
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.session.folder import file_name, is_recording, looks_like_session
from ferdesk.session.records import SessionState
from ferdesk.session.session import Session
from ferdesk.session.summary import courses
from ferdesk.sources.spec import SourceKind, SourceSpec
from ferdesk.table.cells import harmless

SUMMARY: Final = "summary.csv"
SUMMARY_COLUMNS: Final = (
    "source", "session", "seconds", "frames", "frames_with_face", "faces", "face",
    *(f"share_{name}" for name in EXPRESSIONS), "withheld", "reliability", "checkpoint",
)  # fmt: skip
"""Shares are of the labelled time of the face that was read longest; `withheld` of all its time."""


def analyze_many(
    sources: Sequence[str],
    out: Path,
    settings: Job,
    *,
    jobs: int = 1,
    say: Callable[[str], object] = to_stdout,
    tell: Callable[[dict[str, object]], object] = lambda _news: None,
) -> int:
    """A session per source in `out`, and summary.csv over all; 0. Raises FerdeskError.

    What is finished is skipped, so the same command goes on after it was stopped or killed.
    `settings` is a job without source and folder. `tell` hears how far each source is: "source" as
    it was given, "state" (reading, done, failed), "done" and "total" frames, "folder", "sentence".
    Failures are listed in the end, and it raises.
    """
    make_folder(out)
    plan = _plan(sources, out, settings)
    waiting = [job for job in plan if not _finished(job)]
    if len(waiting) < len(plan):
        say(f"{len(plan) - len(waiting)} of {len(plan)} are finished already.\n")
    _check_settings([job for job in plan if job not in waiting])
    given = dict(zip((job.folder for job in plan), dict.fromkeys(sources), strict=True))

    def tell_of(job: Job, news: dict[str, object]) -> None:
        tell({"source": given[job.folder], "folder": job.folder, **news})

    for job in plan:
        if job not in waiting:
            tell_of(job, {"state": "done"})
    run = _Run(waiting, jobs, say, tell_of)
    try:
        run.work()
    finally:
        run.stop()
        finished = [job for job in plan if _finished(job)]
        write_summary([Path(job.folder) for job in finished], out / SUMMARY)
        say(f"{len(finished)} of {len(plan)} sources: {(out / SUMMARY).resolve()}\n")
    if run.failures:
        for source, sentence in run.failures.items():
            say(f"Failed: {source}: {sentence}\n")
        raise FerdeskError(f"{len(run.failures)} of {len(plan)} sources could not be read.")
    return 0


def _plan(sources: Sequence[str], out: Path, settings: Job) -> list[Job]:
    """A job per source, in folders whose names stay the same from call to call."""
    plan: list[Job] = []
    taken: set[Path] = set()
    for text in dict.fromkeys(sources):
        try:
            spec = SourceSpec.parse(text)
            if spec.kind in (SourceKind.CAMERA, SourceKind.URL):
                raise FerdeskError(f"'{text}' has no end; use 'ferdesk record' for it.")
            text = str(spec)
            name = file_name(Path(spec.value).name if spec.value else str(spec))
        except FerdeskError:
            # It fails again in its turn, and is listed then.
            name = file_name(Path(text).name)
        folder = _folder_for(text, name, out, taken)
        taken.add(folder)
        plan.append(replace(settings, source=text, folder=str(folder)))
    return plan


def _folder_for(source: str, name: str, out: Path, taken: set[Path]) -> Path:
    number = 1
    while True:
        folder = out / (name if number == 1 else f"{name}-{number}")
        if folder not in taken and (not folder.exists() or _source_of(folder) == source):
            return folder
        number += 1


def _source_of(folder: Path) -> str:
    """What a session was read from; "" for anything else and for what cannot be opened."""
    try:
        with Session.open(folder, read_only=True) as session:
            return str(session.facts.get("source", ""))
    except FerdeskError:
        return ""


def _finished(job: Job) -> bool:
    folder = Path(job.folder)
    if not looks_like_session(folder):
        return False
    with Session.open(folder, read_only=True) as session:
        return session.state is SessionState.COMPLETE


def _check_settings(finished: Sequence[Job]) -> None:
    """One folder, one way of reading: a summary of mixed ways would compare nothing."""
    for job in finished:
        path = Path(job.checkpoint) if job.checkpoint else asset(DEFAULT_CHECKPOINT)
        wanted = (read_card(path).name, job.smoothing, job.max_faces)
        with Session.open(job.folder, read_only=True) as session:
            used = session.analyses[0]
        if (used.checkpoint, used.smoothing_seconds, used.max_faces) != wanted:
            raise FerdeskError(
                f"'{job.folder}' was read with other settings ({used.checkpoint}, smoothing "
                f"{used.smoothing_seconds:g} s, up to {used.max_faces} faces); name another folder."
            )


class _Run:
    """Keeps `jobs` processes busy; one that crashes costs its own source only."""

    def __init__(
        self,
        waiting: list[Job],
        jobs: int,
        say: Callable[[str], object],
        tell: Callable[[Job, dict[str, object]], object],
    ) -> None:
        self.failures: dict[str, str] = {}
        self._waiting = list(waiting)
        self._jobs = jobs
        self._say = say
        self._tell = tell
        self._news: queue.Queue[tuple[Job, dict[str, object]]] = queue.Queue()
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._share: dict[str, float] = {}
        # Silent where standard error is no terminal.
        self._bar = tqdm(
            total=float(len(waiting)), leave=False, disable=None,
            bar_format="{percentage:3.0f}% |{bar}| {postfix}, {remaining} left",
        )  # fmt: skip

    def work(self) -> None:
        """Until every source is done or has failed."""
        self._start()
        while self._running:
            job, news = self._news.get()
            if "ended" in news:
                self._ended(job, news)
                self._start()
            else:
                self._progress(job, news)

    def stop(self) -> None:
        """End the processes that still run; what they did is thrown away by the next call."""
        self._bar.close()
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait()
        self._running.clear()

    def _start(self) -> None:
        while self._waiting and len(self._running) < self._jobs:
            job = self._waiting.pop(0)
            part = Path(f"{job.folder}.part")
            if is_recording(part):
                self._failed(job, "Another process is at work on it.")
                continue
            process = subprocess.Popen(
                [sys.executable, "-m", "ferdesk.commands.analyze_session", as_argument(job)],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                env=os.environ | {"OMP_NUM_THREADS": str(_threads(self._jobs))},
            )  # fmt: skip
            self._running[job.source] = process
            threading.Thread(target=self._listen, args=(job, process), daemon=True).start()

    def _listen(self, job: Job, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        last: dict[str, object] = {}
        with process.stdout:
            for line in process.stdout:
                last = json.loads(line)
                self._news.put((job, last))
        self._news.put((job, {**last, "ended": process.wait()}))

    def _progress(self, job: Job, news: dict[str, object]) -> None:
        done, total = news.get("done"), news.get("total")
        self._tell(job, {"state": "reading", "done": done, "total": total})
        if isinstance(done, int) and isinstance(total, int) and total:
            share = min(done / total, 1.0)
            self._bar.set_postfix_str(Path(job.source).name, refresh=False)
            self._bar.update(share - self._share.get(job.source, 0.0))
            self._share[job.source] = share

    def _ended(self, job: Job, news: dict[str, object]) -> None:
        self._running.pop(job.source).wait()
        self._bar.update(1.0 - self._share.get(job.source, 0.0))
        if "error" in news:
            self._failed(job, str(news["error"]))
        elif "sentence" in news:
            self._say(f"{job.source}: {news['sentence']}\n")
            self._tell(job, {"state": "done", "sentence": news["sentence"]})
        else:
            self._failed(job, f"Its process ended unexpectedly (code {news['ended']}).")

    def _failed(self, job: Job, sentence: str) -> None:
        self.failures[job.source] = sentence
        self._tell(job, {"state": "failed", "sentence": sentence})


def _threads(jobs: int) -> int:
    return max(1, (os.cpu_count() or 1) // jobs)


def write_summary(folders: Sequence[Path], path: Path) -> None:
    """One row per session. FerdeskError when it cannot be written."""
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow(SUMMARY_COLUMNS)
        for folder in folders:
            writer.writerow([harmless(cell) for cell in _summary(folder)])
        text.detach()


def _summary(folder: Path) -> list[str]:
    with Session.open(folder, read_only=True) as session:
        found = courses(session)
        with_face = len({int(frame) for course in found for frame in course.lane.frames})
        row = [
            str(session.facts["source"]), folder.name, f"{session.duration:.3f}",
            str(sum(frame.analysed for frame in session.frames)), str(with_face), str(len(found)),
        ]  # fmt: skip
        checkpoint = session.analyses[0].checkpoint if session.analyses else ""
        if not found:
            return [*row, *[""] * (len(SUMMARY_COLUMNS) - len(row) - 1), checkpoint]
        longest = found[0]
        numbers = (*longest.shares, longest.withheld, longest.reliability)
        cells = ["" if np.isnan(number) else f"{number:.4f}" for number in numbers]
        return [*row, str(longest.lane.face), *cells, checkpoint]
