"""A network from a training configuration, with its published weights or an earlier checkpoint."""

from __future__ import annotations

import logging
from pathlib import Path

from ferdesk.errors import FerdeskError
from ferdesk.model import checkpoint
from ferdesk.model.config import TAKES_PICTURES, Preprocessing
from ferdesk.model.network import DualStreamFER
from ferdesk.model.weights import load_backbone_weights
from trainer.config import TrainConfig

log = logging.getLogger(__name__)

_MEAN_STD = {
    "efficientnet_lite0": ((127.0, 127.0, 127.0), (128.0, 128.0, 128.0)),
    "mobilefacenet": ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
    "mobilenet": ((123.68, 116.779, 103.939), (1.0, 1.0, 1.0)),
    "resnet18": ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}
"""What the published weights of each backbone were trained on; others: (x - 127.5)/127.5."""


def preprocessing_for(backbone: str, config: TrainConfig) -> Preprocessing:
    """The input that the published weights of `backbone` expect."""
    mean, std = _MEAN_STD.get(backbone, ((127.5,) * 3, (127.5,) * 3))
    return Preprocessing(
        grayscale=config.grayscale, detail=config.detail, image_mean=mean, image_std=std
    )


def build_network(config: TrainConfig) -> DualStreamFER:
    """A network of the configured architecture with its first weights loaded.

    Raises FerdeskError for an unknown architecture, files that do not fit, and a `start_from` of
    another architecture.
    """
    architecture = config.architecture_config()
    if config.start_from:
        return _started(config)
    network = DualStreamFER(architecture, preprocessing_for(architecture.image_backbone, config))
    for stream, kind, path in (
        ("landmark", architecture.landmark_backbone, config.landmark_weights),
        ("image", architecture.image_backbone, config.image_weights),
    ):
        if stream == "landmark" and kind not in TAKES_PICTURES:
            continue
        if path:
            backbone = getattr(network, f"{stream}_backbone")
            report = load_backbone_weights(backbone, kind, Path(path).expanduser())
            log.info("%s stream: %s", stream, report)
        else:
            log.warning("the %s stream starts from random weights", stream)
    return network


def _started(config: TrainConfig) -> DualStreamFER:
    path = Path(config.start_from).expanduser()
    network = checkpoint.load(path)[0].with_novelty(None)
    if network.config != config.architecture_config():
        raise FerdeskError(
            f"'{path.name}' is a network of another architecture than this run's "
            f"'{config.architecture}'; start from one of the same."
        )
    log.info("starting from the weights of %s", path.name)
    return network
