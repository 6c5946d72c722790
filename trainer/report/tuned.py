"""How the constants of a comparison were chosen."""

from __future__ import annotations

from trainer.compare.tuning import Try, Tuning
from trainer.methods.spaces import RATE, Constants
from trainer.report.blocks import Section
from trainer.report.lines import LABELS, in_order
from trainer.report.tables import Table, percent


def tuned(tuning: Tuning) -> Section:
    """The section "How constants were chosen"; tuning.json has every try with its constants."""
    budget = tuning.budget
    rows = []
    for name in in_order(tuning.lines):
        tries, best = tuning.lines[name].tries, tuning.lines[name].chosen
        rows.append(
            (
                LABELS[name], f"{best.attempt} of {len(tries)}", _values(best.constants),
                _share(best), _share(tries[0]),
                ", ".join(_share(t) for t in tries[1:]) or "none",
            )
        )  # fmt: skip
    caption = (
        f"Every line had {budget.tries} tries of {budget.pictures:,} training pictures and "
        f"{budget.epochs} epochs at noise {budget.noise}, of a seed of their own; the first is the "
        "configuration as it is, the others are points of one fixed design over the learning rates "
        "and the line's own constants. A try is judged by held-out training pictures with their "
        "labels as given, noise included (agreement in %): no clean label and none of the pictures "
        "measured below was looked at. Rows with published constants are not tuned."
    )
    head = ("method", "chosen", "constants", "its agreement", "of the first", "of the others")
    return Section("How constants were chosen", (Table(head, tuple(rows), caption, words=True),))


def _values(constants: Constants) -> str:
    """ "learning rates × 0.577, scn.rank_margin 0.09"."""
    if not constants:
        return "as they are"
    return ", ".join(
        f"learning rates × {value:g}" if name == RATE else f"{name} {_plain(value)}"
        for name, value in constants.items()
    )


def _plain(value: float) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def _share(one: Try) -> str:
    return "failed" if one.accuracy is None else percent(one.accuracy, 1)
