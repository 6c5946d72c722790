"""Where the network can run, and why not where it cannot."""

from __future__ import annotations

import importlib.util
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
    import torch

    if not torch.backends.cuda.is_built():
        return DeviceInfo("cuda", "CUDA", False, "this build of torch has no CUDA support")
    if not torch.cuda.is_available():
        return DeviceInfo("cuda", "CUDA", False, "no NVIDIA GPU with a working driver was found")
    return DeviceInfo("cuda", f"CUDA ({torch.cuda.get_device_name()})", True)


def _mps() -> DeviceInfo:
    import torch

    if torch.backends.mps.is_available():
        return DeviceInfo("mps", "Apple GPU (MPS)", True)
    return DeviceInfo("mps", "Apple GPU (MPS)", False, "this is not a Mac with an Apple GPU")


def available_devices() -> tuple[DeviceInfo, ...]:
    """Every kind of device, available or not. Imports torch: call it on a worker thread."""
    return (_openvino(), DeviceInfo("cpu", "CPU (torch)", True), _cuda(), _mps())


def choose_device(key: str) -> DeviceInfo:
    """The device for `key`; "auto" takes CUDA, then OpenVINO, then MPS, then the CPU.

    Raises FerdeskError with the reason when the device asked for is not available.
    """
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
