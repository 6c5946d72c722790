"""Weights of TensorFlow.js models, and the MobileNet that reads them."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ferdesk.errors import FerdeskError
from ferdesk.model.backbones.mobilenet import MobileNet
from ferdesk.model.tfjs import read_tfjs
from ferdesk.model.weights import load_backbone_weights


def written(folder: Path, tensors: Mapping[str, np.ndarray], half: bool = False) -> Path:
    """A graph model of these weights: ``model.json`` and two files beside it."""
    specs, data = [], b""
    for name, values in tensors.items():
        spec: dict[str, object] = {
            "name": name, "shape": list(values.shape), "dtype": "float32",
        }  # fmt: skip
        if half:
            spec["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
        specs.append(spec)
        data += values.astype("<f2" if half else "<f4").tobytes()
    cut = len(data) // 2 + 1
    (folder / "one.bin").write_bytes(data[:cut])
    (folder / "two.bin").write_bytes(data[cut:])
    manifest = [{"paths": ["one.bin", "two.bin"], "weights": specs}]
    path = folder / "model.json"
    path.write_text(json.dumps({"weightsManifest": manifest}), "utf-8")
    return path


@pytest.mark.parametrize("half", [False, True])
def test_every_tensor_comes_back_in_float32(tmp_path: Path, half: bool) -> None:
    tensors = {"a/kernel": np.float32([[1, -2.5], [3, 0.25]]), "b": np.float32([7])}
    read = read_tfjs(written(tmp_path, tensors, half))
    assert {k: v.tolist() for k, v in read.items()} == {
        "a/kernel": [[1, -2.5], [3, 0.25]],
        "b": [7],
    }
    assert {v.dtype for v in read.values()} == {torch.float32}


def test_what_is_wrong_with_a_file_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, {"a": np.ones(5, np.float32)})
    (tmp_path / "two.bin").write_bytes(b"")
    with pytest.raises(FerdeskError, match=r"'model.json' is damaged"):
        read_tfjs(path)
    (tmp_path / "two.bin").write_bytes(bytes(30))
    with pytest.raises(FerdeskError, match=r"'model.json' is damaged"):
        read_tfjs(path)
    (tmp_path / "two.bin").unlink()
    with pytest.raises(FerdeskError, match=r"'two.bin' is not there; .* \.bin files beside it"):
        read_tfjs(path)
    path.write_text("[]", "utf-8")
    with pytest.raises(FerdeskError, match=r"not a TensorFlow.js model"):
        read_tfjs(path)
    path.write_text("{", "utf-8")
    with pytest.raises(FerdeskError, match=r"not a TensorFlow.js model"):
        read_tfjs(path)
    with pytest.raises(FerdeskError, match=r"'no.json' is not there"):
        read_tfjs(tmp_path / "no.json")


def keras_mobilenet() -> dict[str, np.ndarray]:
    """Random weights under the names of `faceres`, a whole MobileNet and a head."""
    rng = np.random.default_rng(1)

    def some(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.1, shape).astype(np.float32)

    outputs = [64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
    tensors = {
        "conv1/convolution/merged_input": some(3, 3, 3, 32),
        "conv1_bn/batchnorm_1/sub": some(32),
        "feats/kernel": some(1024, 4),
    }
    inputs = 32
    for n, out in enumerate(outputs, 1):
        tensors[f"conv_dw_{n}/depthwise_kernel"] = some(3, 3, inputs, 1)
        tensors[f"conv_dw_{n}_bn/batchnorm_1/mul"] = some(inputs)
        tensors[f"conv_dw_{n}_bn/batchnorm_1/sub"] = some(inputs)
        tensors[f"conv_pw_{n}/convolution/merged_input"] = some(1, 1, inputs, out)
        tensors[f"conv_pw_{n}_bn/batchnorm_1/sub"] = some(out)
        inputs = out
    return tensors


def test_mobilenet_computes_what_the_folded_file_says(tmp_path: Path) -> None:
    """The file wants BGR and TensorFlow's padding; its norms are a factor and a shift."""
    tensors = keras_mobilenet()
    net = MobileNet().eval()
    assert load_backbone_weights(net, "mobilenet", written(tmp_path, tensors)).complete
    rgb = torch.randn(1, 3, 8, 8)
    there = {k: torch.from_numpy(v) for k, v in tensors.items()}
    kernel = there["conv1/convolution/merged_input"].permute(3, 2, 0, 1)
    shift = there["conv1_bn/batchnorm_1/sub"][:, None, None]
    padded = F.pad(rgb.flip(1), (0, 1, 0, 1))
    stem = F.relu6(F.conv2d(padded, kernel, stride=2) + shift)
    factor = there["conv_dw_1_bn/batchnorm_1/mul"][:, None, None]
    shift = there["conv_dw_1_bn/batchnorm_1/sub"][:, None, None]
    kernel = there["conv_dw_1/depthwise_kernel"].permute(2, 3, 0, 1)
    wide = F.relu6(F.conv2d(stem, kernel, padding=1, groups=32) * factor + shift)
    kernel = there["conv_pw_1/convolution/merged_input"].permute(3, 2, 0, 1)
    shift = there["conv_pw_1_bn/batchnorm_1/sub"][:, None, None]
    expected = F.relu6(F.conv2d(wide, kernel) + shift)
    with torch.inference_mode():
        found = net.blocks[0](F.relu6(net.stem_norm(net.stem(rgb))))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_a_mobilenet_of_ours_loads_as_well(tmp_path: Path) -> None:
    net, other = MobileNet(), MobileNet()
    path = tmp_path / "own.pth"
    torch.save(net.state_dict(), path)
    assert load_backbone_weights(other, "mobilenet", path).complete
    assert torch.equal(other.blocks[10].pointwise.weight, net.blocks[10].pointwise.weight)


def test_another_tensorflow_model_does_not_fit(tmp_path: Path) -> None:
    tensors = keras_mobilenet()
    del tensors["conv_pw_7_bn/batchnorm_1/sub"]
    with pytest.raises(FerdeskError, match=r"does not fit the backbone 'mobilenet'"):
        load_backbone_weights(MobileNet(), "mobilenet", written(tmp_path, tensors))
    with pytest.raises(FerdeskError, match=r"does not fit the backbone 'mobilenet'"):
        load_backbone_weights(
            MobileNet(), "mobilenet", written(tmp_path, {"x": np.ones(1, np.float32)})
        )
