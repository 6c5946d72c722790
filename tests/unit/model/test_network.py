"""Shapes, sizes, gradients and independence of whole networks."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from ferdesk.model.config import (
    LIVE,
    LIVE_MOBILEFACENET,
    PAPER,
    TINY,
    ArchitectureConfig,
    Preprocessing,
)
from ferdesk.model.face_geometry import GEOMETRY_SIZE, PRESENT
from ferdesk.model.network import DualStreamFER, Preprocess

SMALL_PYRAMID = replace(
    TINY, name="tiny pyramid", scales="pyramid", dims=(16, 16, 32), landmark_size=112, vit_depth=1
)


def crops(n: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, 3, 112, 112, generator=torch.Generator().manual_seed(seed)) * 255


def faces(n: int, seed: int = 0) -> torch.Tensor:
    """Random geometry; the last face has no landmarks."""
    values = np.random.default_rng(seed).normal(size=(n, GEOMETRY_SIZE)).astype(np.float32)
    values[:, PRESENT] = 1.0
    values[-1] = 0.0
    return torch.from_numpy(values)


CONFIGS = [TINY, SMALL_PYRAMID, LIVE, LIVE_MOBILEFACENET]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.name)
def test_batch_of_one_equals_batch_of_many(config: ArchitectureConfig) -> None:
    torch.manual_seed(0)
    network = DualStreamFER(config, Preprocessing()).eval()
    batch = crops(4)
    with torch.inference_mode():
        together = network(batch, faces(4))
        alone = [network(batch[i : i + 1], faces(4)[i : i + 1]) for i in range(4)]
    for i in range(4):
        assert torch.allclose(together.final[i], alone[i].final[0], atol=1e-5)
        assert torch.allclose(together.t_a[i], alone[i].t_a[0], atol=1e-5)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.name)
def test_gradients_reach_everything_that_trains_and_nothing_else(
    config: ArchitectureConfig,
) -> None:
    torch.manual_seed(0)
    network = DualStreamFER(replace(config, dropout=0.0), Preprocessing()).train()
    shapes = faces(3)
    out = network(crops(3), shapes)
    (out.final[:, 0] * out.p_lm[:, 0]).log().sum().backward()
    for name, parameter in network.named_parameters():
        if name.startswith("landmark_backbone."):
            assert parameter.grad is None, name
            assert not parameter.requires_grad
        elif ".key.bias" in name or "qkv.bias" in name:
            # A constant added to all keys cancels in the softmax: no gradient by construction.
            continue
        elif "weighting" in name or config.scales == "single" or ".cross." not in name:
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
        if parameter.requires_grad and "key.bias" not in name and parameter.grad is not None:
            assert parameter.grad.abs().sum() > 0, name


def test_paper_architecture_has_the_size_of_the_paper() -> None:
    network = DualStreamFER(PAPER, Preprocessing()).eval()
    total, trainable = network.parameter_count()
    assert 44.5e6 < total < 46.5e6
    assert network.landmark_backbone is not None
    landmark = sum(p.numel() for p in network.landmark_backbone.parameters())
    assert total - trainable == landmark
    with torch.inference_mode():
        inputs = network.preprocess(crops(1))
        z = network.features(network.image_maps(*inputs), *inputs)
        out = network(crops(1))
    assert z.shape == (1, 768)
    assert out.embedding.shape == (1, 128)
    assert out.final.shape == (1, 7)


def test_landmark_stream_stays_frozen_in_training() -> None:
    network = DualStreamFER(TINY, Preprocessing()).train()
    before = {k: v.clone() for k, v in network.landmark_backbone.state_dict().items()}
    network(crops(4))
    assert network.landmark_backbone is not None
    assert not network.landmark_backbone.training
    for key, value in network.landmark_backbone.state_dict().items():
        assert torch.equal(before[key], value), key


def test_preprocessing_by_hand() -> None:
    spec = Preprocessing(
        size=4, grayscale=True, detail=2, image_mean=(100.0,) * 3, image_std=(50.0,) * 3
    )
    picture = torch.zeros(1, 3, 4, 4)
    picture[0, 0, :2, :2] = 200.0  # red quarter: luma 0.299 · 200 = 59.8
    image, landmark = Preprocess(spec, image_size=spec.size, landmark_size=2)(picture)
    assert image.shape == (1, 3, 4, 4)
    assert landmark.shape == (1, 3, 2, 2)
    assert landmark[0, :, 0, 0].tolist() == pytest.approx([59.8 / 255] * 3)
    assert landmark[0, 0, 1, 1].item() == 0.0
    assert image[0, 0, 0, 0].item() == pytest.approx((59.8 - 100) / 50)
    assert image[0, 2, 3, 3].item() == pytest.approx(-2.0)


def test_detail_removes_what_training_pictures_did_not_show() -> None:
    board = torch.zeros(1, 3, 112, 112)
    board[:, :, ::2, ::2] = 255.0
    board[:, :, 1::2, 1::2] = 255.0
    (image,) = Preprocess(Preprocessing(detail=56), 112)(board)
    assert image.std().item() == pytest.approx(0.0, abs=1e-4)


def test_importing_the_model_loads_no_gui_and_no_vision() -> None:
    code = (
        "import sys, ferdesk.model.network, ferdesk.model.predictor, ferdesk.model.checkpoint;"
        "print([m for m in ('PySide6', 'cv2', 'mediapipe', 'pyqtgraph') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
