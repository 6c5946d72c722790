"""MediaPipe's models compiled by OpenVINO, kept between starts."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder, read_sealed, write_sealed
from ferdesk.quiet_openvino import cpu_settings, ov
from ferdesk.vision.task import MODEL_SHA256

log = logging.getLogger(__name__)

_CONVERSION: Final = 1
"""Raise it whenever what is compiled is built differently."""
_SUFFIX: Final = ".face"
_MOST_FILES: Final = 8


def compiled(
    build: Callable[[ov.Core], ov.Model],
    name: str,
    folder: Path | None,
    *,
    threads: int,
    streams: int,
    precision: str,
) -> Any:
    """The model `build` makes, compiled for the CPU; see `cpu_settings`.

    It is kept in `folder`, if there is one, by its `name`, OpenVINO, CPU and settings. Raises
    RuntimeError where OpenVINO cannot use the model.
    """
    core = ov.Core()
    settings = cpu_settings(threads, streams, precision)
    if folder is None:
        return core.compile_model(build(core), "CPU", settings)
    path = _place(core, name, folder, settings)
    model = _read(core, path, settings)
    if model is None:
        model = core.compile_model(build(core), "CPU", settings)
        _write(path, model.export_model().getvalue())
    return model


def _place(core: ov.Core, name: str, folder: Path, settings: dict[str, Any]) -> Path:
    key = {
        "models": MODEL_SHA256,
        "name": name,
        "openvino": ov.get_version(),
        "cpu": core.get_property("CPU", "FULL_DEVICE_NAME"),
        "capabilities": sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")),
        "settings": settings,
        "conversion": _CONVERSION,
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return folder / f"{digest}{_SUFFIX}"


def _read(core: ov.Core, path: Path, settings: dict[str, Any]) -> Any | None:
    """None when none is kept or what is kept is damaged."""
    try:
        model = core.import_model(io.BytesIO(read_sealed(path)), "CPU", settings)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RuntimeError) as error:
        log.warning("the kept model %s is not used: %s", path.name, error)
        return None
    with contextlib.suppress(OSError):
        path.touch()
    return model


def _write(path: Path, content: bytes) -> None:
    """Keep it, and remove the oldest of too many; a full disk is only logged."""
    try:
        make_folder(path.parent)
        write_sealed(path, content)
        found = sorted(path.parent.glob(f"*{_SUFFIX}"), key=lambda p: p.stat().st_mtime)
        for old in found[:-_MOST_FILES]:
            old.unlink(missing_ok=True)
    except (FerdeskError, OSError) as error:
        log.warning("the compiled model is not kept: %s", error)
