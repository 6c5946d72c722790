"""One self-describing .safetensors: the weights, and a JSON card in the header.

Reading the card needs neither torch nor the weights, so the window can show what a file is before
it takes it. Every refusal is a CheckpointError of one sentence.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferdesk.errors import FerdeskError
from ferdesk.files import write_bytes
from ferdesk.model.calibration import Calibration
from ferdesk.model.config import (
    ArchitectureConfig,
    Preprocessing,
    config_from_json,
    config_to_json,
)
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.model.reliability import ReliabilityModel, RiskCoverage

if TYPE_CHECKING:
    from torch import Tensor

    from ferdesk.model.network import DualStreamFER

FORMAT_VERSION = 1
_METADATA_KEY = "ferdesk"
_MAX_HEADER = 16 * 2**20
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"


class CheckpointError(FerdeskError):
    """A checkpoint that cannot be used, with the reason."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a checkpoint says about itself."""

    name: str
    architecture: ArchitectureConfig
    preprocessing: Preprocessing
    created: str = ""
    """ISO date."""
    labels: tuple[str, ...] = EXPRESSIONS
    """The network's outputs in order."""
    calibration: Calibration | None = None
    """None: the final distribution is shown as the network gives it."""
    reliability: ReliabilityModel | None = None
    risk_coverage: RiskCoverage | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)
    """Longer results, for the model card: recalls, degradations, diagrams, invariances."""
    training: dict[str, Any] = field(default_factory=dict)
    """Data, seeds, pretraining, epochs: whatever is needed to do it again."""
    licence: str = ""
    citation: str = ""
    notes: str = ""
    format_version: int = FORMAT_VERSION

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON values."""
        values = asdict(self)
        values["architecture"] = config_to_json(self.architecture)
        values["preprocessing"] = config_to_json(self.preprocessing)
        values["labels"] = list(self.labels)
        for key in _MEASURED:
            part = getattr(self, key)
            values[key] = None if part is None else part.to_json()
        return values


_MEASURED: dict[str, Callable[[Any], Any]] = {
    "calibration": Calibration.from_json,
    "reliability": ReliabilityModel.from_json,
    "risk_coverage": RiskCoverage.from_json,
}
"""Entries that a checkpoint has once `python -m trainer calibrate` has seen it."""


def _card_from_json(values: Any, path: Path) -> Card:
    name = path.name
    if not isinstance(values, dict):
        raise CheckpointError(f"The card of '{name}' is not a JSON object.")
    version = values.get("format_version")
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"'{name}' has checkpoint format {version}, but this ferdesk reads format "
            f"{FORMAT_VERSION}; update ferdesk or export the checkpoint again."
        )
    try:
        architecture = config_from_json(
            ArchitectureConfig, values.get("architecture"), "its architecture"
        )
        preprocessing = config_from_json(
            Preprocessing, values.get("preprocessing"), "its preprocessing"
        )
        # Cards written before there was a calibration have none, or an empty object.
        measured: dict[str, Any] = {
            key: None if values.get(key) in (None, {}) else read(values[key])
            for key, read in _MEASURED.items()
        }
    except FerdeskError as error:
        raise CheckpointError(f"'{name}' cannot be used: {error}") from error
    labels = values.get("labels")
    if not isinstance(labels, list) or sorted(map(str, labels)) != sorted(EXPRESSIONS):
        shown = ", ".join(map(str, labels)) if isinstance(labels, list) else repr(labels)
        raise CheckpointError(
            f"'{name}' was trained for other labels ({shown}); ferdesk needs "
            f"{', '.join(EXPRESSIONS)}."
        )
    text = {key: values.get(key, "") for key in ("name", "created", "licence", "citation", "notes")}
    tables = {key: values.get(key, {}) for key in ("metrics", "tables", "training")}
    if not all(isinstance(v, str) for v in text.values()) or not all(
        isinstance(v, dict) for v in tables.values()
    ):
        raise CheckpointError(f"The card of '{name}' is damaged: an entry has the wrong type.")
    return Card(
        architecture=architecture,
        preprocessing=preprocessing,
        labels=tuple(labels),
        **text,
        **tables,
        **measured,
    )


def _header(path: Path) -> dict[str, Any]:
    """The JSON header of a .safetensors file, checked against the length of the file."""
    name = path.name
    if path.is_dir():
        raise CheckpointError(f"'{name}' is a folder; choose a .safetensors file.")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start, after = file.read(8), file.read(1)
            file.seek(8)
            if size == 0:
                raise CheckpointError(f"'{name}' is empty (0 bytes).")
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
            if not 2 <= length <= min(_MAX_HEADER, size - 8):
                # A header's length may begin like a pickle, but then its text begins with "{".
                if start[:4] == _ZIP or (start[:1] == _PICKLE and after != b"{"):
                    raise CheckpointError(
                        f"'{name}' is a pickled PyTorch file, which could run code when opened; "
                        "convert it with 'python -m trainer convert' and open the result."
                    )
                raise CheckpointError(
                    f"'{name}' is not a .safetensors checkpoint, or is truncated."
                )
            header = json.loads(file.read(length))
    except OSError as error:
        raise CheckpointError(f"'{name}' cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise CheckpointError(f"'{name}' is not a .safetensors checkpoint.") from error
    if not isinstance(header, dict):
        raise CheckpointError(f"'{name}' is not a .safetensors checkpoint.")
    try:
        ends = [entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"]
        complete = size == 8 + length + max(ends, default=0)
    except (KeyError, TypeError, IndexError) as error:
        raise CheckpointError(f"'{name}' is not a .safetensors checkpoint.") from error
    if not complete:
        raise CheckpointError(f"'{name}' is truncated or damaged: its length is not what it says.")
    return header


def read_card(path: Path) -> Card:
    """The card alone; no weights are read. Raises CheckpointError."""
    metadata = _header(path).get("__metadata__")
    text = metadata.get(_METADATA_KEY) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise CheckpointError(
            f"'{path.name}' holds weights but no ferdesk card, so it is unknown what they are; "
            "convert it with 'python -m trainer convert'."
        )
    try:
        values = json.loads(text)
    except ValueError as error:
        raise CheckpointError(f"The card of '{path.name}' is damaged.") from error
    return _card_from_json(values, path)


def save(path: Path, network: DualStreamFER, card: Card) -> None:
    """Write weights and card, atomically; the card's architecture is taken from the network.

    Raises FerdeskError when the file cannot be written; what was there stays.
    """
    from safetensors.torch import save as to_bytes

    card = replace(card, architecture=network.config, preprocessing=network.preprocessing)
    tensors = {key: value.contiguous() for key, value in network.state_dict().items()}
    content = to_bytes(tensors, metadata={_METADATA_KEY: json.dumps(card.to_json())})
    write_bytes(path, content)


def load(path: Path) -> tuple[DualStreamFER, Card]:
    """The network in evaluation mode on the CPU, and its card. Raises CheckpointError."""
    card = read_card(path)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"The weights of '{path.name}' are damaged: {error}.") from error
    return build(card, tensors, path), card


def build(card: Card, tensors: dict[str, Tensor], path: Path) -> DualStreamFER:
    """A network of the card's architecture with these weights. Raises CheckpointError."""
    from ferdesk.model.network import DualStreamFER
    from ferdesk.model.weights import compare_keys

    try:
        network = DualStreamFER(card.architecture, card.preprocessing)
    except (ValueError, KeyError, ZeroDivisionError, RuntimeError) as error:
        raise CheckpointError(
            f"'{path.name}' describes an architecture that cannot be built: {error}."
        ) from error
    report = compare_keys(network, tensors)
    if not report.complete:
        raise CheckpointError(
            f"The weights of '{path.name}' do not fit its architecture "
            f"'{card.architecture.name}': {report}."
        )
    network.load_state_dict(tensors)
    return network.eval()
