"""What is ours beyond the paper: the flip consistency."""

import math

import pytest
import torch

from ferdesk.model.labels import NUM_EXPRESSIONS
from tests.unit.trainer.methods.helpers import batch_of, small_config
from trainer.method_options import EacConfig
from trainer.methods.ours import Ours, build, disagreement


def ours(**changes: object) -> Ours:
    torch.manual_seed(3)
    method = build(small_config("ours", architecture="tiny", **changes), 8)
    assert isinstance(method, Ours)
    return method


def test_disagreement_is_the_mean_of_both_divergences() -> None:
    one, other = torch.full((1, NUM_EXPRESSIONS), 1e-6), torch.full((1, NUM_EXPRESSIONS), 1e-6)
    one[0, :2] = torch.tensor([0.8, 0.2])
    other[0, :2] = torch.tensor([0.5, 0.5])
    forth = 0.8 * math.log(0.8 / 0.5) + 0.2 * math.log(0.2 / 0.5)
    back = 0.5 * math.log(0.5 / 0.8) + 0.5 * math.log(0.5 / 0.2)
    assert disagreement(one, other).item() == pytest.approx((forth + back) / 2, abs=1e-5)
    assert disagreement(one, one).item() == 0


def test_the_mirror_image_is_asked_only_where_the_term_counts() -> None:
    labels = [0, 1, 2, 3, 4, 5, 6, 0]
    assert "flip" not in ours()(batch_of(labels)).figures
    plain = ours().eval()(batch_of(labels))
    with_flip = ours(lambda_flip=2.0).eval()(batch_of(labels))
    extra = 2.0 * with_flip.figures["flip"]
    assert extra > 0
    assert with_flip.loss.item() == pytest.approx((plain.loss + extra).item(), rel=1e-5)


def test_a_symmetric_picture_agrees_with_its_mirror_image() -> None:
    method = ours(lambda_flip=1.0, eac=EacConfig(erase=0.0)).eval()
    half = torch.rand((2, 3, 32, 16), generator=torch.Generator().manual_seed(1)) * 255
    crops = torch.cat([half, half.flip(3)], dim=3)
    assert method(batch_of([1, 2], crops=crops)).figures["flip"].item() == pytest.approx(
        0, abs=1e-6
    )
