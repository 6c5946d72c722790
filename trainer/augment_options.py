"""How strongly the training pictures are changed."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.ranges import within


@dataclass(frozen=True)
class AugmentConfig:
    """Strengths and probabilities; 0 switches a part off. Pixels are those of the crop."""

    flip: float = within("[0, 1]", 0.5)
    """Probability of a mirror image."""
    rotate: float = within("[0, 180]", 12.0)
    """Largest rotation in degrees, twice the standard deviation."""
    scale: float = within("[0, 0.9]", 0.12)
    """Largest relative change of size."""
    shift: float = within("[0, 1]", 0.05)
    """Largest shift as a share of the picture's width."""
    pose: float = within("[0, 2]", 0.8)
    """Turning out of the picture plane: at 1 the yaw reaches 35° and the pitch 20°, which are two
    standard deviations."""
    erase: float = within("[0, 1]", 0.3)
    """Probability of one grey rectangle of 2…15 % of the area."""
    cover: float = within("[0, 1]", 0.1)
    """Probability of a band over the lower or upper part of the face: mask, hand, hair, glasses."""
    brightness: float = within("[0, 1]", 0.2)
    """Largest change of brightness as a share of white."""
    contrast: float = within("[0, 1]", 0.3)
    """Largest relative change of contrast."""
    gamma: float = within("[0, 1]", 0.3)
    """Largest relative change of the exponent of the brightness curve."""
    shadow: float = within("[0, 5]", 0.5)
    """Light from one side: largest natural logarithm of the gain at the lit and the dark edge."""
    tint: float = within("[0, 1]", 0.1)
    """Largest relative gain of a channel (white balance); grey pictures stay grey."""
    blur: float = within("[0, 1]", 0.3)
    """Probability of blur: Gaussian of 0.5…2.5 pixels, or motion along 3…9 pixels."""
    detail: float = within("[0, 1]", 0.3)
    """Probability of losing detail: shrunk to 24…80 pixels and enlarged again."""
    noise: float = within("[0, 255]", 8.0)
    """Largest standard deviation of Gaussian noise in grey values, the same in all channels."""
    jpeg: float = within("[0, 1]", 0.4)
    """Probability of JPEG compression with quality 10…60."""
    grey: float = within("[0, 1]", 0.1)
    """Probability that a colour picture turns grey."""
    jitter: float = within("[0, 1]", 0.01)
    """Standard deviation of what is added to landmarks, in distances between the eyes, and to
    blendshapes."""
    lose_landmarks: float = within("[0, 1]", 0.05)
    """Probability that the network sees the picture alone."""
    lose_picture: float = within("[0, 1]", 0.03)
    """Probability that the network sees the landmarks alone: the picture is one grey."""
