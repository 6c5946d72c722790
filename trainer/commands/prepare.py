"""prepare: crop a data set into the cache and say what is in it."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from jsonargparse import ArgumentParser, Namespace

from ferdesk.errors import FerdeskError

log = logging.getLogger(__name__)


def parser() -> ArgumentParser:
    """The arguments of `prepare`."""
    prepare = ArgumentParser(allow_abbrev=False, description="Crop a data set into the cache.")
    prepare.add_argument("--data", type=str, required=True, help="LAYOUT:PATH")
    prepare.add_argument(
        "--align", type=bool | None, default=None, help="crop by landmarks; default: by layout"
    )
    prepare.add_argument("--cache", type=Path, default=Path(".cache"))
    return prepare


def run(options: Namespace) -> None:
    """Pack the data set and say how many pictures each part and class has."""
    from trainer.data.packed import load_split
    from trainer.data.sets import prepare

    folder = prepare(options.data, options.cache, options.align)
    for split in ("train", "valid", "test"):
        try:
            part = load_split(folder, split)
        except FerdeskError:
            continue
        log.info(
            "%s: %d pictures, %.1f %% aligned by landmarks, per class %s",
            split, len(part), 100 * part.aligned.mean(),
            np.bincount(part.labels, minlength=7).tolist(),
        )  # fmt: skip
