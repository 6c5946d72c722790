"""The files of a run: reading them, and writing torch's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from ferdesk.errors import FerdeskError
from ferdesk.files import replacing


def save_torch(path: Path, state: dict[str, Any]) -> None:
    """``torch.save``. Atomic; FerdeskError as in `ferdesk.files.replacing`."""
    import torch

    with replacing(path) as file:
        torch.save(state, file)


def read_config(run: Path) -> dict[str, Any]:
    """The resolved configuration as the run wrote it. FerdeskError for a damaged file."""
    path = run / "config.yaml"
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FerdeskError(f"The configuration '{path}' cannot be read.") from error
    values = values.get("train", values) if isinstance(values, dict) else None
    if not isinstance(values, dict):
        raise FerdeskError(f"The configuration '{path}' is damaged: it has no group 'train'.")
    return values


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file, None where there is no file. FerdeskError for a damaged one."""
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FerdeskError(f"The file '{path}' is damaged; it is not JSON.") from error
    if not isinstance(values, dict):
        raise FerdeskError(f"The file '{path}' is damaged; it holds no JSON object.")
    return values
