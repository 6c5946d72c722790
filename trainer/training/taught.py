"""What teachers say of the training pictures: asked once, kept in the packed cache.

    CACHE/<key>/taught-<hash of the teacher>.npy   (N, 7) float16, of the training part in order

The answer to a picture is the mean of L_final over the picture and its mirror image.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ferdesk.model import checkpoint
from ferdesk.model.predictor import Predictor
from trainer.data.packed import PackedSet, load_split

log = logging.getLogger(__name__)

_CHUNK = 64
_LINE_EVERY = 2048


def taught(
    teachers: tuple[str, ...], folder: Path, training: PackedSet, threads: int
) -> NDArray[np.float32] | None:
    """(N, 7) the mean answer of all teachers to `training`, part of a cache's training split.

    None without teachers. Raises CheckpointError for a file that is no checkpoint.
    """
    if not teachers:
        return None
    everything = load_split(folder, "train")
    place = {name: i for i, name in enumerate(everything.names)}
    rows = np.array([place[name] for name in training.names])
    answers = [_answers(Path(t).expanduser(), folder, everything, threads) for t in teachers]
    mean = np.mean([a[rows].astype(np.float32) for a in answers], axis=0)
    return np.asarray(mean / mean.sum(axis=1, keepdims=True), np.float32)


def _answers(path: Path, folder: Path, data: PackedSet, threads: int) -> NDArray[np.float16]:
    file = folder / f"taught-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}.npy"
    if file.is_file():
        return np.asarray(np.load(file))
    log.info("asking %s about %d pictures, once", path.name, len(data))
    network, card = checkpoint.load(path)
    predictor = Predictor.of_network(network, replace(card, mirror=True), "auto", threads)
    out = np.empty((len(data), 7), np.float16)
    for start in tqdm(range(0, len(data), _CHUNK), desc=f"asking {path.name}", disable=None):
        part = slice(start, start + _CHUNK)
        out[part] = predictor.predict(np.array(data.crops[part]), data.shapes(part)).final
        if start % _LINE_EVERY == 0 and start:
            log.info("%s: asked about %d of %d", path.name, start, len(data))
    temporary = file.with_suffix(".part.npy")
    np.save(temporary, out)
    temporary.replace(file)
    return out
