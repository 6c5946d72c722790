"""Small pictures for the report, from the user's own packed cache and nowhere else."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import cv2

from ferdesk.errors import FerdeskError
from trainer.data.examples import Split
from trainer.data.packed import data_digest, load_split

log = logging.getLogger(__name__)


def find_cache(data: Mapping[str, Any], cache: Path) -> Path | None:
    """The folder under `cache` that holds the pictures that data.json describes, or None.

    Found by the hash, so that neither the data set's own folder is needed nor anything is packed.
    """
    wanted, aligned = data.get("sha256"), data.get("aligned_share")
    for path in sorted(cache.glob("*/index.json")):
        try:
            index = json.loads(path.read_text(encoding="utf-8"))
            same = data_digest(index) == wanted
            share = sum(map(bool, index["aligned"])) / max(1, len(index["aligned"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # an unfinished or foreign folder
        # The same pictures may lie there twice, cropped in two ways.
        if same and (aligned is None or abs(share - aligned) < 1e-6):
            return path.parent
    return None


def thumbnails(folder: Path, split: str, names: Iterable[str]) -> dict[str, str]:
    """PNGs as base64 by name, of those `names` that the split has."""
    try:
        part = load_split(folder, cast(Split, split))
    except (FerdeskError, OSError, ValueError) as error:
        log.warning("no pictures from the cache: %s", error)
        return {}
    row_of = {name: row for row, name in enumerate(part.names)}
    out = {}
    for name in names:
        if name not in row_of:
            continue
        crop = cv2.cvtColor(part.crops[row_of[name]], cv2.COLOR_RGB2BGR)
        done, png = cv2.imencode(".png", crop)
        if done:
            out[name] = base64.b64encode(png.tobytes()).decode()
    return out
