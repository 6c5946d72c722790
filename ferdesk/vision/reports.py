"""MediaPipe's reports to Google, blocked. The standard library only, so that it can come first."""

from __future__ import annotations

import os
from typing import Final

NOWHERE: Final = "http://127.0.0.1:9"
"""Nothing listens there, and only the system's administrator could change that."""
HOST: Final = "play.googleapis.com"
"""Where the reports would go."""


def block_reports(environment: dict[str, str] | os._Environ[str] = os.environ) -> None:
    """Send every https connection that asks for a proxy, in this process and its children, nowhere.

    MediaPipe has no switch for its reports, but libcurl inside it reads `https_proxy`. Nothing else
    in ferdesk does: FFmpeg reads `http_proxy` for streams of both kinds. Exceptions of `no_proxy`
    that cover the host are dropped; one that covers everything turns `http_proxy` off instead.
    Call it before any thread starts.
    """
    environment["https_proxy"] = NOWHERE
    for name in ("no_proxy", "NO_PROXY"):
        entries = [entry.strip() for entry in environment.get(name, "").split(",")]
        if "*" in entries:
            for proxy in ("http_proxy", "HTTP_PROXY"):
                environment.pop(proxy, None)
        kept = [entry for entry in entries if entry and not _covers(entry)]
        if name in environment:
            environment[name] = ",".join(kept)


def _covers(entry: str) -> bool:
    domain = entry.lstrip("*").strip(".").lower()
    return f".{HOST}".endswith(f".{domain}") if domain else True
