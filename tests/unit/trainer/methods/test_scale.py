"""Features ten times as large leave the balance of every method's terms where it was.

A backbone's features have a size of their own; a published constant must not mean something else
because of it.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.unit.trainer.methods.helpers import SIDE, batch_of, random_crops, small_config
from trainer.data.packed import PackedSet
from trainer.method_options import EacConfig
from trainer.methods import build_method
from trainer.methods.base import Method, Step
from trainer.methods.classifier import PUBLISHED_RMS, Classifier, ClassifierMethod
from trainer.methods.dmue import DMUE
from trainer.methods.ours import Ours

LABELS = (0, 1, 2, 3, 4, 5, 6, 0, 1, 2)


class Tenfold(nn.Module):
    """A stage whose map is ten times as large."""

    def __init__(self, stage: nn.Module) -> None:
        super().__init__()
        self.stage = stage

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = 10 * self.stage(x)
        return out


def pictures() -> PackedSet:
    """What a run would measure its backbone on."""
    crops = random_crops(16, seed=9).permute(0, 2, 3, 1).to(torch.uint8).numpy()
    targets = np.eye(7, dtype=np.float32)[np.arange(16) % 7]
    return PackedSet(crops, targets, tuple(map(str, range(16))), np.ones(16, bool))


def steps(name: str, same_answer: bool = False, **changes: object) -> tuple[Step, Step]:
    """One step with features as they are, and one with features ten times as large.

    With `same_answer` the last layer is a tenth in turn, so that the logits do not change.
    """
    found = []
    for factor in (1, 10):
        torch.manual_seed(2)
        method = build_method(small_config(name, epochs=70, **changes), 10)
        if factor == 10:
            _enlarge(method, same_answer)
        method.meet(pictures())
        torch.manual_seed(3)  # dropout
        found.append(method(batch_of(LABELS, epoch=3)))
    return found[0], found[1]


def _enlarge(method: Method, same_answer: bool) -> None:
    backbone = method.network.backbone
    backbone.coarse = Tenfold(backbone.coarse)
    if isinstance(method, DMUE):
        for branch in method.branches:
            branch.stage = Tenfold(branch.stage)
    if hasattr(method, "branch"):
        method.branch.stages = Tenfold(method.branch.stages)
    if same_answer:
        owners = [method.network, *([method.branch] if hasattr(method, "branch") else [])]
        with torch.no_grad():
            for owner in owners:
                owner.fc.weight /= 10


def check_same(name: str, plain: Step, large: Step) -> None:
    assert set(plain.figures) == set(large.figures)
    for key, value in plain.figures.items():
        assert large.figures[key].item() == pytest.approx(value.item(), rel=2e-3, abs=1e-4), key
    assert large.loss.item() == pytest.approx(plain.loss.item(), rel=2e-3), name


@pytest.mark.parametrize("name", ["scn", "ada_df"])
def test_certainty_weights_and_their_ranks(name: str) -> None:
    check_same(name, *steps(name, same_answer=True))


@pytest.mark.parametrize("name", ["dmue", "rul"])
def test_methods_behind_a_norm(name: str) -> None:
    """DMUE's similarities have rows of length 1, too; RUL's heads begin with a norm."""
    check_same(name, *steps(name))


def test_eac_consistency() -> None:
    plain, large = steps("eac")
    consistency = plain.figures["consistency"].item()
    assert consistency > 0
    assert large.figures["consistency"].item() == pytest.approx(consistency, rel=1e-3)
    # The maps as they are grow with the features, and the term with their square.
    plain, large = steps("eac", eac=EacConfig(scaled=False))
    ratio = large.figures["consistency"] / plain.figures["consistency"]
    assert ratio.item() == pytest.approx(100, rel=1e-3)


def test_ours_normalises_the_embedding() -> None:
    found = []
    for factor in (1, 10):
        torch.manual_seed(2)
        method = build_method(small_config("ours", architecture="tiny"), 10)
        assert isinstance(method, Ours)
        method.network.neck.register_forward_hook(lambda _, __, z, f=factor: f * z)
        # Its bias is the one number that does not grow with z.
        nn.init.zeros_(method.network.apcl.reduce.bias)
        found.append(method(batch_of(LABELS)))
    check_same("ours", *found)


def test_a_backbone_is_measured_in_training_mode_and_left_as_it_was() -> None:
    torch.manual_seed(2)
    method = build_method(small_config("eac"), 10)
    assert isinstance(method, ClassifierMethod)
    network = method.network
    assert isinstance(network, Classifier)
    before = {k: v.clone() for k, v in network.backbone.state_dict().items()}
    crops = random_crops(8)
    assert crops.shape[-1] == SIDE
    network.measure_scale(crops)
    assert all(torch.equal(v, before[k]) for k, v in network.backbone.state_dict().items())
    maps = network.maps(crops)  # a step, whose norms take the batch's own statistics
    size = (network.scale * maps).square().mean().sqrt()
    assert size.item() == pytest.approx(PUBLISHED_RMS, rel=1e-4)
