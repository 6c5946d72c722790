"""The outside of a .safetensors file: its header, checked before anything is believed, and the sum
of its tensors. Needs neither torch nor numpy.
"""

from __future__ import annotations

import hashlib
import json
import math
import stat
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from ferdesk.errors import FerdeskError

_MAX_HEADER: Final = 4 * 2**20
"""Bytes; the largest network of ours needs a twentieth of it."""
_MAX_DATA: Final = 2**30
_BLOCK: Final = 2**20
_MAX_DEPTH: Final = 32
_MAX_DIGITS: Final = 18
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
_BITS: Final = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16,
    "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U8": 8, "BOOL": 8,
}  # fmt: skip


class CheckpointError(FerdeskError):
    """A checkpoint that cannot be used, with the reason."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One tensor of the file."""

    dtype: str
    """As safetensors names it: F32, I64 …"""
    shape: tuple[int, ...]
    begin: int
    """First byte, counted from the start of the file."""
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """What the file says it holds."""

    tensors: Mapping[str, TensorSpec]
    metadata: Mapping[str, str]


def quoted(value: object, longest: int = 60) -> str:
    """Foreign text in one line of at most `longest` characters, for a sentence about it."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(c if c.isprintable() else " " for c in text[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + "…"


def parse_json(text: str | bytes) -> Any:
    """JSON of finite numbers and at most 32 levels. Raises ValueError for anything else."""
    try:
        value = json.loads(
            text, parse_constant=_refuse, parse_float=_finite_float, parse_int=_short_int
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    level, depth = [value], 0
    while level:
        if depth > _MAX_DEPTH:
            raise ValueError("it is nested too deeply")
        depth += 1
        level = [inner for outer in level for inner in _inside(outer)]
    return value


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number")


def _finite_float(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(quoted(text, 20))


def _short_int(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"{quoted(text, 20)} is too large a number")
    return int(text)


def read_header(path: Path) -> Header:
    """The header of a .safetensors file, checked against the length of the file.

    Reads at most 4 MB, never waits for a pipe or a device. Raises CheckpointError.
    """
    name = quoted(path.name)
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise CheckpointError(f"'{name}' is a folder; choose a .safetensors file.")
        if not stat.S_ISREG(found.st_mode):
            raise CheckpointError(
                f"'{name}' is a pipe or a device, not a file; choose a .safetensors file."
            )
        with path.open("rb") as file:
            return parse_header(file, found.st_size, name)
    except OSError as error:
        raise CheckpointError(f"'{name}' cannot be read: {error.strerror or error}.") from error


def parse_header(file: BinaryIO, size: int, name: str) -> Header:
    """The header of `size` bytes of safetensors from their start. Raises CheckpointError."""
    length = _header_length(file.read(9), size, name)
    file.seek(8)
    try:
        header = parse_json(file.read(length))
        metadata = header.pop("__metadata__", {})
        if not all(isinstance(text, str) for text in metadata.values()):
            raise ValueError("its metadata are no texts")
        entries = list(header.items())
    except (ValueError, AttributeError, TypeError) as error:
        raise CheckpointError(f"'{name}' is not a .safetensors checkpoint.") from error
    start = 8 + length
    tensors = {key: _tensor(key, entry, start, name) for key, entry in entries}
    at = start
    for spec in sorted(tensors.values(), key=lambda spec: (spec.begin, spec.end)):
        if spec.begin != at:
            raise CheckpointError(f"'{name}' is damaged: its tensors overlap or leave gaps.")
        at = spec.end
    if at != size:
        raise CheckpointError(f"'{name}' is truncated or damaged: its length is not what it says.")
    return Header(tensors, metadata)


def _header_length(start: bytes, size: int, name: str) -> int:
    """Length of the JSON text behind the first 8 bytes. Raises CheckpointError."""
    if size == 0:
        raise CheckpointError(f"'{name}' is empty (0 bytes).")
    if size > _MAX_DATA:
        raise CheckpointError(f"'{name}' is larger than 1 GB, which no network of ferdesk is.")
    length = int(struct.unpack("<Q", start[:8])[0]) if len(start) >= 8 else size
    if 2 <= length <= min(_MAX_HEADER, size - 8):
        return length
    # A header's length may begin like a pickle, but then its text begins with "{".
    if start[:4] == _ZIP or (start[:1] == _PICKLE and start[8:] != b"{"):
        raise CheckpointError(
            f"'{name}' is a pickled PyTorch file, which could run code when opened; "
            "convert it with 'python -m trainer convert' and open the result."
        )
    raise CheckpointError(f"'{name}' is not a .safetensors checkpoint, or is truncated.")


def _tensor(key: str, entry: Any, start: int, name: str) -> TensorSpec:
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        numbers = [*shape, begin, end]
        sound = len(shape) <= 8 and all(type(n) is int and 0 <= n <= _MAX_DATA for n in numbers)
        complete = sound and math.prod(shape) * _BITS[dtype] == 8 * (end - begin)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"'{name}' is damaged: its header does not describe the tensor '{quoted(key)}'."
        ) from error
    if not complete:
        raise CheckpointError(
            f"'{name}' is damaged: the tensor '{quoted(key)}' is not of the size it is said to be."
        )
    return TensorSpec(dtype, tuple(shape), start + begin, start + end)


def tensors_sha256(file: BinaryIO, header: Header) -> str:
    """SHA-256 of all tensors: name, dtype, shape and bytes of each, by name, as hexadecimal digits.

    Depends neither on the card nor on the order in the file. Raises OSError.
    """
    total = hashlib.sha256()
    for key in sorted(header.tensors):
        spec = header.tensors[key]
        total.update(json.dumps([key, spec.dtype, spec.shape]).encode("ascii") + b"\n")
        file.seek(spec.begin)
        left = spec.end - spec.begin
        while left and (block := file.read(min(left, _BLOCK))):
            total.update(block)
            left -= len(block)
    return total.hexdigest()
