"""The files of a run: reading them, and writing torch's."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.files import replacing


def save_torch(path: Path, state: dict[str, Any]) -> None:
    """``torch.save``. Atomic; FerdeskError as in `ferdesk.files.replacing`."""
    import torch

    with replacing(path) as file:
        torch.save(state, file)


_DEEPEST = 20
"""Levels of a configuration; ours has three."""


def check_yaml(text: str) -> None:
    """FerdeskError for YAML whose values could grow without end: aliases, or very deep nesting.

    Nine lines of aliases stand for a thousand million values. Other faults are left to the reader.
    """
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise FerdeskError(
                    f"The configuration uses the YAML alias '*{event.anchor}'; write its value out."
                )
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise FerdeskError(
                    f"The configuration is nested more than {_DEEPEST} levels deep; no option is."
                )
    except yaml.YAMLError:
        return


def read_config(run: Path) -> dict[str, Any]:
    """The resolved configuration as the run wrote it. FerdeskError for a damaged file."""
    path = run / "config.yaml"
    try:
        text = path.read_text(encoding="utf-8")
        check_yaml(text)
        values = yaml.safe_load(text)
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


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an .npz file by name. OSError, or ValueError for any other or damaged file."""
    # numpy leaves a file open that it opened itself and cannot read.
    with path.open("rb") as opened:
        try:
            file = np.load(opened, allow_pickle=False)
            if isinstance(file, np.ndarray):
                raise ValueError("it holds one array without a name")
            return {name: file[name] for name in file.files}
        except (EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(str(error)) from error
