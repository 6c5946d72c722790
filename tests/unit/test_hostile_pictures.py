"""Pictures that are broken, enormous, unusual, or no files at all."""

from __future__ import annotations

import io
import os
import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ferdesk.errors import FerdeskError
from ferdesk.pictures import PictureError, read_header, read_picture
from ferdesk.resources import asset
from ferdesk.sources.file_list import FolderSource
from ferdesk.sources.spec import SourceSpec, open_source
from trainer.data import packed

FORMATS = {"png": "PNG", "jpg": "JPEG", "bmp": "BMP", "webp": "WEBP", "tif": "TIFF", "gif": "GIF"}
INPUTS_PER_FORMAT = 40


def portrait(edge: int = 64) -> Image.Image:
    with Image.open(asset("portrait.png")) as picture:
        return picture.convert("RGB").resize((edge, edge))


def encoded(kind: str, picture: Image.Image | None = None) -> bytes:
    file = io.BytesIO()
    (picture or portrait()).save(file, FORMATS[kind])
    return file.getvalue()


def huge_png(width: int, height: int, rows: int = 0) -> bytes:
    """A few kilobytes that ask for `width` x `height` x 3 bytes; only `rows` are really there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        tail = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + tail

    body = zlib.compress(bytes(rows * (width * 3 + 1)), 1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


# --- too large ----------------------------------------------------------------------------------


def test_enormous_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(huge_png(16_000, 4_000, 4_000))
    assert path.stat().st_size < 1_000_000
    code = f"""
import resource, sys
from pathlib import Path
import PIL.Image, cv2
from ferdesk.pictures import read_picture
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_picture(Path({str(path)!r}))
except Exception as error:
    print(error)
assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "16,000x4,000 pixels, more than 50 megapixels" in done.stdout
    assert packed.read_picture(path) is None  # `prepare` leaves it out


def test_the_limit_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(huge_png(10_000, 5_000))
    assert read_header(path).width == 10_000
    path.write_bytes(huge_png(10_001, 5_000))
    with pytest.raises(PictureError, match="make it smaller"):
        read_header(path)


def test_enormous_animation(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    screen = struct.pack("<HHBBB", 15_000, 15_000, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    image = b"\x2c" + struct.pack("<HHHHB", 0, 0, 15_000, 15_000, 0) + b"\x02\x03\x44\x02\x05\0"
    path.write_bytes(b"GIF89a" + screen + image + b"\x3b")
    with pytest.raises(FerdeskError, match="megapixels"):
        open_source(SourceSpec.parse(str(path))).open()


def test_file_larger_than_any_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.write(encoded("png"))
        file.truncate(2_000_000_000)  # sparse
    with pytest.raises(PictureError, match="2,000 MB"):
        read_picture(path)


# --- no pictures at all -------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_fifos_devices_and_folders_do_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    for name in ("pipe.png", "folder.png", "zero.png"):
        with pytest.raises(FerdeskError, match="folder or a device"):
            read_picture(tmp_path / name)
    with pytest.raises(FerdeskError, match="is not a file"):
        SourceSpec.parse(str(tmp_path / "pipe.png"))
    with pytest.raises(FerdeskError, match="no pictures"):
        FolderSource(tmp_path).open()
    (tmp_path / "face.png").write_bytes(encoded("png"))
    source = FolderSource(tmp_path)
    assert source.open().frame_count == 1
    source.close()


def test_text_named_like_a_picture(tmp_path: Path) -> None:
    for name, content in (("a.png", b"hello"), ("b.svg", b"<svg/>"), ("c.jpg", b"\xff\xd8\xff")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PictureError, match="not a picture that can be read"):
            read_picture(tmp_path / name)


# --- unusual ones -------------------------------------------------------------------------------

Save = Callable[[Path, Image.Image], None]


@pytest.mark.parametrize(
    ("name", "save"),
    [
        ("cmyk.jpg", lambda p, im: im.convert("CMYK").save(p, quality=95)),
        ("cmyk.tif", lambda p, im: im.convert("CMYK").save(p)),
        ("palette.png", lambda p, im: im.quantize(256).save(p)),
        ("progressive.jpg", lambda p, im: im.save(p, progressive=True, quality=95)),
        ("alpha.webp", lambda p, im: im.convert("RGBA").save(p, lossless=True)),
        ("lzw.tif", lambda p, im: im.save(p, compression="tiff_lzw")),
        ("a.avif", lambda p, im: im.save(p, quality=95)),
    ],
)
def test_unusual_encodings_look_the_same(tmp_path: Path, name: str, save: Save) -> None:
    picture = portrait(128)
    save(tmp_path / name, picture)
    expected = np.asarray(picture)[..., ::-1].astype(int)
    found = read_picture(tmp_path / name)
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < 4


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
def test_of_an_animation_the_first_picture_is_read(tmp_path: Path, name: str) -> None:
    first = portrait()
    further = [first.rotate(90), first.rotate(180)]
    first.save(
        tmp_path / name, save_all=True, append_images=further, **(
            {"lossless": True} if name.endswith("webp") else {}
        )
    )  # fmt: skip
    source = open_source(SourceSpec.parse(str(tmp_path / name)))
    assert "first of 3 pictures" in source.open().detail
    frame = source.read()
    assert frame is not None
    np.testing.assert_array_equal(frame.image, np.asarray(first)[..., ::-1])
    source.close()


def test_floats_are_refused_plainly(tmp_path: Path) -> None:
    portrait().convert("F").save(tmp_path / "a.tif")
    with pytest.raises(PictureError, match="JPEG, PNG, WebP, BMP and TIFF work"):
        read_picture(tmp_path / "a.tif")


# --- fuzz ---------------------------------------------------------------------------------------


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Flip bits anywhere, overwrite parts of the header, cut off, or repeat a part."""
    out = bytearray(data)
    match chance.randrange(4):
        case 0:
            for _ in range(chance.randint(1, 20)):
                out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
        case 1:
            for _ in range(chance.randint(1, 6)):
                at = chance.randrange(min(64, len(out)))
                out[at : at + 4] = chance.choice(
                    [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", chance.randbytes(4)]
                )
        case 2:
            del out[chance.randrange(len(out)) :]
        case 3:
            a, b = sorted(chance.sample(range(len(out)), 2))
            out[a:a] = out[a:b]
    return bytes(out)


@pytest.mark.fuzz
@pytest.mark.filterwarnings("ignore::UserWarning")  # `bootstrap` silences Pillow
@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_pictures_give_a_frame_or_a_sentence(
    tmp_path: Path, kind: str, fuzz_rounds: range
) -> None:
    chance = random.Random(f"pictures {kind}")
    data = encoded(kind, portrait(24))
    path = tmp_path / f"a.{kind}"
    sentences = []
    for _ in range(INPUTS_PER_FORMAT * len(fuzz_rounds)):
        path.write_bytes(damaged(data, chance))
        try:
            source = open_source(SourceSpec.parse(str(path)))
            source.open()
            frame = source.read()
            source.close()
        except FerdeskError as error:
            sentences.append(str(error))
        else:
            assert frame is not None
            assert frame.image.ndim == 3
            assert frame.image.dtype == np.uint8
    assert sentences
    assert all("\n" not in said and said.endswith(".") for said in sentences)
