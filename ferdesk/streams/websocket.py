"""JSON over WebSocket: one message per reading.

Any web page can open a socket to this computer, so a receiver has to know the token in the address,
and a browser has to come from a page that was allowed by its origin.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import secrets
import threading
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from ferdesk.pipeline.types import Reading
from ferdesk.streams import messages
from ferdesk.streams.outlet import StreamError

if TYPE_CHECKING:
    from websockets.asyncio.server import Server, ServerConnection
    from websockets.http11 import Request, Response

LOOPBACK: Final = "127.0.0.1"
_WAITING_BYTES: Final = 256 * 1024
"""What may wait for one receiver, beside the buffers of the system: some 100 readings."""
_MOST_RECEIVERS: Final = 32
_OPEN_SECONDS: Final = 5.0

log = logging.getLogger(__name__)
_library = logging.getLogger(f"{__name__}.library")
# Who knocks with a wrong token or gibberish is refused, and no traceback is told about it.
_library.setLevel(logging.CRITICAL)


class WebSocketOutlet:
    """A server on a thread of its own; `send` only hands it the text."""

    name = "WebSocket"

    def __init__(
        self,
        port: int,
        *,
        host: str = LOOPBACK,
        token: str = "",
        origins: Sequence[str] = (),
        source: str = "",
        version: str = "",
    ) -> None:
        """Listen on `port` (0: any that is free). A `token` is made where none is given.

        `origins`: web pages that may connect, such as "http://localhost:5173"; none by default.
        Programs, which send no origin, need the token alone. StreamError without websockets, or
        when the port cannot be used.
        """
        try:
            from websockets.asyncio import server
            from websockets.typing import Origin
        except ImportError as error:
            raise StreamError(
                "WebSocket needs the package websockets; install it with "
                "'pip install ferdesk[stream]'."
            ) from error
        if not 0 <= port < 65536:
            raise StreamError(f"The port for WebSocket must be between 1 and 65535, not {port}.")
        self._websockets = server
        self._host, self._port = host, port
        self._token = token or secrets.token_urlsafe(16)
        self._origins = [None, *(Origin(origin) for origin in origins)]
        self._hello = messages.hello(source, version)
        self._lost = 0
        self._server: Server | None = None
        self._receivers: set[ServerConnection] = set()
        self._begun = threading.Event()
        self._failed: OSError | None = None
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="websocket", daemon=True)
        self._thread.start()
        self._begun.wait()
        if self._failed is not None:
            raise StreamError(
                f"WebSocket cannot listen on {host}:{port} ({_reason(self._failed)}); choose "
                "another port."
            ) from self._failed

    @property
    def address(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"ws://{host}:{self._port}/?token={self._token}"

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def receivers(self) -> str:
        count = len(self._receivers)
        return f"{count} receiver{'' if count == 1 else 's'}" if count else "nobody listens"

    @property
    def lost(self) -> int:
        return self._lost

    def send(self, reading: Reading, threshold: float) -> None:
        if self._receivers:
            self._hand_over(messages.reading(reading, threshold))

    def mark(self, label: str, at: float) -> None:
        self._hand_over(messages.event(label, at))

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(2.0)

    def _hand_over(self, text: str) -> None:
        self._loop.call_soon_threadsafe(self._broadcast, text)

    # On the thread of its own

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        try:
            self._server = await self._websockets.serve(
                self._receive, self._host, self._port, origins=self._origins,
                process_request=self._admit, compression=None, max_size=1024, max_queue=1,
                open_timeout=_OPEN_SECONDS, close_timeout=0.5, logger=_library,
            )  # fmt: skip
            self._port = next(iter(self._server.sockets)).getsockname()[1]
        except OSError as error:
            self._failed = error
            return
        finally:
            self._begun.set()
        await self._end.wait()
        self._server.close()
        await self._server.wait_closed()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        given = parse_qs(urlsplit(request.path).query).get("token", [""])[0]
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return connection.respond(HTTPStatus.FORBIDDEN, "The token is missing or wrong.\n")
        if len(self._receivers) >= _MOST_RECEIVERS:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "Too many receivers.\n")
        return None

    async def _receive(self, connection: ServerConnection) -> None:
        await connection.send(self._hello)
        self._receivers.add(connection)
        try:
            # Nothing is expected from a receiver; what it says is read and forgotten.
            async for _ in connection:
                pass
        finally:
            self._receivers.discard(connection)

    def _broadcast(self, text: str) -> None:
        ready = []
        for connection in self._receivers:
            if connection.transport.get_write_buffer_size() > _WAITING_BYTES:
                self._lost += 1
            else:
                ready.append(connection)
        self._websockets.broadcast(ready, text)


def is_loopback(host: str) -> bool:
    """Whether only programs of this computer reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
