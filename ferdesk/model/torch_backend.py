"""The network on torch: CUDA with autocast, MPS, or the CPU."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ferdesk.model.devices import DeviceInfo
from ferdesk.model.network import DualStreamFER
from ferdesk.model.purified import Purified


class TorchBackend:
    """CUDA runs the backbones in bf16 where the card has it, else fp16; APCL stays float32."""

    def __init__(self, network: DualStreamFER, device: DeviceInfo, threads: int) -> None:
        self.device = torch.device(device.key)
        self.name = device.name
        self.precision = "f32"
        self._autocast: torch.dtype | None = None
        if device.key == "cuda":
            brief = torch.cuda.is_bf16_supported()
            self._autocast = torch.bfloat16 if brief else torch.float16
            self.precision = "bf16" if brief else "f16"
            self.name = f"{device.name}, {'bf16' if brief else 'fp16'}"
        else:
            torch.set_num_threads(threads)
        self.network = network.to(self.device).to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]

    @torch.inference_mode()
    def run(
        self, crops: NDArray[np.uint8], geometry: NDArray[np.float32]
    ) -> Purified[NDArray[np.float32]]:
        """See `Backend`."""
        known = torch.from_numpy(geometry).to(self.device)
        batch = torch.from_numpy(crops).to(self.device).permute(0, 3, 1, 2).float()
        with torch.autocast(
            self.device.type, dtype=self._autocast, enabled=self._autocast is not None
        ):
            out = self.network(batch, known)
        return out.map(lambda t: t.float().cpu().numpy())
