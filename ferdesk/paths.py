"""Where ferdesk keeps its own files; environment variables override the system's places."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or default)


def config_dir() -> Path:
    """Settings. `FERDESK_CONFIG_DIR` overrides."""
    return _folder("FERDESK_CONFIG_DIR", platformdirs.user_config_dir("ferdesk", False))


def state_dir() -> Path:
    """Window geometry and logs. `FERDESK_STATE_DIR` overrides."""
    return _folder("FERDESK_STATE_DIR", platformdirs.user_state_dir("ferdesk", False))


def sessions_dir() -> Path:
    """Sessions that the window records. `FERDESK_SESSIONS_DIR` overrides."""
    return Path(
        os.environ.get("FERDESK_SESSIONS_DIR")
        or Path(platformdirs.user_documents_dir()) / "ferdesk sessions"
    )


def cache_dir() -> Path:
    """What can be made again. `FERDESK_CACHE_DIR` overrides."""
    return _folder("FERDESK_CACHE_DIR", platformdirs.user_cache_dir("ferdesk", False))


def networks_dir() -> Path:
    """Networks and models compiled for this computer."""
    return cache_dir() / "networks"
