"""Open Sound Control over UDP: one bundle per reading."""

from __future__ import annotations

import socket
import struct
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.pipeline.types import FaceReading, Reading
from ferdesk.streams.outlet import StreamError


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT" ("[::1]:9000" for IPv6). StreamError."""
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdecimal():
        raise StreamError(f"'{text}' is no HOST:PORT, such as 127.0.0.1:9000.")
    if not 0 < int(port) < 65536:
        raise StreamError(f"The port in '{text}' must be between 1 and 65535.")
    return host, int(port)


_BUNDLE: Final = b"#bundle\0\0\0\0\0\0\0\0\1"
"""Its time tag means immediately."""
_FRAME: Final = struct.Struct(">ifi")
_ONE: Final = struct.Struct(">f")
_POSE: Final = struct.Struct(">3f")


class OscOutlet:
    """Sends to one host. UDP: whether anybody listens cannot be known, and nothing waits for it.

    ``/ferdesk/frame`` number, seconds of the source, number of faces; and for every face
    ``/ferdesk/face/ID/expression`` 7 floats, ``…/label`` text, ``…/reliability`` float (-1: not
    known), ``…/pose`` yaw, pitch, roll in degrees, ``…/blendshapes`` 52 floats; with a
    neutral baseline also ``…/change`` 7 and ``…/blendshapes_change`` 52 floats. Events:
    ``/ferdesk/event`` text.
    """

    name = "OSC"
    receivers = "receivers cannot be counted"
    lost = 0

    def __init__(self, host: str, port: int) -> None:
        """StreamError without python-osc, or when the host has no address."""
        try:
            from pythonosc.parsing import osc_types  # noqa: F401
        except ImportError as error:
            raise StreamError(
                "OSC needs the package python-osc; install it with 'pip install ferdesk[stream]'."
            ) from error
        try:
            # Looked up once: a name server that hangs must not hang the sender.
            found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        except (OSError, UnicodeError) as error:
            raise StreamError(f"The host '{host}' for OSC has no address; check it.") from error
        family, kind, protocol, _, to = found
        self._to: Any = to
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)
        shown = f"[{host}]" if ":" in host else host
        self._address = f"{shown}:{port}"

    @property
    def address(self) -> str:
        return self._address

    def send(self, reading: Reading, threshold: float) -> None:
        frame, faces = reading.frame, reading.faces
        parts = [
            _BUNDLE, _head("/ferdesk/frame", "ifi"),
            _FRAME.pack(frame.index, frame.media_time, len(faces)),
        ]  # fmt: skip
        for face in faces:
            parts += _about(face, threshold)
        self._socket.sendto(b"".join(parts), self._to)

    def mark(self, label: str, at: float) -> None:  # noqa: ARG002  # UDP comes at once
        self._socket.sendto(_BUNDLE + _text("/ferdesk/event", label), self._to)

    def close(self) -> None:
        self._socket.close()


def _about(face: FaceReading, threshold: float) -> list[bytes]:
    place = f"/ferdesk/face/{face.face_id}"
    pose, change = face.pose, face.change
    parts = [
        *_floats(f"{place}/expression", face.probabilities),
        _text(f"{place}/label", face.answer(threshold)),
        _head(f"{place}/reliability", "f"),
        _ONE.pack(-1.0 if face.reliability is None else face.reliability),
        _head(f"{place}/pose", "fff"),
        _POSE.pack(pose.yaw, pose.pitch, pose.roll),
        *_floats(f"{place}/blendshapes", face.landmarks.blendshapes),
    ]
    if change is not None:
        parts += _floats(f"{place}/change", change.log_probabilities)
        parts += _floats(f"{place}/blendshapes_change", change.blendshapes)
    return parts


def _floats(address: str, values: NDArray[np.float32]) -> tuple[bytes, bytes]:
    return _head(address, "f" * len(values)), values.astype(">f4").tobytes()


# What is the same in most readings is built once: the builders of python-osc take a third of a
# millisecond per reading.


@lru_cache(maxsize=256)
def _head(address: str, tags: str) -> bytes:
    """Length, address and type tags of a message whose values take four bytes each."""
    head = _words(address, f",{tags}")
    return struct.pack(">i", len(head) + 4 * len(tags)) + head


@lru_cache(maxsize=256)
def _text(address: str, text: str) -> bytes:
    """Length and all of a message of one text."""
    whole = _words(address, ",s", text)
    return struct.pack(">i", len(whole)) + whole


def _words(*words: str) -> bytes:
    from pythonosc.parsing.osc_types import write_string

    return b"".join(map(write_string, words))
