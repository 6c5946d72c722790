"""The lines of a comparison: their names and colours."""

from __future__ import annotations

from collections.abc import Collection

from trainer.methods import GROUPS, METHODS, VARIANTS
from trainer.report.svg import BLUE, GREEN, INK, ORANGE, RED

LABELS = {
    "ours": "DWMCA+APCL",
    "cross_entropy": "cross entropy",
    "scn": "SCN",
    "dmue": "DMUE",
    "rul": "RUL",
    "eac": "EAC",
    "ada_df": "Ada-DF",
    **{name: variant.label for name, variant in VARIANTS.items()},
}
"""Method → its name in the paper's tables; variants as they call themselves."""
_SHADES = (
    BLUE, INK, ORANGE, GREEN, RED, "#a557c4", "#b08a00", "#18a5b8", "#c2608f", "#7a9c2b", "#8a8f98",
    "#0f7b6c", "#9a6a4f", "#3d4f8a",
    "#5b6e1f",
)  # fmt: skip
COLOURS = dict(zip(LABELS.values(), _SHADES, strict=True))
"""By name."""


def in_order(methods: Collection[str]) -> tuple[str, ...]:
    """`methods` as tables list them: Table I as the paper has it where nothing else is there."""
    ablation = GROUPS["ablation"]
    every = ablation if set(methods) <= set(ablation) else (*METHODS, *VARIANTS)
    return tuple(method for method in every if method in methods)
