"""One self-describing .safetensors: the weights, and a JSON card in the header.

Reading the card needs neither torch nor the weights, so the window can show what a file is before
it takes it. Every refusal is a CheckpointError of one sentence.
"""

from __future__ import annotations

import copy
import io
import json
import math
import re
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ferdesk.errors import FerdeskError
from ferdesk.files import json_text, write_bytes
from ferdesk.model.calibration import Calibration
from ferdesk.model.config import (
    ArchitectureConfig,
    Preprocessing,
    config_from_json,
    config_to_json,
)
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.model.probe import probe_crops
from ferdesk.model.reliability import ReliabilityModel, RiskCoverage
from ferdesk.model.tensor_file import (
    CheckpointError,
    Header,
    parse_header,
    parse_json,
    quoted,
    read_header,
    tensors_sha256,
)

if TYPE_CHECKING:
    from torch import Tensor

    from ferdesk.model.network import DualStreamFER

FORMAT_VERSION = 1
_KERNEL = 4
"""Dimensions of a convolution's weights."""
_METADATA_KEY = "ferdesk"
_MAX_CARD: Final = 2**20
_LONGEST: Final = {
    "name": 200, "created": 40, "sha256": 64, "licence": 4000, "citation": 4000, "notes": 20_000,
}  # fmt: skip
"""Characters of the card's texts."""
_LARGEST_METRIC: Final = 1e12
_SHA256: Final = re.compile(r"[0-9a-f]{64}|")


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
    mirror: bool = False
    """Whether an answer is the mean over a face and its mirror image, which takes the network's
    time twice. What the card measured and promises is true of such answers then."""
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
    sha256: str = ""
    """Of the tensors (:func:`tensor_file.tensors_sha256`); empty in files older than it."""
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
    name = quoted(path.name)
    if not isinstance(values, dict):
        raise CheckpointError(f"The card of '{name}' is not a JSON object.")
    version = values.get("format_version")
    if version != FORMAT_VERSION:
        raise CheckpointError(
            f"'{name}' has checkpoint format {quoted(version)}, but this ferdesk reads format "
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
        shown = ", ".join(map(str, labels)) if isinstance(labels, list) else labels
        raise CheckpointError(
            f"'{name}' was trained for other labels ({quoted(shown)}); ferdesk needs "
            f"{', '.join(EXPRESSIONS)}."
        )
    text = {key: values.get(key, "") for key in _LONGEST}
    tables = {key: values.get(key, {}) for key in ("metrics", "tables", "training")}
    fault = _fault(text, tables)
    if fault:
        raise CheckpointError(f"The card of '{name}' is damaged: {fault}.")
    mirror = values.get("mirror", False)
    if not isinstance(mirror, bool):
        raise CheckpointError(
            f"The card of '{name}' is damaged: 'mirror' is neither true nor false."
        )
    return Card(
        mirror=mirror,
        architecture=architecture,
        preprocessing=preprocessing,
        labels=tuple(labels),
        **text,
        **tables,
        **measured,
    )


def _fault(text: dict[str, Any], tables: dict[str, Any]) -> str:
    """What is wrong with the texts and tables of a card; "" when nothing is."""
    for key, value in (text | tables).items():
        if not isinstance(value, str if key in text else dict):
            return f"its entry '{key}' has the wrong type"
    for key, value in text.items():
        if len(value) > _LONGEST[key]:
            return f"its entry '{key}' has more than {_LONGEST[key]} characters"
    if not _SHA256.fullmatch(text["sha256"]):
        return "its entry 'sha256' is not 64 hexadecimal digits"
    for key, value in tables["metrics"].items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not -_LARGEST_METRIC <= value <= _LARGEST_METRIC:
            return f"its metric '{quoted(key)}' is not a number in range"
    return ""


def read_card(path: Path) -> Card:
    """The card alone; no weights are read. Raises CheckpointError."""
    return _card(read_header(path), path)


def _card(header: Header, path: Path) -> Card:
    text = header.metadata.get(_METADATA_KEY)
    name = quoted(path.name)
    if text is None:
        raise CheckpointError(
            f"'{name}' holds weights but no ferdesk card, so it is unknown what they are; "
            "convert it with 'python -m trainer convert'."
        )
    if len(text) > _MAX_CARD:
        raise CheckpointError(f"The card of '{name}' has {len(text)} characters, too many to read.")
    try:
        values = parse_json(text)
    except ValueError as error:
        raise CheckpointError(f"The card of '{name}' is damaged: {quoted(str(error))}.") from error
    return _card_from_json(values, path)


def read_verified_card(path: Path) -> Card:
    """The card, with the `sha256` of the tensors that really are in the file.

    Raises CheckpointError, also when the card states another sum. Imports no torch.
    """
    header = read_header(path)
    card = _card(header, path)
    try:
        with path.open("rb") as file:
            found = tensors_sha256(file, header)
    except OSError as error:
        raise CheckpointError(
            f"'{quoted(path.name)}' cannot be read: {error.strerror or error}."
        ) from error
    if card.sha256 not in ("", found):
        raise CheckpointError(
            f"The weights of '{quoted(path.name)}' are damaged: they are not those that its card "
            "was written for; get the file again."
        )
    return replace(card, sha256=found)


def rounded(network: DualStreamFER) -> DualStreamFER:
    """A copy whose image stream's kernels float16 holds exactly: half as large in its file."""
    import torch

    copied = copy.deepcopy(network)
    with torch.no_grad():
        for value in copied.image_backbone.parameters():
            if value.ndim == _KERNEL:
                value.copy_(value.half().float())
    return copied


def _stored(value: Tensor) -> Tensor:
    import torch

    if value.ndim == _KERNEL and value.dtype == torch.float32:
        half = value.half()
        if torch.equal(half.float(), value):
            value = half
    return value.contiguous()


def save(path: Path, network: DualStreamFER, card: Card) -> None:
    """Write weights and card, atomically; architecture and sha256 are taken from the network.

    Kernels that float16 holds exactly are written as float16; reading gives the same numbers.
    Raises FerdeskError when the file cannot be written; what was there stays.
    """
    from safetensors.torch import save as to_bytes

    weights = to_bytes({key: _stored(value) for key, value in network.state_dict().items()})
    header = parse_header(io.BytesIO(weights), len(weights), path.name)
    card = replace(
        card,
        architecture=network.config,
        preprocessing=network.preprocessing,
        sha256=tensors_sha256(io.BytesIO(weights), header),
        metrics={key: value for key, value in card.metrics.items() if math.isfinite(value)},
    )
    metadata = {_METADATA_KEY: json_text(card.to_json())}
    length = struct.unpack("<Q", weights[:8])[0]
    text = json.dumps({"__metadata__": metadata, **json.loads(weights[8 : 8 + length])}).encode()
    text += b" " * (-len(text) % 8)
    write_bytes(path, b"".join((struct.pack("<Q", len(text)), text, weights[8 + length :])))


def load(path: Path) -> tuple[DualStreamFER, Card]:
    """The network in evaluation mode on the CPU, and its card. Raises CheckpointError."""
    card = read_verified_card(path)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"The weights of '{quoted(path.name)}' are damaged: {quoted(str(error))}."
        ) from error
    return build(card, tensors, path), card


def build(card: Card, tensors: dict[str, Tensor], path: Path) -> DualStreamFER:
    """A network of the card's architecture with these weights, which gives finite answers.

    Shapes are compared before memory is taken. Raises CheckpointError.
    """
    import torch

    from ferdesk.model.network import DualStreamFER
    from ferdesk.model.novelty import with_spreads
    from ferdesk.model.weights import compare_keys

    name = quoted(path.name)
    try:
        with torch.device("meta"):
            outline = DualStreamFER(card.architecture, card.preprocessing)
        if outline.novelty is not None:
            tensors = with_spreads(outline.novelty, tensors)
        report = compare_keys(outline, tensors)
        if not report.complete:
            raise CheckpointError(
                f"The weights of '{name}' do not fit its architecture "
                f"'{quoted(card.architecture.name)}': {quoted(str(report), 200)}."
            )
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise CheckpointError(f"The weights of '{name}' are damaged: some are not numbers.")
        network = DualStreamFER(card.architecture, card.preprocessing)
        network.load_state_dict(tensors)
        network.eval()
        with torch.inference_mode():
            crops = torch.from_numpy(probe_crops(card.preprocessing.size))
            answer = network(crops.permute(0, 3, 1, 2).float())
    except (ValueError, KeyError, ZeroDivisionError, RuntimeError) as error:
        raise CheckpointError(
            f"'{name}' describes an architecture that cannot be built: {quoted(str(error), 200)}."
        ) from error
    finite = answer.map(lambda values: bool(torch.isfinite(values).all()))
    if not all(asdict(finite).values()):
        raise CheckpointError(f"The weights of '{name}' are damaged: its answers are not numbers.")
    return network
