"""What the streams take, in numpy, against the same in torch and against numbers by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ferdesk.model.config import (
    LIVE,
    LIVE_MOBILEFACENET,
    PAPER,
    ArchitectureConfig,
    Preprocessing,
)
from ferdesk.model.face_geometry import GEOMETRY_SIZE, PRESENT, no_geometry
from ferdesk.model.inputs import Inputs
from ferdesk.model.network import DualStreamFER

GREY = Preprocessing(grayscale=True, detail=56, image_mean=(129.0, 104.0, 94.0))


@pytest.mark.parametrize("spec", [Preprocessing(), GREY, replace(GREY, size=100, detail=48)])
@pytest.mark.parametrize(
    "config", [LIVE, replace(LIVE, image_size=112), LIVE_MOBILEFACENET, PAPER], ids=lambda c: c.name
)
def test_numpy_and_torch_agree(config: ArchitectureConfig, spec: Preprocessing) -> None:
    rng = np.random.default_rng(1)
    network = DualStreamFER(config, spec).eval()
    if network.preprocess.standardise is not None:
        shapes = torch.from_numpy(rng.normal(2.0, 3.0, (50, GEOMETRY_SIZE)).astype(np.float32))
        shapes[:, PRESENT] = 1.0
        network.preprocess.standardise.fit(shapes)
    crops = rng.integers(0, 256, (3, spec.size, spec.size, 3), np.uint8)
    geometry = no_geometry(3)
    geometry[:2, :PRESENT] = rng.normal(2.0, 3.0, (2, PRESENT))
    geometry[:2, PRESENT] = 1.0
    pictures = torch.from_numpy(crops).permute(0, 3, 1, 2).float()
    expected = network.preprocess(pictures, torch.from_numpy(geometry))
    found = network.inputs()(crops, geometry)
    assert len(found) == len(expected)
    for mine, wanted in zip(found, expected, strict=True):
        assert mine.dtype == np.float32
        assert mine.flags.c_contiguous
        assert mine.shape == wanted.shape
        assert np.abs(mine - wanted.numpy()).max() < 1e-4


def test_a_grey_ramp_by_hand() -> None:
    """Four columns 0, 10, 20, 30: two means 5 and 25, and between them, bilinear, 10 and 20."""
    config = replace(PAPER, image_size=4, landmark_backbone="none")
    spec = Preprocessing(
        size=4, grayscale=True, detail=2, image_mean=(0.0,) * 3, image_std=(1.0,) * 3
    )
    ramp = np.broadcast_to(np.array([0, 10, 20, 30], np.uint8)[None, None, :, None], (1, 4, 4, 3))
    (image,) = Inputs(config, spec, None)(ramp, no_geometry(1))
    assert image[0, 2, 3] == pytest.approx([5.0, 10.0, 20.0, 25.0])
