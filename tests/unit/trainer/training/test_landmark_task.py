"""First weights from landmarks: they are learned, no label is looked at, and the file loads."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ferdesk.errors import FerdeskError
from ferdesk.model.backbones import build_backbone
from ferdesk.model.config import Preprocessing
from ferdesk.model.face_geometry import EYE_CORNERS, GEOMETRY_SIZE, LANDMARKS, PRESENT, normalised
from ferdesk.model.face_regions import NUM_LANDMARKS
from ferdesk.model.weights import load_backbone_weights
from trainer.augment_options import AugmentConfig
from trainer.cli import main
from trainer.data.packed import PackedSet
from trainer.training.landmark_task import LandmarkTask, learn_landmarks
from trainer.training.progress import Progress

STILL = AugmentConfig(**{f.name: 0.0 for f in fields(AugmentConfig)})


def faces(count: int, with_landmarks: bool = True) -> PackedSet:
    """Grey pictures, the brighter the farther their landmarks lie from a common face; no labels."""
    generator = np.random.default_rng(0)
    bright = generator.integers(0, 256, count)
    crops = np.broadcast_to(bright[:, None, None, None], (count, 56, 56, 3)).astype(np.uint8)
    geometry = np.zeros((count, GEOMETRY_SIZE), np.float16)
    base = normalised(generator.normal(size=(NUM_LANDMARKS, 3)))
    out = generator.normal(size=base.shape)
    out[[corner for eye in EYE_CORNERS for corner in eye]] = 0.0
    moved = base + out * (bright / 255.0)[:, None, None]
    geometry[:, LANDMARKS] = moved.reshape(count, -1)
    geometry[:, PRESENT] = with_landmarks
    nothing = np.full((count, 7), np.nan, np.float32)
    return PackedSet(crops, nothing, tuple(map(str, range(count))), np.ones(count, bool), geometry)


def test_landmarks_are_learned_and_the_weights_load(tmp_path: Path) -> None:
    task = LandmarkTask(
        backbone="tiny", epochs=12, batch_size=16, lr=2e-2, augment=STILL, coarse_stride=1
    )
    learned, explained = learn_landmarks(
        faces(160), Preprocessing(grayscale=True, detail=56), task, Progress("plain")
    )
    assert explained > 0.8
    assert all(torch.isfinite(p).all() for p in learned.parameters())
    path = tmp_path / "first.safetensors"
    save_file({k: v.contiguous() for k, v in learned.state_dict().items()}, path)
    backbone = build_backbone("tiny")
    assert load_backbone_weights(backbone, "tiny", path).complete
    assert torch.equal(
        backbone.state_dict()["fine.0.weight"], learned.state_dict()["fine.0.weight"]
    )


def test_too_few_faces_with_landmarks() -> None:
    with pytest.raises(FerdeskError, match="0 training pictures have landmarks, too few"):
        learn_landmarks(
            faces(40, with_landmarks=False), Preprocessing(), LandmarkTask(), Progress("plain")
        )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--out", "first.safetensors"], "There is no data set to learn from"),
        (["--data", "folder:x", "--out", "first.pt"], "--out names a file that ends in"),
    ],
)
def test_what_pretrain_refuses(
    more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pretrain", *more]) == 2
    assert said in capsys.readouterr().err
