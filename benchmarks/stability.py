"""How often the label flips on video, with and without smoothing, and what smoothing costs in lag.

    python -m benchmarks.stability [CHECKPOINT] [--source sample] [--source FILE]

Every frame goes through the app's own analysis once; the same answers are then smoothed with each
time constant by the app's own smoother. A flip is a frame whose label differs from that of the
frame before for the same face. The lag is that of a step from one sure answer to another, until
the new one wins. Prints one row per source and time constant.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferdesk.bootstrap import prepare_environment
from ferdesk.errors import FerdeskError
from ferdesk.model.labels import NUM_EXPRESSIONS
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.loader import load_predictor
from ferdesk.pipeline.smoothing import Smoother
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.sources.spec import SourceSpec, open_source

SECONDS = (0.0, 0.3)
"""Time constants compared; the window starts with the last."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One face in one frame, before smoothing."""

    face_id: int
    time: float
    probabilities: NDArray[np.float32]


def answers(analyzer: Analyzer, text: str, limit: int) -> tuple[list[Answer], float]:
    """The largest face of every frame of a source, and the seconds from first to last frame."""
    source = open_source(SourceSpec.parse(text))
    source.open()
    out: list[Answer] = []
    times: list[float] = []
    try:
        while not limit or len(times) < limit:
            frame = source.read()
            if frame is None:
                break
            times.append(frame.media_time)
            faces = analyzer.analyze(frame).faces
            if faces:
                out.append(Answer(faces[0].face_id, frame.media_time, faces[0].probabilities))
    finally:
        source.close()
    return out, times[-1] - times[0] if times else 0.0


def flips(answers: Sequence[Answer], seconds: float) -> int:
    """Label changes from one frame to the next of the same face, smoothed with `seconds`."""
    smoother = Smoother(seconds)
    last: tuple[int, int] | None = None
    count = 0
    for answer in answers:
        shown = smoother.update(answer.face_id, answer.time, answer.probabilities)
        label = int(shown.argmax())
        count += last is not None and last[0] == answer.face_id and last[1] != label
        last = answer.face_id, label
    return count


def step_lag(seconds: float, fps: float) -> float:
    """Seconds from a change of a sure answer to the first frame whose label is the new one."""
    before, after = np.eye(NUM_EXPRESSIONS, dtype=np.float32)[:2]
    smoother = Smoother(seconds)
    smoother.update(1, 0.0, before)
    frame = 1
    while int(smoother.update(1, frame / fps, after).argmax()) != 1:
        frame += 1
    # The first frame of the new expression can show it at once; only what comes later is lag.
    return (frame - 1) / fps


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkpoint", type=Path, nargs="?", help="default: the built-in one")
    parser.add_argument("--source", action="append", help="may be repeated (default: sample)")
    parser.add_argument("--frames", type=int, default=0, help="of each source (default: all)")
    parser.add_argument("--device", default="auto")
    args = parser.parse_args(argv)
    try:
        predictor = load_predictor(args.checkpoint or asset(DEFAULT_CHECKPOINT), args.device)
        sys.stdout.write(
            f"{'source':28} {'frames':>6} {'seconds':>7} {'smoothing':>9} {'flips':>5} "
            f"{'a second':>8} {'lag s':>6}\n"
        )
        for text in args.source or ["sample"]:
            analyzer = Analyzer(predictor, 1, 0.0)
            try:
                found, length = answers(analyzer, text, args.frames)
            finally:
                analyzer.close()
            fps = len(found) / length if length else 30.0
            for seconds in SECONDS:
                count = flips(found, seconds)
                sys.stdout.write(
                    f"{Path(text).name:28} {len(found):6} {length:7.1f} {seconds:9.2f} {count:5} "
                    f"{count / length if length else 0:8.2f} {step_lag(seconds, fps):6.3f}\n"
                )
    except FerdeskError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    prepare_environment()
    sys.exit(main())
