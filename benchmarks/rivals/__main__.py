"""python -m benchmarks.rivals: see the package."""

from __future__ import annotations

import argparse
import functools
import json
import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.rivals.commands import Runner, run_logged
from ferdesk.bootstrap import prepare_environment
from ferdesk.errors import FerdeskError
from ferdesk.resources import DEFAULT_CHECKPOINT, asset
from ferdesk.threads import thread_budget

log = logging.getLogger("benchmarks.rivals")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rivals",
        description="Compare ferdesk with other expression readers: same pictures, same frames, "
        "one run.",
    )
    parser.add_argument("--data", required=True, help="ferplus:DIR, the official FER+ folders")
    parser.add_argument("--checkpoint", type=Path, help="ours (default: the built-in one)")
    parser.add_argument("--pictures", type=int, default=0, help="how many (default: all)")
    parser.add_argument(
        "--frames", type=int, default=0, help="how many of each clip (default: all)"
    )
    parser.add_argument("--clip", type=Path, help="a video beside the built-in sample")
    parser.add_argument("--rounds", type=int, default=10, help="turns they take (default: 10)")
    parser.add_argument(
        "--threads", type=int, default=thread_budget().model,
        help="for everyone's network and the rivals' OpenCV (default: what the app's network takes "
        "here); our OpenCV has one, as in the app",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="figures as JSON instead of a table")
    parser.add_argument(
        "--work", type=Path, default=Path(".cache/rivals"), help="where the environments are"
    )
    parser.add_argument("--cache", type=Path, default=Path(".cache"), help="the trainer's cache")
    return parser


def _compare(args: argparse.Namespace, run: Runner) -> str:
    from benchmarks.rivals import channel, environments, worker
    from benchmarks.rivals.answers import Contestant
    from benchmarks.rivals.figures import Figures, figures, to_json
    from benchmarks.rivals.material import load_clip, load_pictures
    from benchmarks.rivals.ours import Ours
    from benchmarks.rivals.report import hardware, table
    from benchmarks.rivals.rounds import compare

    work: Path = args.work
    work.mkdir(parents=True, exist_ok=True)
    machine = hardware(args.threads)
    contestants: list[Contestant] = [
        Ours(args.checkpoint or asset(DEFAULT_CHECKPOINT), args.threads)
    ]
    absent: list[Figures] = []
    try:
        for rival in environments.RIVALS:
            try:
                python = environments.ensure(rival, work, run)
                command = [str(python), str(worker.__file__), rival.key, str(args.threads)]
                output = work / f"{rival.key}-worker.log"
                contestants.append(channel.RivalProcess(rival.title, command, output, args.threads))
            except FerdeskError as error:
                log.warning("%s", error)
                absent.append(Figures(rival.title, failure=str(error)))
        # Pictures and frames take a gigabyte: they do not stay.
        with tempfile.TemporaryDirectory(dir=work, ignore_cleanup_errors=True) as folder:
            place = Path(folder)
            pictures = load_pictures(args.data, args.cache, place, args.pictures)
            clips = [load_clip("sample", "built-in sample", place, args.frames)]
            if args.clip is not None:
                clips.append(load_clip(str(args.clip), args.clip.name, place, args.frames))
            records = compare(contestants, [pictures.whole, pictures.detect, *clips], args.rounds)
    finally:
        for contestant in contestants:
            contestant.close()
    if records[0].failure:
        raise FerdeskError(records[0].failure)
    results = [figures(record, records[0], pictures, clips) for record in records] + absent
    if args.json:
        return json.dumps({"machine": machine, "results": [to_json(r) for r in results]}) + "\n"
    return table(results, pictures.whole.title, machine)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; 1 with a sentence on stderr when there is nothing to compare."""
    args = _parser().parse_args(arguments)
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("benchmarks").setLevel(logging.INFO)
    run = functools.partial(run_logged, environment=dict(os.environ))
    prepare_environment()
    try:
        sys.stdout.write(_compare(args, run))
    except FerdeskError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
