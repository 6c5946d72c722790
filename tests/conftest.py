"""Every test gets folders of its own and a Qt without a display."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from ferdesk.bootstrap import prepare_environment

prepare_environment()

REPOSITORY = Path(__file__).resolve().parent.parent
FACE_CLIP = REPOSITORY.parent / "shared" / "media" / "grid_bbaf2n.mpg"
"""A real speaking face; not part of the repository."""


@pytest.fixture(autouse=True)
def own_folders(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings, state and cache never touch the user's; compiled networks are shared."""
    for name in ("CONFIG", "STATE", "SESSIONS"):
        monkeypatch.setenv(f"FERDESK_{name}_DIR", str(tmp_path / f"ferdesk-{name.lower()}"))
    monkeypatch.setenv("FERDESK_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def face_clip() -> Path:
    """The speaking face, or a skip where it is not at hand."""
    if not FACE_CLIP.is_file():
        pytest.skip("the test clip does not lie beside the repository")
    return FACE_CLIP
