"""python -m benchmarks.streams: see the package."""

from __future__ import annotations

import argparse
import sys
import tempfile

from ferdesk.bootstrap import prepare_environment


def main() -> int:
    """0, or 1 when memory grew or the time stamps drifted in `--hours`."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.streams", description="What streaming costs and how late it is."
    )
    parser.add_argument(
        "--readings", type=int, default=300,
        help="for the latency, and eight times as many for each cost; 0: neither (default 300)",
    )  # fmt: skip
    parser.add_argument("--hours", type=float, default=0.0, help="stream for so long (default 0)")
    parser.add_argument(
        "--receive", nargs=3, metavar=("WAY", "ADDRESS", "KIND"), help=argparse.SUPPRESS
    )
    args = parser.parse_args()
    if args.receive:
        from benchmarks.streams.receivers import receive

        receive(*args.receive)
        return 0

    from benchmarks.streams import hours, live
    from benchmarks.streams.receivers import quiet_lsl
    from ferdesk.pipeline.loader import load_predictor
    from ferdesk.resources import DEFAULT_CHECKPOINT, asset

    with tempfile.TemporaryDirectory(prefix="ferdesk-bench-") as place, quiet_lsl(place):
        predictor = load_predictor(asset(DEFAULT_CHECKPOINT), "auto")
        if args.readings > 0:
            live.measure(predictor, args.readings)
        if args.hours > 0:
            result = hours.stream(hours.clip(predictor), args.hours)
            sys.stdout.write(hours.report(result))
            return 0 if result.kept else 1
    return 0


if __name__ == "__main__":
    prepare_environment()
    sys.exit(main())
