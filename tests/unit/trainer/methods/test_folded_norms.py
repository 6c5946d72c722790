"""Published weights with folded norms start a training where they ended theirs."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ferdesk.model.backbones import BACKBONES
from tests.unit.trainer.methods.helpers import small_config
from tests.unit.trainer.methods.test_scale import pictures
from trainer.methods import build_method
from trainer.methods.ada_df import AdaDF
from trainer.methods.base import Method
from trainer.methods.dmue import DMUE
from trainer.methods.folded_norms import is_folded, unfold_norms


def norms_of(network: nn.Module) -> list[nn.BatchNorm2d]:
    return [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]


def trained() -> tuple[nn.Module, Tensor]:
    """A backbone with learned norms, and pictures whose statistics its norms hold exactly."""
    torch.manual_seed(1)
    network = BACKBONES["tiny"].build()
    for norm in norms_of(network):
        norm.momentum = None  # the mean over all batches: of one, its own
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.3, 0.3)
    pictures = torch.randn(128, 3, 32, 32)
    network.train()(pictures)
    return network.eval(), pictures


def folded(network: nn.Module) -> dict[str, Tensor]:
    """The state dict as converters write it: a norm's factor inside the convolution."""
    state = {key: value.clone() for key, value in network.state_dict().items()}
    for name, norm in network.named_modules():
        if isinstance(norm, nn.BatchNorm2d):
            factor = norm.weight / (norm.running_var + norm.eps).sqrt()
            stage = name.rpartition(".")[0]
            state[f"{stage}.0.weight"] *= factor[:, None, None, None]
            state[f"{name}.bias"] = norm.bias - norm.running_mean * factor
            state[f"{name}.weight"].fill_(1)
            state[f"{name}.running_mean"].zero_()
            state[f"{name}.running_var"].fill_(1 - norm.eps)
    return {key: value.detach() for key, value in state.items()}


def test_an_unfolded_network_trains_as_it_did_before_it_was_folded() -> None:
    before, pictures = trained()
    network = BACKBONES["tiny"].build()
    network.load_state_dict(folded(before))
    with torch.no_grad():
        learned = before.train()(pictures).coarse
        scrambled = network.train()(pictures).coarse
        assert (scrambled - learned).abs().max() > 0.5
        network.load_state_dict(folded(before))
        assert unfold_norms(network, list(pictures.split(32))) == 3
        torch.testing.assert_close(network.train()(pictures).coarse, learned, atol=0.02, rtol=0)


def test_evaluation_stays_on_any_picture() -> None:
    before, pictures = trained()
    network = BACKBONES["tiny"].build()
    network.load_state_dict(folded(before))
    network.eval()
    others = torch.randn(4, 3, 32, 32) * 3
    with torch.no_grad():
        expected = network(others).coarse
        unfold_norms(network, [pictures[:8]])
        torch.testing.assert_close(network(others).coarse, expected, atol=1e-4, rtol=1e-4)
    assert not network.training


def test_fresh_norms_and_those_with_statistics_are_left_alone() -> None:
    fresh = BACKBONES["tiny"].build()
    known, pictures = trained()
    for network in (fresh, known):
        assert not any(is_folded(norm) for norm in norms_of(network))
        state = {key: value.clone() for key, value in network.state_dict().items()}
        assert unfold_norms(network, [pictures]) == 0
        assert all(torch.equal(state[key], value) for key, value in network.state_dict().items())


def met(name: str, folder: Path) -> Method:
    """A method that has loaded a file with folded norms and seen its training pictures."""
    path = folder / "folded.pth"
    torch.save(folded(trained()[0]), path)
    method = build_method(small_config(name, image_weights=str(path), architecture="tiny"), 16)
    method.meet(pictures())
    return method


@pytest.mark.parametrize("name", ["ours", "cross_entropy", "dmue", "ada_df"])
def test_methods_unfold_what_they_load(name: str, tmp_path: Path) -> None:
    method = met(name, tmp_path)
    assert not any(is_folded(norm) for norm in norms_of(method))


def test_copies_of_late_stages_follow(tmp_path: Path) -> None:
    dmue, ada_df = met("dmue", tmp_path), met("ada_df", tmp_path)
    assert isinstance(dmue, DMUE)
    assert isinstance(ada_df, AdaDF)
    own = dmue.network.backbone.coarse[1]
    for branch in dmue.branches:
        assert torch.equal(branch.stage[0][1].running_mean, own.running_mean)
        assert torch.equal(branch.stage[0][1].weight, own.weight)
    own = ada_df.network.backbone.coarse[1]
    assert torch.equal(ada_df.branch.stages[1][1].running_var, own.running_var)
