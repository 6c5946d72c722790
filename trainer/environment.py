"""What a run was computed with, for ``environment.json``: no names of people, machines or paths."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import torch

_DISTRIBUTIONS: Final = {
    "ferdesk": "ferdesk",
    "torch": "torch",
    "numpy": "numpy",
    "mediapipe": "mediapipe",
    "opencv": "opencv-contrib-python",
}

_GIT_SECONDS: Final = 10.0


def environment(device: torch.device, threads: int, seed: int) -> dict[str, Any]:
    """Versions, machine and settings as JSON values; null for what cannot be found out."""
    return {
        "python": platform.python_version(),
        **{name: _version(distribution) for name, distribution in _DISTRIBUTIONS.items()},
        "cuda": torch.version.cuda if device.type == "cuda" else None,
        "os": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "device": device.type,
        "device_name": device_name(device),
        "threads": threads,
        "bf16": computes_bf16(device),
        "seed": seed,
        "git": checkout(Path(__file__).parent),
    }


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


@cache
def cpu_name() -> str:
    """The model of the processor as its maker calls it; its architecture where OpenVINO, which
    reads it on every system, is not installed."""
    if importlib.util.find_spec("openvino") is None:
        return platform.processor() or platform.machine()
    from ferdesk.quiet_openvino import ov

    return str(ov.Core().get_property("CPU", "FULL_DEVICE_NAME"))


def device_name(device: torch.device) -> str:
    """The model of the GPU; of the processor for every other device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name()


def computes_bf16(device: torch.device) -> bool | None:
    """Whether the device multiplies bf16 itself; emulation does not count. None: not known."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # Only newer versions of torch tell.
    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if device.type != "cpu" or capabilities is None:
        return None
    found = capabilities()
    return any(found.get(key, False) for key in ("avx512_bf16", "amx_bf16", "bf16"))


def checkout(folder: Path) -> dict[str, Any] | None:
    """Commit of the git checkout whose tracked files `folder` holds; None where there is none.

    ``dirty``: tracked files of the checkout have changed, or `folder` has files that git neither
    tracks nor ignores; null when git did not answer in time.
    """
    # An installed package may lie inside somebody's checkout without being part of it.
    if not _output("git", "-C", str(folder), "ls-files", "--", "."):
        return None
    commit = _output("git", "-C", str(folder), "rev-parse", "HEAD")
    if not commit:
        return None
    changed = _output("git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no")
    new = _output("git", "-C", str(folder), "ls-files", "--others", "--exclude-standard", "--", ".")
    dirty = None if changed is None or new is None else bool(changed or new)
    return {"commit": commit, "dirty": dirty}


def _output(*command: str) -> str | None:
    """What a program prints; None when it is missing, fails or takes too long."""
    # Inside a git hook these name another checkout than the folder's.
    hidden = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
    surroundings = {k: v for k, v in os.environ.items() if k not in hidden}
    surroundings["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        done = subprocess.run(
            command,
            env=surroundings,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=_GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
