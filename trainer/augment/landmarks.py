"""The same face's landmarks moved as its picture was: mirrored, turned; and shaken, and lost.

What only moves or resizes the picture does not move normalised landmarks.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ferdesk.model.face_geometry import BLENDSHAPES, EYE_CORNERS, LANDMARKS, PRESENT
from ferdesk.model.face_regions import (
    MIRRORED_BLENDSHAPES,
    MIRRORED_LANDMARKS,
    NUM_LANDMARKS,
)
from trainer.augment.chance import Chance
from trainer.augment.geometry import mirrors, turning
from trainer.augment_options import AugmentConfig

_LEVEL = 1e-6
_SEEN_YAW, _SEEN_PITCH = 0.3, 0.15
"""What MediaPipe sees of the angles by which `warp` turns a picture: it has no depth to turn."""


def points_of(geometry: Tensor) -> Tensor:
    """(B, 478, 3) of (B, GEOMETRY_SIZE)."""
    return geometry[:, LANDMARKS].reshape(-1, NUM_LANDMARKS, 3)


def with_points(geometry: Tensor, points: Tensor, blendshapes: Tensor) -> Tensor:
    """(B, GEOMETRY_SIZE) of new points and scores; faces without landmarks stay all zeros."""
    present = geometry[:, PRESENT:]
    return torch.cat([points.flatten(1) * present, blendshapes * present, present], dim=1)


def mirrored(geometry: Tensor) -> Tensor:
    """(B, GEOMETRY_SIZE) of the mirrored pictures."""
    points = points_of(geometry)[:, list(MIRRORED_LANDMARKS)]
    flipped = points * points.new_tensor((-1.0, 1.0, 1.0))
    return with_points(geometry, flipped, geometry[:, BLENDSHAPES][:, list(MIRRORED_BLENDSHAPES)])


def turned(points: Tensor, yaw: Tensor, pitch: Tensor) -> Tensor:
    """(B, 478, 3) of faces turned by (B,) radians, in the direction in which `warp` turns them."""
    x, y, z = points.unbind(dim=2)
    cos, sin = yaw.cos()[:, None], yaw.sin()[:, None]
    x, z = x * cos - z * sin, z * cos + x * sin
    cos, sin = pitch.cos()[:, None], pitch.sin()[:, None]
    y, z = y * cos - z * sin, z * cos + y * sin
    return torch.stack([x, y, z], dim=2)


def renormalised(points: Tensor) -> Tensor:
    """`ferdesk.model.face_geometry.normalised` of a batch (B, 478, 3)."""
    right, left = (points[:, list(corners)].mean(dim=1) for corners in EYE_CORNERS)
    across = left - right
    unit = across.norm(dim=1).clamp_min(_LEVEL)[:, None, None]
    level = across[:, :2].norm(dim=1).clamp_min(_LEVEL)
    cos, sin = (across[:, 0] / level)[:, None], (across[:, 1] / level)[:, None]
    x, y, z = (points - ((right + left) / 2)[:, None]).unbind(dim=2)
    return torch.stack([x * cos + y * sin, y * cos - x * sin, z], dim=2) / unit


def move(
    geometry: Tensor, config: AugmentConfig, chance: Chance, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(B, GEOMETRY_SIZE) moved as `chance` moves the pictures → the same, and (B,) bool.

    The second says whose picture is to be taken away: a few faces see only one stream.
    """
    faces = len(geometry)
    noise = torch.randn((faces, NUM_LANDMARKS, 3), generator=generator).to(geometry.device)
    scores = torch.randn((faces, BLENDSHAPES.stop - BLENDSHAPES.start), generator=generator)
    lost = torch.rand((2, faces), generator=generator).to(geometry.device)
    flip = mirrors(config, chance)[:, None]
    geometry = torch.where(flip, mirrored(geometry), geometry)
    yaw, pitch = turning(config, chance)
    points = (
        turned(points_of(geometry), _SEEN_YAW * yaw, _SEEN_PITCH * pitch) + config.jitter * noise
    )
    shaken = geometry[:, BLENDSHAPES] + config.jitter * scores.to(geometry.device)
    geometry = with_points(geometry, renormalised(points), shaken)
    alone = (lost[0] < config.lose_picture) & (geometry[:, PRESENT] > 0)
    kept = (lost[1] >= config.lose_landmarks) | alone
    return geometry * kept[:, None], alone
