"""Published backbone weights: plain state dicts in, a report of every key out."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from ferdesk.errors import FerdeskError
from ferdesk.model.tfjs import read_tfjs


@dataclass(frozen=True, slots=True)
class KeyReport:
    """How a state dict meets a module."""

    loaded: tuple[str, ...]
    missing: tuple[str, ...]
    """Needed by the module, absent in the file."""
    unexpected: tuple[str, ...]
    """In the file, not used by the module."""
    mismatched: tuple[str, ...]
    """In both, but of another shape."""

    @property
    def complete(self) -> bool:
        """Every tensor fits and nothing is left over."""
        return not (self.missing or self.unexpected or self.mismatched)

    def __str__(self) -> str:
        parts = [f"{len(self.loaded)} tensors fit"]
        for what in ("missing", "unexpected", "mismatched"):
            keys = getattr(self, what)
            if keys:
                more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
                parts.append(f"{len(keys)} {what} ({keys[0]}{more})")
        return ", ".join(parts)


def compare_keys(module: nn.Module, tensors: Mapping[str, Tensor]) -> KeyReport:
    """Which tensors of a state dict fit `module`; nothing is loaded."""
    own = module.state_dict()
    common = [key for key in own if key in tensors]
    return KeyReport(
        loaded=tuple(k for k in common if own[k].shape == tensors[k].shape),
        missing=tuple(k for k in own if k not in tensors),
        unexpected=tuple(k for k in tensors if k not in own),
        mismatched=tuple(k for k in common if own[k].shape != tensors[k].shape),
    )


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """A plain state dict from .safetensors, a PyTorch file with `weights_only` or the .json of a
    TensorFlow.js model.

    ``{"state_dict": …}`` is unwrapped and the prefix ``module.`` removed. Raises FerdeskError for a
    missing or damaged file, and for a pickled module, which could run code.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            content: object = load_file(path)
        elif path.suffix == ".json":
            content = read_tfjs(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise FerdeskError(f"The weights file '{path}' does not exist.") from error
    except pickle.UnpicklingError as error:
        raise FerdeskError(
            f"'{path.name}' is not a plain state dict (it holds pickled objects, which could run "
            "code); save its state_dict() and give that file."
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise FerdeskError(
            f"The weights file '{path.name}' is damaged or not PyTorch's."
        ) from error
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if not isinstance(content, dict) or not all(isinstance(v, Tensor) for v in content.values()):
        raise FerdeskError(f"'{path.name}' does not hold a plain state dict of tensors.")
    return {str(key).removeprefix("module."): value for key, value in content.items()}


def _ir50_keys(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """face.evoLVe counts units ``body.0`` … ``body.23``; ours are ``body1.0`` … ``body3.13``."""
    starts = (0, 3, 7, 21)
    renamed = {}
    for key, value in tensors.items():
        match = re.match(r"body\.(\d+)\.(.*)", key)
        if match:
            unit = int(match.group(1))
            stage = next((s for s in range(3) if unit < starts[s + 1]), None)
            if stage is None:
                continue
            key = f"body{stage + 1}.{unit - starts[stage]}.{match.group(2)}"
        renamed[key] = value
    return renamed


def _resnet18_keys(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Files older than PyTorch 0.4.1 lack the batch counters of the norms, which nothing reads."""
    end = ".running_var"
    norms = [key.removesuffix(end) for key in tensors if key.endswith(end)]
    return {f"{norm}.num_batches_tracked": torch.tensor(0) for norm in norms} | tensors


_KERAS_EPS: Final = 1e-3
_MOBILENET_BLOCKS: Final = 11


def _mobilenet_keys(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Keras' MobileNet with its norms folded into the convolutions, for an input in BGR.

    A folded norm is a shift and, behind depth-wise convolutions, a factor: bias and weight of a
    norm of mean 0 and variance 1.
    """
    layers = {"conv1": "stem"}
    for index in range(_MOBILENET_BLOCKS):
        layers[f"conv_dw_{index + 1}"] = f"blocks.{index}.depthwise"
        layers[f"conv_pw_{index + 1}"] = f"blocks.{index}.pointwise"
    ours: dict[str, Tensor] = {}
    for name, layer in layers.items():
        kernel = tensors.get(f"{name}/convolution/merged_input")
        if kernel is not None:
            whole = kernel.permute(3, 2, 0, 1)
            ours[f"{layer}.weight"] = whole.flip(1) if layer == "stem" else whole
        depthwise = tensors.get(f"{name}/depthwise_kernel")
        if depthwise is not None:
            ours[f"{layer}.weight"] = depthwise.permute(2, 3, 0, 1)
        shift = tensors.get(f"{name}_bn/batchnorm_1/sub")
        if shift is not None:
            factor = tensors.get(f"{name}_bn/batchnorm_1/mul", torch.ones_like(shift))
            ours |= {
                f"{layer}_norm.weight": factor,
                f"{layer}_norm.bias": shift,
                f"{layer}_norm.running_mean": torch.zeros_like(shift),
                f"{layer}_norm.running_var": torch.full_like(shift, 1 - _KERAS_EPS),
                f"{layer}_norm.num_batches_tracked": torch.tensor(0),
            }
    return {key: value.contiguous() for key, value in ours.items()} or tensors


_BEHIND_THE_CUT = {
    "ir50": re.compile(r"body4\.|output_layer\."),
    "mobilefacenet": re.compile(r"output_layer\."),
    "efficientnet_lite0": re.compile(r"_blocks\.1[1-5]\.|_conv_head\.|_bn1\.|_fc\."),
    "resnet18": re.compile(r"fc\.|feature\."),
}
"""Parts of the published files that lie behind the point where we cut the network."""


def _of_image_stream(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The image stream's tensors, where these are a whole network's of ours."""
    prefix = "image_backbone."
    own = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    return own or tensors


def load_backbone_weights(
    module: nn.Module, kind: str, path: Path, strict: bool = True
) -> KeyReport:
    """Load a published file, or the image stream of a checkpoint of ours, into a backbone of the
    given registry name.

    Tensors behind the cut are dropped by name. With `strict`, anything else that is missing, left
    over or of another shape raises FerdeskError with the key report and loads nothing; without, the
    tensors that fit are loaded.
    """
    tensors = _of_image_stream(read_state_dict(path))
    if kind == "ir50":
        tensors = _ir50_keys(tensors)
    elif kind == "resnet18":
        tensors = _resnet18_keys(tensors)
    elif kind == "mobilenet":
        tensors = _mobilenet_keys(tensors)
    cut = _BEHIND_THE_CUT.get(kind)
    if cut is not None:
        tensors = {key: value for key, value in tensors.items() if not cut.match(key)}
    report = compare_keys(module, tensors)
    if strict and not report.complete:
        raise FerdeskError(f"'{path.name}' does not fit the backbone '{kind}': {report}.")
    module.load_state_dict({k: tensors[k] for k in report.loaded}, strict=False)
    return report
