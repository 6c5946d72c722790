"""Wrong labels on purpose: drawn from a seed, from the data set's history, or from a file.

Only the training pictures handed in are ever touched; nothing here sees another split. What was
done is written beside the run:

    noise.csv     name, clean, noisy (expressions), flipped (0 or 1); one line per picture, in order
    noise.json    kind, rate, seed, realised rate, 7x7 transition counts, sha256 of noise.csv
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.files import make_folder, write_json, write_text
from ferdesk.model.labels import EXPRESSIONS, NUM_EXPRESSIONS, expression_index
from trainer.config import NoiseConfig, NoiseKind
from trainer.labels.noise_files import COLUMNS, LA_NET, la_net_noise, read_noise_file

log = logging.getLogger(__name__)

CSV_NAME: Final = "noise.csv"
JSON_NAME: Final = "noise.json"

PARTNERS: Final[dict[str, str]] = {
    "anger": "disgust",
    "disgust": "anger",
    "fear": "surprise",
    "happiness": "neutral",
    "sadness": "neutral",
    "surprise": "anger",
    "neutral": "sadness",
}
"""What each expression is mistaken for by asymmetric noise (LA-Net, Wu & Cui 2023)."""

_PARTNER_INDEX = np.array(
    [expression_index(PARTNERS.get(name, name)) for name in EXPRESSIONS], np.int64
)


def make_noise(
    labels: NDArray[np.int64], rate: float, kind: NoiseKind, seed: int
) -> NDArray[np.int64]:
    """(N,) int64 labels of which about `rate` are wrong; `labels` (N,) in 0..6 stay as they are.

    * `symmetric`: each label with chance `rate`, uniformly one of the other six.
    * `symmetric-exact`: round(rate · N) labels, uniformly one of the other six.
    * `asymmetric`: each label with chance `rate` its partner in `PARTNERS`.

    Only uniform doubles of the generator are used, whose bits are the same on every machine. With
    one seed a higher rate flips the same pictures to the same labels, and more.
    """
    if labels.size and not 0 <= labels.min() <= labels.max() < NUM_EXPRESSIONS:
        raise ValueError("labels outside 0..6")
    generator = np.random.default_rng(seed)
    chance, choice = generator.random(len(labels)), generator.random(len(labels))
    if kind == "asymmetric":
        return np.where(chance < rate, _PARTNER_INDEX[labels], labels)
    shift = 1 + np.floor(choice * (NUM_EXPRESSIONS - 1)).astype(np.int64)
    others = (labels + shift) % NUM_EXPRESSIONS
    if kind == "symmetric":
        return np.where(chance < rate, others, labels)
    if kind == "symmetric-exact":
        noisy = labels.copy()
        rows = np.argsort(chance, kind="stable")[: round(rate * len(labels))]
        noisy[rows] = others[rows]
        return noisy
    raise ValueError(f"noise of kind {kind} is not drawn")


@dataclass(frozen=True, slots=True, eq=False)
class NoisyLabels:
    """Which labels of a training set were changed to what."""

    names: tuple[str, ...]
    clean: NDArray[np.int64]
    """(N,) labels before."""
    noisy: NDArray[np.int64]
    """(N,) labels that are trained on."""
    kind: NoiseKind
    rate: float
    """As asked for; says nothing where the kind is `natural` or `file`."""
    seed: int

    @property
    def flipped(self) -> NDArray[np.bool_]:
        """(N,) True where the label is wrong."""
        return self.noisy != self.clean

    @property
    def realised_rate(self) -> float:
        """Share of the labels that are wrong; 0 without pictures."""
        return float(self.flipped.mean()) if len(self.names) else 0.0

    @property
    def transition(self) -> NDArray[np.int64]:
        """(7, 7) counts, rows the clean label, columns the noisy one."""
        cells = np.bincount(self.clean * NUM_EXPRESSIONS + self.noisy, minlength=NUM_EXPRESSIONS**2)
        return cells.astype(np.int64).reshape(NUM_EXPRESSIONS, NUM_EXPRESSIONS)

    def to_csv(self) -> str:
        """The content of noise.csv, the same on every machine."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for name, clean, noisy in zip(self.names, self.clean, self.noisy, strict=True):
            writer.writerow((name, EXPRESSIONS[clean], EXPRESSIONS[noisy], int(clean != noisy)))
        return out.getvalue()

    def write(self, folder: Path) -> None:
        """Write noise.csv and noise.json. FerdeskError where the folder cannot be written."""
        content = self.to_csv()
        about = {
            "kind": self.kind,
            "rate": self.rate,
            "seed": self.seed,
            "realised_rate": self.realised_rate,
            "pictures": len(self.names),
            "sha256": hashlib.sha256(content.encode()).hexdigest(),
            "transition": self.transition.tolist(),
        }
        make_folder(folder)
        write_text(folder / CSV_NAME, content)
        write_json(folder / JSON_NAME, about)


def apply_noise(
    names: Sequence[str],
    labels: NDArray[np.int64],
    config: NoiseConfig,
    originals: Mapping[str, int] | None = None,
) -> NoisyLabels:
    """The labels of the training pictures `names` with the noise that `config` asks for.

    `originals` maps names to the labels the pictures once had, -1 for none of the seven; kind
    `natural` needs it. Raises FerdeskError as `read_noise_file` and `la_net_noise` do, and where
    the data set has no original labels for its training pictures.
    """
    clean = np.asarray(labels, np.int64)
    if config.kind == "none":
        noisy = clean.copy()
    elif config.kind == "natural":
        noisy = _natural(names, clean, originals)
    elif config.kind == "file":
        if not config.file:
            raise FerdeskError(
                "Noise of kind 'file' needs a label file; name it with --train.noise.file."
            )
        if config.file == LA_NET:
            noisy = la_net_noise(names, clean, config.rate, config.seed)
        else:
            noisy = read_noise_file(Path(config.file).expanduser(), names, clean)
    else:
        noisy = make_noise(clean, config.rate, config.kind, config.seed)
    return NoisyLabels(tuple(names), clean, noisy, config.kind, config.rate, config.seed)


def _natural(
    names: Sequence[str], clean: NDArray[np.int64], originals: Mapping[str, int] | None
) -> NDArray[np.int64]:
    known = 0 if originals is None else sum(name in originals for name in names)
    if originals is None or not known:
        raise FerdeskError(
            "Noise of kind 'natural' needs the labels that the training pictures had before they "
            "were corrected, and this data set has none; use 'ferplus' with fer2013_labels.csv "
            "beside the votes, or another kind of noise."
        )
    original = np.array([originals.get(name, -1) for name in names], np.int64)
    if known < len(names):
        log.warning("%d training pictures have no original label", len(names) - known)
    return np.where(original >= 0, original, clean)
