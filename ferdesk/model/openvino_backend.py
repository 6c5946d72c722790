"""The network on OpenVINO: the default on a CPU, several times faster than eager torch there."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ferdesk.errors import FerdeskError
from ferdesk.model.network import DualStreamFER
from ferdesk.model.purified import FIELDS, Purified, concatenate
from ferdesk.model.quiet_openvino import ov

Precision = Literal["f32", "bf16"]


class _Inputs(nn.Module):
    """uint8 (1, S, S, 3) → the float inputs of both streams."""

    def __init__(self, network: DualStreamFER) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        image, landmark = self.network.preprocess(crops.permute(0, 3, 1, 2).float())
        return image, landmark


class _Answer(nn.Module):
    """The inputs of both streams → the fields of `Purified` as a tuple."""

    def __init__(self, network: DualStreamFER) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, landmark: Tensor) -> tuple[Tensor, ...]:
        out = self.network.answer(image, landmark)
        return tuple(getattr(out, name) for name in FIELDS)


def convert(network: DualStreamFER) -> tuple[ov.Model, ov.Model]:
    """The traced network as two OpenVINO models of fixed shapes: preprocessing, and all the rest.

    The first takes (1, S, S, 3) uint8, the second what the first gives. Raises FerdeskError when
    the network cannot be converted.
    """
    size = network.preprocessing.size
    crops = torch.zeros((1, size, size, 3), dtype=torch.uint8)
    network = network.cpu().eval()
    with torch.inference_mode():
        streams = _Inputs(network)(crops)
    return _converted(_Inputs(network), (crops,)), _converted(_Answer(network), streams)


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


class OpenVinoBackend:
    """One compiled batch-1 model; several faces run one after the other.

    That costs nothing on a CPU, keeps every face's answer independent of the others and spares the
    recompilation that a changing batch size would cause.
    """

    def __init__(
        self, network: DualStreamFER, threads: int, precision: Precision | None = None
    ) -> None:
        """`precision` None: bf16 on CPUs with units for it, where it saves a third of the time."""
        core = ov.Core()
        if precision is None:
            capable = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
            precision = "bf16" if capable else "f32"
        self.precision = precision
        self.name = "OpenVINO (CPU, bf16)" if precision == "bf16" else "OpenVINO (CPU)"
        inputs, answer = convert(network)

        def request(model: ov.Model, kind: Precision) -> Any:
            settings = {
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": threads,
                "INFERENCE_PRECISION_HINT": kind,
                # Pinned threads wake up later beside MediaPipe's.
                "ENABLE_CPU_PINNING": False,
            }
            return core.compile_model(model, "CPU", settings).create_infer_request()

        # Grey values between 0 and 255 lose their fractions in bf16, which costs accuracy.
        self._inputs = request(inputs, "f32")
        self._answer = request(answer, precision)
        for i in range(2):
            self._answer.set_input_tensor(i, self._inputs.get_output_tensor(i))

    def run(self, crops: NDArray[np.uint8]) -> Purified[NDArray[np.float32]]:
        """See `Backend`."""
        faces = []
        for crop in crops:
            self._inputs.infer({0: crop[None]}, share_inputs=True, share_outputs=True)
            self._answer.infer(share_outputs=True)
            outputs = (self._answer.get_output_tensor(i).data.copy() for i in range(len(FIELDS)))
            faces.append(Purified(*outputs))
        return concatenate(faces)
