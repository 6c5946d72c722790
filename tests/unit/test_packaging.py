"""What pip is told, and what it made of it."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import ferdesk
from ferdesk.commands.doctor import checks

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

BUILD_ONLY_ASSETS = {"THIRD_PARTY.md", "MODEL_CARD.md", "model_card.svg"}


def requirements(*extras: str) -> list[Requirement]:
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


def names(*extras: str) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in requirements(*extras)}


def imported_packages(folder: Path) -> dict[str, Path]:
    """Top-level package -> a file that imports it, anywhere in `folder`, also inside functions."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                modules = [node.module]
            else:
                continue
            for module in modules:
                found.setdefault(module.partition(".")[0], path.relative_to(ROOT))
    return found


@pytest.mark.parametrize(
    ("folder", "extras"), [("ferdesk", ("parquet", "pandas", "stream")), ("trainer", ("train",))]
)
def test_every_imported_distribution_is_declared(folder: str, extras: tuple[str, ...]) -> None:
    declared = names(*extras)
    providers = importlib.metadata.packages_distributions()
    for package, path in imported_packages(ROOT / folder).items():
        if package in sys.stdlib_module_names or package in {"ferdesk", "trainer", "__future__"}:
            continue
        distributions = {canonicalize_name(name) for name in providers.get(package, [package])}
        # PySide6's own runtime; always installed with it, at the same version.
        distributions |= {"pyside6-essentials"} if package == "shiboken6" else set()
        assert distributions & declared, f"{path} imports {package}, which is not declared"


def test_every_dependency_has_an_upper_bound() -> None:
    for requirement in requirements("train", "tensorboard", "parquet", "pandas", "stream", "dev"):
        operators = {specifier.operator for specifier in requirement.specifier}
        assert "<" in operators, f"{requirement} could become anything"
        assert ">=" in operators, f"{requirement} has no oldest version"


def test_installed_versions_are_within_the_bounds() -> None:
    for requirement in requirements():
        if requirement.marker is None or requirement.marker.evaluate():
            version = importlib.metadata.version(requirement.name)
            assert requirement.specifier.contains(version.partition("+")[0]), requirement


def test_one_provider_of_cv2() -> None:
    """MediaPipe brings opencv-contrib-python; a second provider would overwrite its files."""
    import cv2

    installed = checks.installed(checks.CV2_PROVIDERS)
    assert "opencv-contrib-python" in installed
    assert len(set(installed.values())) == 1, f"{installed} overwrite each other"
    assert checks.judge_cv2_loaded(cv2.__version__, installed).status is checks.Status.OK
    assert not names("train", "dev") & {
        "opencv-python",
        "opencv-python-headless",
        "opencv-contrib-python-headless",
    }


def test_pyside_stays_below_6_12_on_python_3_11() -> None:
    environment = {"python_version": "3.11", "python_full_version": "3.11.9"}
    pins = [
        requirement.specifier
        for requirement in requirements()
        if requirement.name == "pyside6-essentials"
        and requirement.marker is not None
        and requirement.marker.evaluate(environment)
    ]
    assert len(pins) == 1
    assert pins[0].contains("6.11.3")
    assert not pins[0].contains("6.12.0")


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal since Python 3.12")
def test_qt_calls_do_not_eat_references_to_none() -> None:
    """The fault of PySide6 6.12: each void call released None once too often, until it died."""
    from PySide6.QtCore import QObject

    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(3000):
        thing.setObjectName("x")
    assert sys.getrefcount(None) > before - 300


def test_torch_bound_takes_the_versions_it_promises() -> None:
    torch = next(r for r in requirements() if r.name == "torch")
    assert torch.specifier.contains("2.4.0")
    assert torch.specifier.contains("2.13.0")
    assert not torch.specifier.contains("2.14.0")


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", True),
        ("linux", "aarch64", True),
        ("linux", "riscv64", False),
        ("win32", "AMD64", True),
        ("win32", "ARM64", False),
        ("darwin", "arm64", True),
        ("darwin", "x86_64", False),
    ],
)
def test_openvino_only_where_it_is_published(system: str, machine: str, expected: bool) -> None:
    openvino = next(r for r in requirements() if r.name == "openvino")
    assert openvino.marker is not None
    environment = {"sys_platform": system, "platform_machine": machine}
    assert openvino.marker.evaluate(environment) is expected


def test_doctor_knows_every_dependency() -> None:
    assert set(checks.PACKAGES) == names()


def test_version_is_the_same_everywhere() -> None:
    version = ferdesk.__version__
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_asset_is_listed_with_its_hash() -> None:
    text = (ROOT / "assets" / "THIRD_PARTY.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", text, flags=re.M | re.S))
    for path in sorted((ROOT / "assets").iterdir()):
        if path.name in BUILD_ONLY_ASSETS:
            continue
        assert path.name in sections, f"assets/THIRD_PARTY.md does not mention {path.name}"
        listed = re.search(r"SHA-256: `([0-9a-f]{64})`", sections[path.name])
        assert listed is not None, f"assets/THIRD_PARTY.md has no SHA-256 of {path.name}"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert listed[1] == digest, f"the SHA-256 of {path.name} is {digest}"


def test_readme_gives_exactly_two_commands_first() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, flags=re.M | re.S)
    commands = [line.partition("#")[0].strip() for line in blocks[0].splitlines()]
    assert [command for command in commands if command] == ["make run", "make test"]


def test_the_readme_names_the_pythons_that_the_package_names() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"Python 3\.(\d+) to 3\.(\d+)", text)
    assert found is not None
    first, last = int(found[1]), int(found[2])
    assert PROJECT["requires-python"] == f">=3.{first}"
    versions = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if ":: Python ::" in c]
    assert versions == [f"3.{minor}" for minor in range(first, last + 1)]


def test_wheel_holds_the_program_and_its_assets(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    script = (
        "import sys; from hatchling.builders.wheel import WheelBuilder; "
        "print(*WheelBuilder(sys.argv[1]).build(directory=sys.argv[2], versions=['standard']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(ROOT), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    wheel = Path(done.stdout.split()[-1])
    with zipfile.ZipFile(wheel) as archive:
        members = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    for name in ("ferdesk/__init__.py", "trainer/__init__.py", "ferdesk/assets/THIRD_PARTY.md"):
        assert name in members
    assert {"ferdesk/py.typed", "ferdesk/__init__.pyi"} <= members, "programs get its types"
    # Pages are made of files that are no Python.
    shipped = {p for p in (ROOT / "trainer").rglob("*") if p.suffix in (".j2", ".css", ".js")}
    assert shipped
    assert {p.relative_to(ROOT).as_posix() for p in shipped} <= members
    assert not [m for m in members if m.startswith(("tests/", "tools/", "docs/", "assets/"))]
    assert not [m for m in members if "__pycache__" in m]
    # As installed: away from the checkout, the assets are found inside the package.
    found = subprocess.run(
        [sys.executable, "-c", "from ferdesk.resources import asset; print(asset('portrait.png'))"],
        cwd=tmp_path / "site",
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == str(tmp_path / "site" / "ferdesk" / "assets" / "portrait.png")


def test_openvino_telemetry_is_never_loaded(tmp_path: Path) -> None:
    """Importing openvino reports to Google Analytics unless its telemetry package is kept out."""
    if importlib.util.find_spec("openvino") is None:
        pytest.skip("openvino is not published for this platform")
    environment = {k: v for k, v in os.environ.items() if k not in {"CI", "TF_BUILD"}}
    environment |= {"HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    code = (
        "import sys, ferdesk.model.openvino_backend; "
        "sys.exit(sys.modules.get('openvino_telemetry') is not None)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0
    # Where it would keep the identity it reports with.
    assert not list(tmp_path.iterdir())
