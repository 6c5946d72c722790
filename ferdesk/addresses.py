"""Addresses of network streams as they may be shown: without the password that is in them.

Whatever is put on the screen, into a log, a settings file or a report goes through here.
"""

from __future__ import annotations

import logging
import re
from typing import Final

HIDDEN: Final = "***"
"""Stands where a password was."""

_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.-]+:/[^\s'\"<>]+", re.IGNORECASE)
_PARTS: Final = re.compile(r"(?P<scheme>[^:]+:/+)(?P<head>[^?#]*)(?P<tail>.*)", re.DOTALL)
_SECRET: Final = re.compile(
    r"([?&;#](?:[^=&;#\s]*(?:pass|pwd|token|secret|auth|sig|key)[^=&;#\s]*)=)[^&;#\s]+",
    re.IGNORECASE,
)


def is_address(text: str) -> bool:
    """Whether `text` looks like an address of any scheme, right or wrong."""
    return _ADDRESS.match(text) is not None


def hide_passwords(text: str) -> str:
    """`text` with every address in it as `display_address` gives it."""
    return _ADDRESS.sub(lambda found: display_address(found[0]), text)


def display_address(address: str) -> str:
    """`address` with `HIDDEN` in place of its passwords; anything else is returned as it is.

    Hidden are the password before an "@" and those in parameters such as "?pwd=…". A password
    that was not encoded, with a slash or a question mark in it, is hidden too: too much rather
    than too little.
    """
    parts = _PARTS.fullmatch(address)
    if parts is None:
        return address
    scheme, head, tail = parts["scheme"], parts["head"], parts["tail"]
    port = head.partition("/")[0].partition(":")[2]
    if "@" not in head and "@" in tail and port and not port.isdecimal():
        head, tail = head + tail, ""  # the password itself has a question mark in it
    user, at, host = head.rpartition("@")
    if at and ":" in user:
        head = f"{user.partition(':')[0]}:{HIDDEN}@{host}"
    return scheme + head + _SECRET.sub(rf"\g<1>{HIDDEN}", tail)


class CleanFormatter(logging.Formatter):
    """Formats a record, its traceback included, and hides the passwords in it."""

    def format(self, record: logging.LogRecord) -> str:
        return hide_passwords(super().format(record))
