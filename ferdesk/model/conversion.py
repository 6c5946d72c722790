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
from ferdesk.model.face_geometry import GEOMETRY_SIZE, PRESENT, no_geometry
from ferdesk.model.kept import Kept
from ferdesk.model.network import DualStreamFER
from ferdesk.model.openvino_backend import GROUP, Models, OpenVinoBackend, Pair, Precision
from ferdesk.model.probe import agree, probe_crops
from ferdesk.model.purified import FIELDS, Purified
from ferdesk.model.tensor_file import quoted
from ferdesk.quiet_openvino import ov

log = logging.getLogger(__name__)

_SMALL: Final = 10_000_000
"""Parameters up to which one thread is as fast as two, and several faces are quicker together:
`live` has 2 million, `paper` 46."""


class _Inputs(nn.Module):
    """uint8 (1, S, S, 3), and geometry where the network takes it → the inputs of the streams."""

    def __init__(self, network: DualStreamFER) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor, geometry: Tensor | None = None) -> tuple[Tensor, ...]:
        out: tuple[Tensor, ...] = self.network.preprocess(
            crops.permute(0, 3, 1, 2).float(), geometry
        )
        return out


class _Answer(nn.Module):
    """The inputs of the streams → the fields of `Purified` as a tuple."""

    def __init__(self, network: DualStreamFER) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        out = self.network.answer(*inputs)
        return tuple(getattr(out, name) for name in FIELDS)


def convert(network: DualStreamFER) -> Models[Pair]:
    """The traced network as OpenVINO models of fixed shapes: preprocessing, and all the rest.

    A small one for groups of faces, too. Raises FerdeskError when it cannot be converted.
    """
    size = network.preprocessing.size
    faces: tuple[Tensor, ...] = (torch.zeros((1, size, size, 3), dtype=torch.uint8),)
    if network.config.takes_geometry:
        faces = (*faces, torch.zeros((1, GEOMETRY_SIZE)))
    network = network.cpu().eval()
    with torch.inference_mode():
        streams = _Inputs(network)(*faces)
    inputs, answer = _converted(_Inputs(network), faces), _converted(_Answer(network), streams)
    group = of_group((inputs, answer)) if _is_small(network) else None
    return Models((inputs, answer), lambda: group)


def _is_small(network: DualStreamFER) -> bool:
    return sum(parameter.numel() for parameter in network.parameters()) <= _SMALL


def of_group(pair: Pair) -> Pair | None:
    """The same for GROUP faces at once; None where the trace holds on to one face."""
    inputs, answer = (model.clone() for model in pair)
    try:
        for model in (inputs, answer):
            model.reshape({i: [GROUP, *port.shape[1:]] for i, port in enumerate(model.inputs)})
    except RuntimeError as error:
        log.info("faces run one by one: %s", str(error).splitlines()[0])
        return None
    return inputs, answer


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
    for port, tensor in zip(model.inputs, example, strict=True):
        kind = ov.Type.u8 if tensor.dtype == torch.uint8 else ov.Type.f32
        port.get_node().set_element_type(kind)
    model.reshape({i: list(tensor.shape) for i, tensor in enumerate(example)})
    model.validate_nodes_and_infer_types()
    return model


def probe_geometry(network: DualStreamFER) -> NDArray[np.float32]:
    """(2, GEOMETRY_SIZE) beside the probe's crops: a face like those of training, and none."""
    out = no_geometry(2)
    standardise = network.preprocess.standardise
    if standardise is not None:
        mean, spread = standardise.mean.cpu().numpy(), standardise.spread.cpu().numpy()
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
    streams = threads if _is_small(network) else 1
    precisions: tuple[Precision | None, ...] = (None, "f32")
    for precision in precisions:
        backend = OpenVinoBackend(models, threads, precision, streams)
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
