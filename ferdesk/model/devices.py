"""Where the network can run, and why not where it cannot."""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from dataclasses import dataclass

from ferdesk.errors import FerdeskError

AUTO = "auto"
_ORDER = ("cuda", "openvino", "mps", "cpu")
"""What `auto` prefers."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """One place where the network could run."""

    key: str
    """"openvino", "cpu", "cuda" or "mps"."""
    name: str
    available: bool
    reason: str = ""
    """Why it is not available; empty otherwise."""


def _openvino() -> DeviceInfo:
    name = "OpenVINO (CPU)"
    if importlib.util.find_spec("openvino") is None:
        return DeviceInfo("openvino", name, False, "the package openvino is not installed")
    return DeviceInfo("openvino", name, True)


def _cuda() -> DeviceInfo:
    if sys.platform == "darwin" or not _has_nvidia_driver():
        return DeviceInfo("cuda", "CUDA", False, "no NVIDIA GPU with a working driver was found")
    import torch

    if not torch.backends.cuda.is_built():
        return DeviceInfo("cuda", "CUDA", False, "this build of torch has no CUDA support")
    if not torch.cuda.is_available():
        return DeviceInfo("cuda", "CUDA", False, "no NVIDIA GPU with a working driver was found")
    return DeviceInfo("cuda", f"CUDA ({torch.cuda.get_device_name()})", True)


def _has_nvidia_driver() -> bool:
    """Asked without torch, whose import takes a second and 200 MB."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _mps() -> DeviceInfo:
    name = "Apple GPU (MPS)"
    if sys.platform == "darwin":
        import torch

        if torch.backends.mps.is_available():
            return DeviceInfo("mps", name, True)
    return DeviceInfo("mps", name, False, "this is not a Mac with an Apple GPU")


def available_devices() -> tuple[DeviceInfo, ...]:
    """Every kind of device, available or not. Imports torch where there is a GPU: call it on a
    worker thread."""
    return (_openvino(), DeviceInfo("cpu", "CPU (torch)", True), _cuda(), _mps())


def choose_device(key: str) -> DeviceInfo:
    """The device for `key`; "auto" takes CUDA, then OpenVINO, then MPS, then the CPU.

    Raises FerdeskError with the reason when the device asked for is not available.
    """
    if key == "openvino" and (info := _openvino()).available:
        return info
    devices = {device.key: device for device in available_devices()}
    if key == AUTO:
        return next(devices[k] for k in _ORDER if devices[k].available)
    if key not in devices:
        known = ", ".join((AUTO, *devices))
        raise FerdeskError(f"There is no device '{key}'; choose one of {known}.")
    device = devices[key]
    if not device.available:
        raise FerdeskError(f"{device.name} cannot be used: {device.reason}.")
    return device
