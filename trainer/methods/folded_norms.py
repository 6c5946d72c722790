"""Batch norms of published weights whose statistics were folded into the convolutions.

Such a file gives every norm mean 0 and variance 1. In evaluation that is right; in training a norm
divides by the statistics of its batch, and what the weights had learned is scrambled at the first
step. Here each norm gets the statistics of the training pictures, and a weight and bias that leave
what it says in evaluation as it was.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from trainer.data.packed import PackedSet

log = logging.getLogger(__name__)

_PICTURES, _BATCH = 512, 64
_SMALLEST = 1e-6
"""Variance of a channel that is the same everywhere."""


def is_folded(norm: nn.BatchNorm2d) -> bool:
    """Whether a norm has nobody's statistics but a shift of its own."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        return False
    same = bool((mean == 0).all() and (variance == variance[0]).all())
    return same and bool((norm.bias != 0).any())


def _folded(backbone: nn.Module) -> list[nn.BatchNorm2d]:
    return [m for m in backbone.modules() if isinstance(m, nn.BatchNorm2d) and is_folded(m)]


def spread_crops(training: PackedSet, count: int) -> Tensor:
    """(N, 3, S, S) RGB float in 0..255: up to `count` pictures, evenly spread over the set."""
    rows = np.unique(np.linspace(0, len(training) - 1, count).astype(np.int64))
    return torch.from_numpy(np.array(training.crops[rows])).permute(0, 3, 1, 2).float()


def unfold_on(backbone: nn.Module, preprocess: nn.Module, training: PackedSet) -> bool:
    """:func:`unfold_norms` with what `backbone` sees of up to 512 training pictures; whether there
    were folded norms.

    `preprocess` takes (B, 3, S, S) RGB float in 0..255; its first output is the picture.
    """
    if not _folded(backbone):
        return False
    crops = spread_crops(training, _PICTURES)
    images = [preprocess(batch)[0] for batch in crops.split(_BATCH)]
    count = unfold_norms(backbone, images)
    log.info("%d norms got the statistics of %d training pictures", count, len(crops))
    return True


@torch.no_grad()
def unfold_norms(backbone: nn.Module, images: list[Tensor]) -> int:
    """Give the folded norms of `backbone` the statistics of these batches; how many there were.

    `images`: batches of what the backbone sees. Its answers in evaluation stay (up to rounding).
    """
    norms = _folded(backbone)
    if not norms:
        return 0
    sums: dict[nn.Module, list[tuple[Tensor, Tensor]]] = {norm: [] for norm in norms}
    hooks = [norm.register_forward_pre_hook(_noting(sums[norm])) for norm in norms]
    training = backbone.training
    backbone.eval()
    try:
        for batch in images:
            backbone(batch)
    finally:
        backbone.train(training)
        for hook in hooks:
            hook.remove()
    for norm in norms:
        mean, square = (torch.stack(parts).mean(0) for parts in zip(*sums[norm], strict=True))
        _restate(norm, mean, (square - mean.square()).clamp_min(_SMALLEST))
    return len(norms)


def _noting(sums: list[tuple[Tensor, Tensor]]) -> Callable[[nn.Module, tuple[Tensor]], None]:
    def note(_norm: nn.Module, inputs: tuple[Tensor]) -> None:
        x = inputs[0]
        sums.append((x.mean((0, 2, 3)), x.square().mean((0, 2, 3))))

    return note


def _restate(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """The same function of its input in evaluation, told by another mean and variance."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    old, new = (norm.running_var + norm.eps).sqrt(), (variance + norm.eps).sqrt()
    norm.bias.add_(norm.weight * (mean - norm.running_mean) / old)
    norm.weight.mul_(new / old)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
