"""The network from torch to OpenVINO. Imports torch, so it runs once per checkpoint, best in a
process of its own: ``python -m ferdesk.model.conversion CHECKPOINT FOLDER THREADS``.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ferdesk.errors import FerdeskError
from ferdesk.model.checkpoint import load
from ferdesk.model.face_geometry import PRESENT, no_geometry
from ferdesk.model.kept import Kept
from ferdesk.model.network import DualStreamFER
from ferdesk.model.openvino_backend import GROUP, Models, OpenVinoBackend, Precision
from ferdesk.model.probe import agree, probe_crops
from ferdesk.model.purified import FIELDS, Purified
from ferdesk.model.tensor_file import quoted
from ferdesk.quiet_openvino import ov

log = logging.getLogger(__name__)

_SMALL: Final = 10_000_000
"""Parameters up to which several faces are quicker together: `live` has 3 million, `paper` 46."""


class _Answer(nn.Module):
    """The inputs of the streams → the fields of `Purified` as a tuple."""

    def __init__(self, network: DualStreamFER) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        out = self.network.answer(*inputs)
        return tuple(getattr(out, name) for name in FIELDS)


def convert(network: DualStreamFER) -> Models[ov.Model]:
    """The traced network as OpenVINO models of fixed shapes, a small one for groups, too.

    Raises FerdeskError when it cannot be converted.
    """
    size = network.preprocessing.size
    network, inputs = network.cpu().eval(), network.inputs()
    example = inputs(np.zeros((1, size, size, 3), np.uint8), no_geometry(1))
    single = _converted(_Answer(network), tuple(torch.from_numpy(x) for x in example))
    group = of_group(single) if _is_small(network) else None
    return Models(inputs, single, lambda: group)


def _is_small(network: DualStreamFER) -> bool:
    return sum(parameter.numel() for parameter in network.parameters()) <= _SMALL


def of_group(single: ov.Model) -> ov.Model | None:
    """The same for GROUP faces at once; None where the trace holds on to one face."""
    model = single.clone()
    try:
        model.reshape({i: [GROUP, *port.shape[1:]] for i, port in enumerate(model.inputs)})
    except RuntimeError as error:
        log.info("faces run one by one: %s", str(error).splitlines()[0])
        return None
    return model


def _converted(module: nn.Module, example: tuple[Tensor, ...]) -> ov.Model:
    """Calls the torch frontend itself: `openvino.convert_model` adds, among others, telemetry."""
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    try:
        # The input's shape is fixed, so the tracer's warnings about shapes do not apply.
        with torch.inference_mode(), warnings.catch_warnings(action="ignore"):
            traced = torch.jit.trace(module.eval(), example, check_trace=False)
        frontend = FrontEndManager().load_by_framework("pytorch")
        # The frontend does not keep the decoder alive by itself.
        decoder = TorchScriptPythonDecoder(traced, example_input=example)
        model: ov.Model = frontend.convert(frontend.load(decoder))
    except RuntimeError as error:
        raise FerdeskError(
            f"OpenVINO cannot convert this network ({str(error).splitlines()[0]}); choose the "
            "device CPU (torch) instead."
        ) from error
    for port in model.inputs:
        port.get_node().set_element_type(ov.Type.f32)
    model.reshape({i: list(tensor.shape) for i, tensor in enumerate(example)})
    model.validate_nodes_and_infer_types()
    return model


def probe_geometry(network: DualStreamFER) -> NDArray[np.float32]:
    """(2, GEOMETRY_SIZE) beside the probe's crops: a face like those of training, and none."""
    out = no_geometry(2)
    standard = network.inputs().standard
    if standard is not None:
        mean, spread = standard
        noise = np.random.default_rng(20261126).normal(size=PRESENT)
        out[0] = np.append(mean + spread * noise, 1.0)
    return out


def torch_answer(network: DualStreamFER) -> Purified[Any]:
    """`Purified` of float32 arrays: what torch says about the probe, the measure of every other."""
    crops = torch.from_numpy(probe_crops(network.preprocessing.size))
    geometry = torch.from_numpy(probe_geometry(network))
    with torch.inference_mode():
        out: Purified[Tensor] = network(crops.permute(0, 3, 1, 2).float(), geometry)
    return out.map(lambda values: values.numpy())


def convert_checkpoint(path: Path, threads: int, folder: Path | None) -> OpenVinoBackend:
    """The checkpoint on OpenVINO, kept in `folder` for the next time.

    Raises CheckpointError, or FerdeskError when OpenVINO's answers are not torch's.
    """
    network, card = load(path)
    backend = checked(network, threads, path.name)
    if folder is not None:
        Kept(folder, card, threads).write(backend, probe_geometry(network), torch_answer(network))
    return backend


def checked(network: DualStreamFER, threads: int, name: str) -> OpenVinoBackend:
    """The network on OpenVINO with torch's answers, in f32 where bf16 has others. FerdeskError."""
    expected, models = torch_answer(network), convert(network)
    precisions: tuple[Precision | None, ...] = (None, "f32")
    for precision in precisions:
        backend = OpenVinoBackend(models, threads, precision)
        if all(agree(answer, expected, backend.precision) for answer in _answers(backend, network)):
            return backend
    raise FerdeskError(
        f"OpenVINO gives other answers than torch for '{quoted(name)}'; choose the device "
        "CPU (torch)."
    )


def _answers(
    backend: OpenVinoBackend, network: DualStreamFER
) -> Iterator[Purified[NDArray[np.float32]]]:
    """To the probe, by itself and as either half of a group."""
    crops, geometry = probe_crops(network.preprocessing.size), probe_geometry(network)
    yield backend.run(crops, geometry)
    together = backend.run(np.tile(crops, (2, 1, 1, 1)), np.tile(geometry, (2, 1)))
    yield together[: len(crops)]
    yield together[len(crops) :]


def main() -> int:
    """Convert one checkpoint and keep the result; 0 when that was possible, else 2."""
    path, folder, threads = sys.argv[1:]
    try:
        convert_checkpoint(Path(path), int(threads), Path(folder))
    except FerdeskError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
