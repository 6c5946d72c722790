"""How strongly the training pictures are changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AugmentConfig:
    """Strengths and probabilities; 0 switches a part off. Pixels are those of the crop."""

    flip: float = 0.5
    """Probability of a mirror image."""
    rotate: float = 12.0
    """Standard deviation is half of this; degrees."""
    scale: float = 0.12
    shift: float = 0.05
    """Share of the edge."""
    pose: float = 0.8
    """Turning out of the picture: at 1 the yaw reaches 35° and the pitch 20°, half of that is the
    standard deviation."""
    erase: float = 0.3
    """Probability of one grey rectangle of 2…15 % of the area."""
    cover: float = 0.1
    """Probability of a band over the lower or upper part of the face: mask, hand, hair, glasses."""
    brightness: float = 0.2
    contrast: float = 0.3
    gamma: float = 0.3
    shadow: float = 0.5
    """Light from one side: largest natural logarithm of the gain at the lit and the dark edge."""
    tint: float = 0.1
    """Largest relative gain of a channel (white balance); grey pictures stay grey."""
    blur: float = 0.3
    """Probability of blur: Gaussian of 0.5…2.5 pixels, or motion along 3…9 pixels."""
    detail: float = 0.3
    """Probability of losing detail: shrunk to 24…80 pixels and enlarged again."""
    noise: float = 8.0
    """Largest standard deviation of Gaussian noise, grey values, the same in all channels."""
    jpeg: float = 0.4
    """Probability of JPEG compression with quality 10…60."""
    grey: float = 0.1
    """Probability that a colour picture turns grey."""
