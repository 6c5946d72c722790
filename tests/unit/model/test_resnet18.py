"""ResNet-18: the grid of a 112 px crop, its parts, and the files that load into it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from ferdesk.errors import FerdeskError
from ferdesk.model.backbones import BACKBONES
from ferdesk.model.backbones.resnet18 import BasicBlock, ResNet18
from ferdesk.model.weights import load_backbone_weights


def test_maps_of_a_crop_follow_the_grid_of_the_other_backbones() -> None:
    network = BACKBONES["resnet18"].build().eval()
    with torch.inference_mode():
        maps = network(torch.zeros(1, 3, 112, 112))
    assert [tuple(m.shape[1:]) for m in maps] == [(128, 28, 28), (256, 14, 14), (512, 7, 7)]
    assert network.channels == (128, 256, 512)
    # 11 689 512 of the published network less its classifier of 512 x 1000 + 1000
    assert sum(p.numel() for p in network.parameters()) == 11_689_512 - 513_000


def test_names_are_those_of_the_public_files() -> None:
    names = set(ResNet18(8).state_dict())
    assert {
        "conv1.weight",
        "bn1.running_mean",
        "layer1.0.conv1.weight",
        "layer2.0.downsample.0.weight",
        "layer2.0.downsample.1.running_var",
        "layer4.1.bn2.bias",
    } <= names
    pattern = r"(layer[1-4]\.[01]\.(conv[12]|bn[12]|downsample\.[01])|conv1|bn1)\."
    assert all(re.match(pattern, name) for name in names)
    assert not any(name.startswith("layer1.0.downsample") for name in names)
    assert len(names) == 120


def test_a_block_of_hand_worked_numbers() -> None:
    block = BasicBlock(1, 1, 1).eval()
    with torch.no_grad():
        for conv, middle in ((block.conv1, 2.0), (block.conv2, -1.0)):
            conv.weight.zero_()
            conv.weight[0, 0, 1, 1] = middle
        out = block(torch.tensor([[[[3.0, -1.0]]]]))
    # 3: relu(6) = 6, -6 + 3 < 0 → 0.   -1: relu(-2) = 0, 0 - 1 < 0 → 0.
    assert out.flatten().tolist() == [0.0, 0.0]
    with torch.no_grad():
        block.conv2.weight[0, 0, 1, 1] = 1.0
        out = block(torch.tensor([[[[3.0, -1.0]]]]))
    assert out.flatten().tolist() == pytest.approx([9.0, 0.0], rel=1e-4)


def test_parts_put_together_are_the_whole() -> None:
    network = ResNet18(4).eval()
    image = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    maps = network(image)
    assert network.upto(image, 0).shape == (2, 4, 16, 16)
    assert torch.equal(network.upto(image, 0), network.stem(image))
    assert network.upto(image, 1).shape == (2, 4, 16, 16)
    assert torch.equal(network.upto(image, 2), maps.fine)
    assert torch.equal(network.upto(image, 3), maps.middle)
    assert torch.equal(network.layer4(network.upto(image, 3)), maps.coarse)
    assert torch.equal(network.upto(image, 4), maps.coarse)


def published(width: int = 4) -> tuple[ResNet18, dict[str, torch.Tensor]]:
    source = ResNet18(width)
    tensors = {k: v + 1 for k, v in source.state_dict().items()}
    head = {"fc.weight": torch.zeros(1000, 8 * width), "fc.bias": torch.zeros(1000)}
    return ResNet18(width), tensors | head


@pytest.mark.parametrize("kind", ["plain", "old", "msceleb"])
def test_public_files_load_whole(tmp_path: Path, kind: str) -> None:
    network, tensors = published()
    content: dict[str, object] = dict(tensors)
    if kind == "old":
        content = {k: v for k, v in tensors.items() if not k.endswith("num_batches_tracked")}
    if kind == "msceleb":
        extra = {"module.feature.weight": torch.zeros(2)}
        content = {"state_dict": {f"module.{k}": v for k, v in tensors.items()} | extra}
    path = tmp_path / "resnet18.pth"
    torch.save(content, path)
    report = load_backbone_weights(network, "resnet18", path)
    assert report.complete
    assert len(report.loaded) == 120
    for name, value in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(value, tensors[name]), name


def test_the_file_of_a_deeper_network_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    network, tensors = published()
    tensors["layer1.2.conv1.weight"] = torch.zeros(4, 4, 3, 3)
    tensors["conv1.weight"] = torch.zeros(4, 3, 3, 3)
    path = tmp_path / "resnet34.pth"
    torch.save(tensors, path)
    before = network.layer4[1].bn2.bias.clone()
    with pytest.raises(
        FerdeskError, match=r"1 unexpected \(layer1\.2\.conv1.*1 mismatched \(conv1"
    ):
        load_backbone_weights(network, "resnet18", path)
    assert torch.equal(network.layer4[1].bn2.bias, before)
