"""Full disks and forbidden folders: one sentence, and the old content survives."""

import errno
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ferdesk import files as writing
from ferdesk.errors import FerdeskError
from ferdesk.files import append_line, write_json, write_text
from trainer.files import save_torch

ROOT = Path(__file__).parents[2]


WRITERS: dict[str, Callable[[Path], None]] = {
    "text": lambda path: write_text(path, "new\n"),
    "json": lambda path: write_json(path, {"new": 1}),
    "torch": lambda path: save_torch(path, {"new": torch.zeros(1000)}),
    "line": lambda path: append_line(path, "new"),
}


@pytest.fixture(params=WRITERS)
def write(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    return WRITERS[request.param]


def test_full_while_it_is_made_safe(
    write: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old\n")

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FerdeskError) as caught:
        write(path)
    assert str(caught.value) == (
        f"The disk is full: '{path}' could not be written; the last good one is kept. Free some "
        "space and try again."
    )
    assert path.read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_half_a_line_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"old\n")

    class Filling(io.FileIO):
        def write(self, content: object) -> int:
            data = bytes(content)  # type: ignore[call-overload]
            if len(data) < 8:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data[:3])

    monkeypatch.setattr(Path, "open", lambda self, mode, buffering: Filling(self, mode))
    with pytest.raises(FerdeskError, match="disk is full"):
        append_line(path, "new and long")
    monkeypatch.undo()
    assert path.read_bytes() == b"old\n"


def test_nothing_is_said_to_be_kept_where_nothing_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FerdeskError, match=r"could not be written\. Free some"):
        write_text(tmp_path / "file", "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
@pytest.mark.parametrize("numbers", [10, 3_000_000])
def test_what_torch_makes_of_a_full_disk(
    numbers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.pt"
    save_torch(path, {"w": torch.zeros(3)})
    real = Path.open

    def open_full(self: Path, *arguments: object) -> object:
        if self.suffix == ".part":
            return real(Path("/dev/full"), "wb")
        return real(self, *arguments)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(FerdeskError, match=r"disk is full.*last good one is kept"):
        save_torch(path, {"w": torch.zeros(numbers)})
    monkeypatch.undo()
    assert len(torch.load(path, weights_only=True)["w"]) == 3


_ON_A_SMALL_DISK = """
import sys
from pathlib import Path
import torch
from ferdesk.errors import FerdeskError
from ferdesk.files import append_line, write_text
from trainer.files import save_torch

folder = Path(sys.argv[1])
save_torch(folder / "state.pt", {"w": torch.zeros(50_000)})
write_text(folder / "a.txt", "old")
append_line(folder / "log.jsonl", "one")
for act in (
    lambda: save_torch(folder / "state.pt", {"w": torch.zeros(500_000)}),
    lambda: write_text(folder / "a.txt", "x" * 2_000_000),
    lambda: append_line(folder / "log.jsonl", "x" * 2_000_000),
):
    try:
        act()
    except FerdeskError as error:
        assert str(error).startswith("The disk is full"), error
    else:
        raise AssertionError("it should have been full")
assert len(torch.load(folder / "state.pt", weights_only=True)["w"]) == 50_000
assert (folder / "a.txt").read_text() == "old"
assert (folder / "log.jsonl").read_text() == "one\\n"
assert sorted(p.name for p in folder.iterdir()) == ["a.txt", "log.jsonl", "state.pt"]
append_line(folder / "log.jsonl", "two")
assert (folder / "log.jsonl").read_text() == "one\\ntwo\\n"
"""


def test_a_real_disk_of_one_megabyte(tmp_path: Path) -> None:
    folder, script = tmp_path / "disk", tmp_path / "script.py"
    folder.mkdir()
    script.write_text(_ON_A_SMALL_DISK)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("unshare") is None or shutil.which("mount") is None:
        pytest.skip("no unshare or mount")
    alone = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*alone, *mount], capture_output=True).returncode != 0:
        pytest.skip("a file system of one's own is not allowed here")
    done = subprocess.run(
        [*alone, "sh", "-c", '"$1" "$2" "$3" "$4" "$5" "$6" "$7" && shift 7 && exec "$@"', "sh",
         *mount, sys.executable, str(script), str(folder)],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_forbidden(
    number: int, write: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old\n")

    def refuse(self: Path, *arguments: object, **more: object) -> None:
        raise OSError(number, os.strerror(number), str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FerdeskError) as caught:
        write(path)
    assert str(caught.value) == (
        f"'{path}' may not be written ({os.strerror(number)}); the last good one is kept. Allow it "
        "or choose another folder, and try again."
    )
    monkeypatch.undo()
    assert path.read_bytes() == b"old\n"


def test_a_folder_that_is_really_read_only(write: Callable[[Path], None], tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("root and Windows may write here all the same")
    with pytest.raises(FerdeskError, match="may not be written"):
        write(folder / "file")


def test_a_folder_that_is_gone(write: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(FerdeskError, match=r"could not be written: No such file"):
        write(tmp_path / "gone" / "file")


def test_a_file_system_without_fsync_will_do(
    write: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(number: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(writing.os, "fsync", unknown)
    write(tmp_path / "file")
    assert (tmp_path / "file").stat().st_size > 0
