"""environment.json: complete, JSON, and silent about people, machines and folders."""

import getpass
import importlib.util
import json
import platform
import re
import shutil
import socket
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from trainer import environment as module
from trainer.environment import checkout, computes_bf16, cpu_name, device_name, environment

ROOT = Path(__file__).parents[3]

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="no git")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c",
         "-c", "commit.gpgsign=false", *arguments],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with one tracked package and one that is ignored."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "a.py").write_text("a = 1\n")
    (tmp_path / "notes.txt").write_text("1\n")
    (tmp_path / ".gitignore").write_text("venv/\n*.pyc\n")
    (tmp_path / "venv" / "package").mkdir(parents=True)
    (tmp_path / "venv" / "package" / "a.py").write_text("a = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def test_everything_and_nothing_private() -> None:
    values = environment(torch.device("cpu"), 3, 17)
    assert values["python"] == platform.python_version()
    for name in ("ferdesk", "torch", "numpy", "mediapipe"):
        assert values[name] == version(name)
    assert values["opencv"] == version("opencv-contrib-python")
    assert (values["device"], values["threads"], values["seed"]) == ("cpu", 3, 17)
    assert values["device_name"] == values["cpu"]
    text = json.dumps(values, allow_nan=False)
    words = {str(ROOT), str(Path.home()), "/home/", "/Users/"}
    # A short name such as "a" is part of everything.
    words |= {word for word in (socket.gethostname(), getpass.getuser()) if len(word) > 4}
    assert [word for word in words if word in text] == []


def test_a_package_that_is_missing_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DISTRIBUTIONS", {"opencv": "no-such-distribution"})
    assert environment(torch.device("cpu"), 1, 1)["opencv"] is None


def test_the_processor_has_the_name_that_its_maker_gives_it() -> None:
    assert cpu_name()
    cpuinfo = Path("/proc/cpuinfo")
    known = cpuinfo.read_text() if cpuinfo.is_file() else ""
    if "model name" in known:
        assert re.search(rf"model name\s*: {re.escape(cpu_name())}\s*$", known, re.MULTILINE)


def test_without_openvino_the_processor_has_its_architecture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert cpu_name.__wrapped__() == (platform.processor() or platform.machine())


def test_a_gpu_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def supported(including_emulation: bool = True) -> bool:
        asked.append(including_emulation)
        return False

    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU {device}")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert device_name(torch.device("cuda:1")) == "GPU cuda:1"
    assert computes_bf16(torch.device("cuda:1")) is False
    assert asked == [False]


@pytest.mark.parametrize(
    ("found", "answer"),
    [({"avx2": True}, False), ({"avx512_bf16": True}, True), ({"bf16": True}, True)],
)
def test_a_processor_with_bf16(
    found: dict[str, bool], answer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    assert computes_bf16(torch.device("cpu")) is answer
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert computes_bf16(torch.device("cpu")) is None


@needs_git
def test_the_commit_of_the_checkout(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert len(commit) == 40
    assert checkout(repository / "package") == {"commit": commit, "dirty": False}


@needs_git
@pytest.mark.parametrize(
    ("path", "dirty"),
    [
        ("package/a.py", True),
        ("notes.txt", True),
        ("package/new.py", True),
        ("package/a.pyc", False),
        ("mine.txt", False),
    ],
)
def test_dirty(path: str, dirty: bool, repository: Path) -> None:
    (repository / path).write_text("changed\n")
    found = checkout(repository / "package")
    assert found is not None
    assert found["dirty"] is dirty


@needs_git
def test_a_package_installed_inside_another_checkout_has_no_commit(repository: Path) -> None:
    assert checkout(repository / "venv" / "package") is None


@needs_git
def test_a_hook_of_another_checkout_does_not_mislead(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("other")))
    found = checkout(repository / "package")
    assert found is not None
    assert found["commit"] == commit


def test_no_checkout(tmp_path: Path) -> None:
    assert checkout(tmp_path) is None


def test_no_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout(ROOT / "trainer") is None


def test_a_git_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: tuple[str, ...], **more: object) -> None:
        assert more["timeout"]
        raise subprocess.TimeoutExpired(command, 10)

    monkeypatch.setattr(subprocess, "run", hang)
    assert checkout(ROOT / "trainer") is None
