"""Small runs and batches for the tests of the methods."""

from __future__ import annotations

import io
from collections.abc import Sequence

import torch
import torch.nn.functional as F

from ferdesk.model.face_geometry import GEOMETRY_SIZE
from trainer.config import NetworkChanges, TrainConfig
from trainer.methods.base import Batch, Method

SIDE = 32


def small_config(method: str, **changes: object) -> TrainConfig:
    """A run of `method` on the tiny backbone at 32 pixels, from random weights."""
    config = TrainConfig(
        method=method, backbone="tiny", detail=0, network=NetworkChanges(image_size=SIDE)
    )
    return TrainConfig(**(vars(config) | changes))  # type: ignore[arg-type]


def random_crops(count: int, seed: int = 0) -> torch.Tensor:
    """(count, 3, 32, 32) float in 0..255, every picture different on its left and right."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((count, 3, SIDE, SIDE), generator=generator) * 255


def batch_of(
    labels: Sequence[int],
    rows: Sequence[int] | None = None,
    epoch: int = 0,
    crops: torch.Tensor | None = None,
    targets: torch.Tensor | None = None,
) -> Batch:
    """A batch with these labels; rows 0, 1, … and random crops unless given."""
    crops = random_crops(len(labels)) if crops is None else crops
    given = torch.tensor(labels)
    return Batch(
        crops=crops,
        raw=crops,
        geometry=torch.zeros(len(crops), GEOMETRY_SIZE),
        taught=None,
        targets=F.one_hot(given, 7).float() if targets is None else targets,
        labels=given,
        rows=torch.arange(len(labels)) if rows is None else torch.tensor(rows),
        epoch=epoch,
        progress=0.0,
        generator=torch.Generator().manual_seed(5),
    )


def assert_each_picture_is_answered_by_itself(method: Method) -> None:
    """In evaluation mode an answer does not depend on the other pictures of the batch."""
    method.eval()
    crops = random_crops(5, seed=3)
    with torch.inference_mode():
        together, alone = method.predict(crops), method.predict(crops[2:3])
    for name in ("final", "p", "t_g", "t_a", "t", "logits", "embedding", "c_p", "c_t"):
        ours = getattr(together, name)
        assert torch.allclose(ours[2:3], getattr(alone, name), atol=1e-5), name
    assert not torch.allclose(together.logits[2], together.logits[3], atol=1e-5)
    assert torch.allclose(together.final.sum(dim=1), torch.ones(5), atol=1e-6)


def reloaded(source: Method, fresh: Method) -> Method:
    """`fresh` with the state of `source`, written and read as the run's state is."""
    file = io.BytesIO()
    torch.save(source.state_dict(), file)
    file.seek(0)
    fresh.load_state_dict(torch.load(file, weights_only=True))
    return fresh
