"""What the trainer's tests of pages share."""

from __future__ import annotations

from typing import TextIO

import pytest


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawings are made up to their rendering, which takes longer than all the rest.

    For tests about words and figures; what is drawn is looked at elsewhere.
    """

    from matplotlib.figure import Figure

    def savefig(_figure: Figure, out: TextIO, **_: object) -> None:
        out.write("<svg></svg>")

    monkeypatch.setattr(Figure, "savefig", savefig)
