"""Pose and size of packed faces: what the app measures in a frame and a crop no longer shows."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferdesk.files import replacing
from ferdesk.vision.landmarker import Landmarker
from ferdesk.vision.quality import head_pose, measure
from trainer.data.examples import Split
from trainer.data.packed import PackedSet, find_face
from trainer.data.packing import picture_of
from trainer.data.sets import prepare, read_examples

log = logging.getLogger(__name__)

POSE_COLUMNS = ("yaw", "pitch", "roll", "size")
"""Signed degrees, and pixels between the outer eye corners as in `FaceQuality.size`."""


def load_poses(
    data: str, split: Split, part: PackedSet, cache: Path, align: bool | None = None
) -> NDArray[np.float64]:
    """(N, 4) `POSE_COLUMNS` of the pictures of `part`, NaN where none was cropped by landmarks.

    The landmarker sees every picture again, so the result is kept beside the packed crops.
    """
    digest = hashlib.sha256("\n".join(part.names).encode()).hexdigest()[:12]
    file = prepare(data, cache, align) / f"poses-{split}-{digest}.npy"
    if file.is_file():
        return np.asarray(np.load(file), np.float64)
    log.info("measuring the pose of %d faces", len(part))
    examples = {e.name: e for e in read_examples(data) if e.split == split}
    rows = np.full((len(part), len(POSE_COLUMNS)), np.nan)
    with Landmarker(mode="image") as landmarker:
        for i in np.flatnonzero(part.aligned):
            image = picture_of(examples[part.names[i]])
            face = None if image is None else find_face(image, landmarker)
            if image is None or face is None:
                continue
            pose = head_pose(face.transform)
            quality = measure(face.points, pose, part.crops[i], (image.shape[0], image.shape[1]))
            rows[i] = pose.yaw, pose.pitch, pose.roll, quality.size
    with replacing(file) as out:
        np.save(out, rows)
    return rows
