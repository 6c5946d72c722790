"""Every test gets folders of its own and a Qt without a display."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from ferdesk.bootstrap import prepare_environment

prepare_environment()

REPOSITORY = Path(__file__).resolve().parent.parent
# liblsl reads it when it is loaded.
os.environ["LSLAPICFG"] = str(REPOSITORY / "tests" / "lsl.cfg")
FACE_CLIP = REPOSITORY.parent / "shared" / "media" / "grid_bbaf2n.mpg"
"""A real speaking face; not part of the repository."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fuzz", type=int, default=1, metavar="N",
        help="rounds of random input in the tests marked fuzz, each with seeds of its own",
    )  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """More rounds take more time than a test is given otherwise."""
    rounds = config.getoption("--fuzz")
    for item in items:
        if item.get_closest_marker("fuzz") and rounds > 1:
            item.add_marker(pytest.mark.timeout(120 * rounds))


@pytest.fixture
def fuzz_rounds(request: pytest.FixtureRequest) -> range:
    """0, 1, … N - 1 of ``--fuzz N``: the same number always makes the same input."""
    return range(request.config.getoption("--fuzz"))


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
