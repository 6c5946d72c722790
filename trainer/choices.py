"""A name out of a list, or one sentence with the nearest that exists."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from ferdesk.errors import FerdeskError


def check_choice(what: str, name: str, names: Collection[str]) -> None:
    """FerdeskError when `name` is none of `names`; `what` is the noun: method, backbone …"""
    if name in names:
        return
    near = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"choose one of {', '.join(names)}."
    raise FerdeskError(f"There is no {what} '{name}'; {hint}")
