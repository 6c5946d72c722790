"""How well an audit finds wrong labels where the truth is known, against cleanlab.

    python -m trainer audit --data ferplus:DIR --noise natural --out runs/audit
    python -m benchmarks.audit --audit runs/audit

Every ranking sees the same out-of-sample probabilities, those of the audit's folds. Precision and
recall of its first k pictures, for k = 100, 500, 1000 and the number truly wrong; of sets (our
verdict, cleanlab's find_label_issues) of the whole set. 1 − q[given] of one distribution is
cleanlab's self-confidence: those rows have to agree. "purified" is what the audit ranks by.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError

DEPTHS = (100, 500, 1000)
INSTALL = "pip install 'cleanlab>=2.9,<3'"
_DISTRIBUTIONS = ("final", "p", "t_g", "t_a", "t")
_SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
_FILTERS = ("prune_by_noise_rate", "confident_learning", "both")


@dataclass(frozen=True, slots=True)
class Hits:
    """Of a number of pictures that were called wrong."""

    called: int
    precision: float
    recall: float


@dataclass(frozen=True, slots=True, eq=False)
class Audited:
    """probabilities.npz of an audit."""

    given: NDArray[np.int64]
    clean: NDArray[np.int64]
    verdicts: NDArray[np.str_]
    answers: dict[str, NDArray[np.float32]]
    purified: NDArray[np.float64]

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """(N,)"""
        return self.given != self.clean


def read_audit(folder: Path) -> Audited:
    """FerdeskError for a folder without an audit, and where the truth is not known."""
    path = folder / "probabilities.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            found = Audited(
                file["given"], file["clean"], file["verdicts"],
                {name: file[name] for name in _DISTRIBUTIONS}, file["purified"],
            )  # fmt: skip
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise FerdeskError(
            f"'{path}' cannot be read; give the --out of a finished audit."
        ) from error
    if (found.clean < 0).any() or not found.wrong.any():
        raise FerdeskError(
            f"The audit '{folder}' has no labels known to be wrong; make one with --noise natural "
            "(FER+) or --noise 0.2."
        )
    return found


def hits_of_order(order: NDArray[np.int64], wrong: NDArray[np.bool_], k: int) -> Hits:
    """Of the first k of a ranking."""
    return hits_of_set(order[:k], wrong)


def hits_of_set(rows: NDArray[np.int64], wrong: NDArray[np.bool_]) -> Hits:
    """Of the pictures at `rows`."""
    found = int(wrong[rows].sum())
    return Hits(len(rows), found / max(1, len(rows)), found / int(wrong.sum()))


def doubts(q: NDArray[np.floating[Any]], given: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows by falling 1 − q[given]."""
    return np.argsort(q[np.arange(len(given)), given].astype(np.float64), kind="stable")


def cleanlab_orders(audited: Audited) -> tuple[dict[str, Any], dict[str, Any]]:
    """(rankings, sets) of cleanlab by title, on `final` and on p."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    orders, sets = {}, {}
    for name in ("final", "p"):
        q = audited.answers[name].astype(np.float64)
        q /= q.sum(axis=1, keepdims=True)
        for score in _SCORES:
            quality = get_label_quality_scores(audited.given, q, method=score)
            orders[f"cleanlab {score}, {name}"] = np.argsort(quality, kind="stable")
        for kind in _FILTERS:
            sets[f"cleanlab {kind}, {name}"] = np.flatnonzero(
                find_label_issues(audited.given, q, filter_by=kind, n_jobs=1)
            )
    return orders, sets


def ranking_table(orders: dict[str, Any], wrong: NDArray[np.bool_]) -> str:
    """Precision/recall in percent of the first k of every ranking, as text."""
    depths = [k for k in (*DEPTHS, int(wrong.sum())) if k <= len(wrong)]
    out = f"{len(wrong)} pictures, {int(wrong.sum())} with a wrong label\n\n{'ranking':46}"
    out += "".join(f"{f'k = {k}':>14}" for k in depths) + "\n"
    for title, order in orders.items():
        cells = (hits_of_order(order, wrong, k) for k in depths)
        out += f"{title:46}" + "".join(f"{_percent(hits):>14}" for hits in cells) + "\n"
    return out


def table(audited: Audited, orders: dict[str, Any], sets: dict[str, Any]) -> str:
    """All rows as text: precision/recall in percent."""
    wrong = audited.wrong
    out = ranking_table(orders, wrong)
    out += f"\n{'set':46}{'pictures':>14}{'prec./recall':>14}\n"
    for title, rows in sets.items():
        hits = hits_of_set(rows, wrong)
        out += f"{title:46}{hits.called:14}{_percent(hits):>14}\n"
    return out


def _percent(hits: Hits) -> str:
    return f"{100 * hits.precision:.1f}/{100 * hits.recall:.1f}"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--audit", type=Path, required=True, help="the --out of an audit")
    args = parser.parse_args(argv)
    try:
        audited = read_audit(args.audit)
    except FerdeskError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    orders = {"ours, 1 - purified[given], final": doubts(audited.purified, audited.given)}
    orders |= {
        f"1 - {name}[given]": doubts(q, audited.given) for name, q in audited.answers.items()
    }
    verdicts = audited.verdicts
    sets = {
        "ours, suspected wrong, final": np.flatnonzero(verdicts == "suspected wrong"),
        "ours, anything but ok, final": np.flatnonzero(verdicts != "ok"),
    }
    missing = importlib.util.find_spec("cleanlab") is None
    if not missing:
        theirs, their_sets = cleanlab_orders(audited)
        orders |= theirs
        sets |= their_sets
    sys.stdout.write(table(audited, orders, sets))
    if missing:
        sys.stdout.write(f"\ncleanlab is not installed, so it is not compared: {INSTALL}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
