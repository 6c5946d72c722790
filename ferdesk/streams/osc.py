"""Open Sound Control over UDP: one bundle per reading."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

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


Values = Sequence[int | float | str]
_AT_ONCE: Final = b"\0\0\0\0\0\0\0\1"
"""The time tag that means immediately."""


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
            from pythonosc.parsing import osc_types
        except ImportError as error:
            raise StreamError(
                "OSC needs the package python-osc; install it with 'pip install ferdesk[stream]'."
            ) from error
        self._types = osc_types
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
        frame = reading.frame
        parts: list[tuple[str, Values]] = [
            ("/ferdesk/frame", [frame.index, frame.media_time, len(reading.faces)])
        ]
        for face in reading.faces:
            parts += _about(face, threshold)
        self._send(parts)

    def mark(self, label: str, at: float) -> None:  # noqa: ARG002  # UDP comes at once
        self._send([("/ferdesk/event", [label])])

    def close(self) -> None:
        self._socket.close()

    def _send(self, parts: list[tuple[str, Values]]) -> None:
        # The builders of python-osc parse again what they have built: a third of a millisecond.
        bundle = [self._types.write_string("#bundle"), _AT_ONCE]
        for address, values in parts:
            message = self._message(address, values)
            bundle += (self._types.write_int(len(message)), message)
        self._socket.sendto(b"".join(bundle), self._to)

    def _message(self, address: str, values: Values) -> bytes:
        """All float, or of mixed kinds."""
        if all(isinstance(value, float) for value in values):
            tags, packed = "f" * len(values), struct.pack(f">{len(values)}f", *values)
        else:
            write: dict[type, Callable[[Any], bytes]] = {
                str: self._types.write_string,
                int: self._types.write_int,
                float: self._types.write_float,
            }
            tags = "".join(type(value).__name__[0] for value in values)
            packed = b"".join(write[type(value)](value) for value in values)
        written = self._types.write_string(address) + self._types.write_string(f",{tags}")
        return bytes(written + packed)


def _about(face: FaceReading, threshold: float) -> list[tuple[str, Values]]:
    place = f"/ferdesk/face/{face.face_id}"
    pose = face.pose
    parts: list[tuple[str, Values]] = [
        (f"{place}/expression", face.probabilities.tolist()),
        (f"{place}/label", [face.answer(threshold)]),
        (f"{place}/reliability", [-1.0 if face.reliability is None else face.reliability]),
        (f"{place}/pose", [pose.yaw, pose.pitch, pose.roll]),
        (f"{place}/blendshapes", face.landmarks.blendshapes.tolist()),
    ]
    if face.change is not None:
        parts += [
            (f"{place}/change", face.change.log_probabilities.tolist()),
            (f"{place}/blendshapes_change", face.change.blendshapes.tolist()),
        ]
    return parts
