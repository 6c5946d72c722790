"""Open Sound Control over UDP: one bundle per reading."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

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


class OscOutlet:
    """Sends to one host. UDP: whether anybody listens cannot be known, and nothing waits for it.

    ``/ferdesk/frame`` number, seconds of the source, number of faces; and for every face
    ``/ferdesk/face/ID/expression`` 7 floats, ``…/label`` text, ``…/reliability`` float (-1: not
    known), ``…/pose`` yaw, pitch, roll in degrees, ``…/blendshapes`` 52 floats. Events:
    ``/ferdesk/event`` text.
    """

    name = "OSC"
    receivers = "receivers cannot be counted"
    lost = 0

    def __init__(self, host: str, port: int) -> None:
        """StreamError without python-osc, or when the host has no address."""
        try:
            from pythonosc import osc_bundle_builder, osc_message_builder
        except ImportError as error:
            raise StreamError(
                "OSC needs the package python-osc; install it with 'pip install ferdesk[stream]'."
            ) from error
        self._bundles, self._messages = osc_bundle_builder, osc_message_builder
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
        bundle = self._bundles.OscBundleBuilder(self._bundles.IMMEDIATELY)
        for address, values in parts:
            message = self._messages.OscMessageBuilder(address)
            for value in values:
                message.add_arg(value)
            bundle.add_content(message.build())
        self._socket.sendto(bundle.build().dgram, self._to)


def _about(face: FaceReading, threshold: float) -> list[tuple[str, Values]]:
    place = f"/ferdesk/face/{face.face_id}"
    pose = face.pose
    return [
        (f"{place}/expression", face.probabilities.tolist()),
        (f"{place}/label", [face.answer(threshold)]),
        (f"{place}/reliability", [-1.0 if face.reliability is None else face.reliability]),
        (f"{place}/pose", [pose.yaw, pose.pitch, pose.roll]),
        (f"{place}/blendshapes", face.landmarks.blendshapes.tolist()),
    ]
