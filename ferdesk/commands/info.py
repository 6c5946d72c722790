"""What a checkpoint says about itself, for other programs to read."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ferdesk.model.checkpoint import read_card
from ferdesk.resources import DEFAULT_CHECKPOINT, asset


def info(checkpoint: Path | None) -> int:
    """Print the card as JSON; 0. Raises CheckpointError."""
    card = read_card(checkpoint or asset(DEFAULT_CHECKPOINT))
    sys.stdout.write(json.dumps(card.to_json(), indent=2) + "\n")
    return 0
