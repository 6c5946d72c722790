"""Feature maps of the published backbones, and their weights files."""

from pathlib import Path

import pytest
import torch

from ferdesk.errors import FerdeskError
from ferdesk.model.backbones import BACKBONES, build_backbone
from ferdesk.model.backbones.efficientnet_lite import SameConv2d
from ferdesk.model.backbones.ir50 import IR50
from ferdesk.model.backbones.mobilefacenet import MobileFaceNet
from ferdesk.model.weights import load_backbone_weights, read_state_dict

SHAPES = {
    "ir50": [(64, 56, 56), (128, 28, 28), (256, 14, 14)],
    "efficientnet_lite0": [(24, 28, 28), (40, 14, 14), (112, 7, 7)],
    "mobilefacenet": [(64, 28, 28), (128, 14, 14), (512, 7, 7)],
    "mobilenet": [(128, 28, 28), (256, 14, 14), (512, 7, 7)],
    "resnet8": [(32, 28, 28), (64, 14, 14), (128, 7, 7)],
    "tiny": [(8, 28, 28), (16, 14, 14), (32, 7, 7)],
}


@pytest.mark.parametrize("kind", SHAPES)
def test_feature_maps(kind: str) -> None:
    backbone = BACKBONES[kind].build().eval()
    with torch.inference_mode():
        maps = backbone(torch.zeros(1, 3, 112, 112))
    assert [tuple(m.shape[1:]) for m in maps] == SHAPES[kind]
    assert list(backbone.channels) == [shape[0] for shape in SHAPES[kind]]


@pytest.mark.parametrize("kind", sorted(BACKBONES))
def test_without_the_last_halving_small_crops_keep_large_maps(kind: str) -> None:
    """The weights are the same, so published ones load, and the earlier maps do not change."""
    backbone = build_backbone(kind, 1).eval()
    plain = BACKBONES[kind].build().eval()
    plain.load_state_dict(backbone.state_dict())
    with torch.inference_mode():
        maps, halved = backbone(torch.ones(1, 3, 56, 56)), plain(torch.ones(1, 3, 56, 56))
    edge = 14 if kind == "ir50" else 7
    assert maps.coarse.shape[2:] == maps.middle.shape[2:] == (edge, edge)
    assert halved.coarse.shape[2:] < (edge, edge)
    assert torch.equal(maps.middle, halved.middle)


@pytest.mark.parametrize(("kind", "millions"), [("ir50", 17.61), ("mobilefacenet", 0.91)])
def test_parameter_counts_of_the_literature(kind: str, millions: float) -> None:
    count = sum(p.numel() for p in BACKBONES[kind].build().parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.01)


def test_a_resnet_of_eight_layers() -> None:
    """A stem and three blocks of two convolutions; the classifier, the eighth, is outside."""
    network = BACKBONES["resnet8"].build()
    wide = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d) and m.kernel_size[0] > 1]
    assert len(wide) == 7
    assert sum(p.numel() for p in network.parameters()) == 308_448


def test_same_padding_puts_the_odd_pixel_right_and_below() -> None:
    conv = SameConv2d(1, 1, 3, 2, bias=False)
    with torch.no_grad():
        conv.weight.fill_(1.0)
        out = conv(torch.ones(1, 1, 4, 4))
    assert out[0, 0].tolist() == [[9.0, 6.0], [6.0, 4.0]]


@pytest.mark.parametrize("kernel", [3, 5])
def test_a_depthwise_stride_is_the_same_in_half_precision_training(kernel: int) -> None:
    torch.manual_seed(0)
    conv = SameConv2d(4, 4, kernel, 2, groups=4, bias=False)
    image = torch.randn(2, 4, 8, 8)
    before = (kernel - 2) // 2
    padded = torch.nn.functional.pad(image, (before, before + 1, before, before + 1))
    expected = torch.nn.functional.conv2d(padded, conv.weight, stride=2, groups=4)
    assert torch.equal(conv(image), expected)
    with torch.autocast("cpu", torch.bfloat16):
        out = conv(image)
    assert out.shape == expected.shape
    assert torch.allclose(out.float(), expected, atol=0.05)


def test_landmark_file_loads_strictly_and_its_regressor_is_left_out(tmp_path: Path) -> None:
    published = MobileFaceNet().state_dict() | {"output_layer.linear.weight": torch.zeros(136, 512)}
    path = tmp_path / "landmarks.pth"
    torch.save({"state_dict": {f"module.{k}": v for k, v in published.items()}}, path)
    net = MobileFaceNet()
    report = load_backbone_weights(net, "mobilefacenet", path)
    assert report.complete
    assert len(report.loaded) == len(net.state_dict())
    assert torch.equal(net.conv1.conv.weight, published["conv1.conv.weight"])


def test_ir50_file_with_flat_numbering_is_renamed(tmp_path: Path) -> None:
    net = IR50()
    starts = {"body1": 0, "body2": 3, "body3": 7}
    flat = {}
    for key, value in net.state_dict().items():
        stage, _, rest = key.partition(".")
        if stage in starts:
            unit, _, tail = rest.partition(".")
            key = f"body.{starts[stage] + int(unit)}.{tail}"
        flat[key] = value + 1 if value.is_floating_point() else value
    flat["body.21.res_layer.0.weight"] = torch.zeros(256)
    flat["output_layer.3.weight"] = torch.zeros(512, 25088)
    path = tmp_path / "ir50.pth"
    torch.save(flat, path)
    before = net.body3[13].res_layer[1].weight.clone()
    assert load_backbone_weights(net, "ir50", path).complete
    assert torch.equal(net.body3[13].res_layer[1].weight, before + 1)


def test_strict_loading_names_what_does_not_fit_and_loads_nothing(tmp_path: Path) -> None:
    net = MobileFaceNet()
    tensors = {k: torch.ones_like(v) for k, v in net.state_dict().items()}
    del tensors["conv_6_sep.conv.weight"]
    tensors["surprise"] = torch.zeros(1)
    tensors["conv1.conv.weight"] = torch.zeros(1)
    path = tmp_path / "wrong.pth"
    torch.save(tensors, path)
    before = net.conv_4.model[0].conv.conv.weight.clone()
    with pytest.raises(FerdeskError, match=r"1 missing .*conv_6_sep.* 1 unexpected .*surprise"):
        load_backbone_weights(net, "mobilefacenet", path)
    assert torch.equal(net.conv_4.model[0].conv.conv.weight, before)
    report = load_backbone_weights(net, "mobilefacenet", path, strict=False)
    assert report.mismatched == ("conv1.conv.weight",)
    assert torch.equal(net.conv_4.model[0].conv.conv.weight, torch.ones_like(before))


class Evil:
    """Runs when unpickled."""

    def __reduce__(self) -> tuple[type[list[int]], tuple[tuple[int, ...]]]:
        return (list, ((1,),))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "damaged"),
        (b"garbage", "damaged|state dict"),
        (None, "does not exist"),
    ],
)
def test_bad_weight_files(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "weights.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FerdeskError, match=sentence):
        read_state_dict(path)


def test_pickled_modules_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "module.pth"
    torch.save(torch.nn.Linear(2, 2), path)
    with pytest.raises(FerdeskError, match="pickled objects"):
        read_state_dict(path)
    torch.save({"a": Evil()}, path)
    with pytest.raises(FerdeskError):
        read_state_dict(path)
