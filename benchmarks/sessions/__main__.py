"""python -m benchmarks.sessions: see the package."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from ferdesk.bootstrap import prepare_environment


def main() -> int:
    """0, or 1 when memory grew or a kill cost too much."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sessions", description="What sessions take."
    )
    parser.add_argument("--source", default="sample", help="what is looped (default: the sample)")
    parser.add_argument("--parts", default="open,hour,kills", help="default open,hour,kills")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the session to open")
    parser.add_argument("--hours", type=float, default=1.0, help="of the long recording")
    parser.add_argument("--rate", type=float, default=10.0, help="faster than real time, there")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--record", nargs=2, type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.record:
        from benchmarks.sessions.kills import record_for_ever

        record_for_ever(*args.record)

    from benchmarks.sessions import hour, kills, opening
    from benchmarks.sessions.clip import clip_from_elsewhere

    readings = clip_from_elsewhere(args.source)
    parts, kept = args.parts.split(","), True
    with tempfile.TemporaryDirectory(prefix="ferdesk-bench-") as place:
        if "open" in parts:
            opening.measure(readings, Path(place) / "open", args.minutes * 60)
        if "hour" in parts:
            folder = Path(place) / "hour"
            kept = hour.measure(readings, folder, args.hours * 3600, args.rate)
        if "kills" in parts:
            kept = kills.measure(readings, Path(place), args.kills) and kept
    return 0 if kept else 1


if __name__ == "__main__":
    prepare_environment()
    sys.exit(main())
