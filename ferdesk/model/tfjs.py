"""Weights of a TensorFlow.js graph model: a .json file and the .bin files that it names."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from ferdesk.errors import FerdeskError

_LARGEST: Final = 2**30
_TYPES: Final[dict[str, np.dtype[Any]]] = {
    "float32": np.dtype("<f4"),
    "float16": np.dtype("<f2"),
    "int32": np.dtype("<i4"),
}


def read_tfjs(path: Path) -> dict[str, Tensor]:
    """Every tensor of the model by its TensorFlow name, in TensorFlow's layout (HWIO), float32.

    Files of float16 weights are widened. Raises FerdeskError for a file that is missing, damaged or
    quantised to bytes.
    """
    try:
        manifest = json.loads(path.read_text("utf-8"))["weightsManifest"]
        tensors: dict[str, Tensor] = {}
        for group in manifest:
            files = [path.parent / Path(name).name for name in group["paths"]]
            if sum(file.stat().st_size for file in files) > _LARGEST:
                raise FerdeskError(f"The weights of '{path.name}' are too large for a backbone.")
            data = b"".join(file.read_bytes() for file in files)
            tensors |= _of_group(group["weights"], data)
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise FerdeskError(
            f"'{missing}' is not there; the weights of a TensorFlow.js model are a .json file and "
            "the .bin files beside it."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FerdeskError(
            f"The weights file '{path.name}' is damaged or not a TensorFlow.js model of float "
            "weights."
        ) from error
    return tensors


def _of_group(specs: list[dict[str, Any]], data: bytes) -> dict[str, Tensor]:
    tensors, place = {}, 0
    for spec in specs:
        dtype = _TYPES[spec.get("quantization", spec)["dtype"]]
        shape = [int(edge) for edge in spec["shape"]]
        count = math.prod(shape)
        values = np.frombuffer(data, dtype, count, place).reshape(shape)
        tensors[str(spec["name"])] = torch.from_numpy(values.astype(np.float32))
        place += count * dtype.itemsize
    if place != len(data):
        raise ValueError(f"{len(data) - place} bytes belong to no tensor")
    return tensors
