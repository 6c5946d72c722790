"""Whether a folder belongs to a configuration: one rule for runs, grids and audits."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ferdesk.errors import FerdeskError
from trainer.config import TrainConfig

_FREE = frozenset(("name", "notes", "threads", "tensorboard", "compile"))
"""Settings that do not change the result: a run goes on under others."""


def settings(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """One level of settings, named as options are: ``{"noise": {"rate": 0}}`` → "noise.rate".

    Values are as JSON keeps them.
    """
    found: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            found |= settings(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = json.loads(json.dumps(value))
    return found


def differences(
    stored: Mapping[str, Any], config: Mapping[str, Any], skip: Collection[str] = ()
) -> list[str]:
    """Names of the settings in which a stored configuration is another run than `config`.

    Settings that it lacks came later and count as their defaults; settings that only it has are
    those of another version and are not compared, nor are those in `skip`.
    """
    old = settings(asdict(TrainConfig())) | settings(stored)
    return [
        name
        for name, value in settings(config).items()
        if name not in _FREE and name not in skip and old.get(name) != value
    ]


def check_same(
    stored: Mapping[str, Any],
    config: Mapping[str, Any],
    folder: Path,
    option: str,
    skip: Collection[str] = (),
) -> None:
    """FerdeskError where `folder`, which `option` names, was made with another configuration."""
    different = differences(stored, config, skip)
    if different:
        raise FerdeskError(
            f"'{folder}' was made with another configuration ({', '.join(different[:3])}); "
            f"give another {option}."
        )
