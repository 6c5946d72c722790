"""What the network says of a part of a data set, as it is and under faults.

Everything runs through the app's own predictor, so that the figures are those of the app.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.calibration import Calibration
from ferdesk.model.checkpoint import Card
from ferdesk.model.face_geometry import PRESENT, face_geometry, no_geometry
from ferdesk.model.predictor import Predictor
from ferdesk.model.purified import Purified, concatenate
from ferdesk.model.reliability import Features, answer_features, picture_features, view_features
from ferdesk.vision.landmarker import Landmarker
from trainer.confidence.faults import DEGRADATIONS, chance_for, degrade, small_edge
from trainer.confidence.reliability import Faces
from trainer.confidence.strange import STRANGE, strange
from trainer.data.packed import PackedSet, find_face

log = logging.getLogger(__name__)

Array = NDArray[np.float64]
Pure = Purified[NDArray[np.float32]]

FAULTY = 4000
"""Faces of a part that are also seen under every fault, at most: each is a search for landmarks
anew. Of 800 the share of right labels is known to three points only."""
_EYES_IN_CROP = 0.52
"""Distance between the outer eye corners as a share of the crop."""
_CHUNK = 256


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a data set with the pose and size of its faces."""

    data: PackedSet
    poses: Array
    """(N, 4), NaN where no face was found; the app would never show those."""

    @property
    def found(self) -> NDArray[np.bool_]:
        """(N,)"""
        return ~np.isnan(self.poses[:, 0])

    def take(self, rows: NDArray[np.int64]) -> Part:
        """Some of its faces."""
        return Part(self.data.take(rows), self.poses[rows])

    def sample(self, seed: int, most: int = FAULTY) -> Part:
        """At most so many of the faces that were found."""
        rows = np.random.default_rng(seed).permutation(np.flatnonzero(self.found))[:most]
        return self.take(np.sort(rows))


def part_of(data: PackedSet) -> Part:
    """`data` with what its completed cache knows of the faces that were cropped by landmarks."""
    assert data.poses is not None
    poses = np.where(data.aligned[:, None], data.poses.astype(np.float64), np.nan)
    return Part(data, poses)


@dataclass(frozen=True, eq=False)
class Observed:
    """What the network says of a part under one fault ("" is none) or made strange."""

    fault: str
    purified: Pure
    picture: Features
    """`picture_features`, of all N."""
    size: Array
    again: NDArray[np.bool_]
    """(N,) whether the app would find a face in it: everywhere, where nothing was looked for."""


def _predict(predictor: Predictor, crops: NDArray[np.uint8], geometry: NDArray[np.float32]) -> Pure:
    return concatenate(
        [
            predictor.predict(
                np.array(crops[start : start + _CHUNK]), geometry[start : start + _CHUNK]
            )
            for start in range(0, len(crops), _CHUNK)
        ]
    )


def _shapes(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, GEOMETRY_SIZE) of what MediaPipe finds in the crops themselves."""
    out = no_geometry(len(crops))
    with Landmarker(mode="image") as landmarker:
        for i, crop in enumerate(crops):
            face = find_face(crop, landmarker)
            if face is not None:
                out[i] = face_geometry(face.points, face.blendshapes)
    return out


def pictures_of(crops: NDArray[np.uint8], detail: int) -> Features:
    """`picture_features` of (N, S, S, 3) crops, a part at a time."""
    pieces = [
        picture_features(np.array(crops[start : start + _CHUNK]), detail)
        for start in range(0, len(crops), _CHUNK)
    ]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def observe(predictor: Predictor, part: Part, fault: str, seed: int) -> Observed:
    """Run the network over the part, with the fault put on every crop first.

    `fault` is a key of `DEGRADATIONS` or `STRANGE`. Under it the landmarks are those that are found
    in the crop with the fault on it.
    """
    change = strange if fault in STRANGE else degrade
    crops = change(part.data.crops, fault, seed) if fault else part.data.crops
    takes = predictor.card.architecture.takes_geometry
    anew = bool(fault) and takes
    shapes = _shapes(crops) if anew else part.data.shapes()
    again = shapes[:, PRESENT] > 0 if anew else np.ones(len(crops), bool)
    size = part.poses[:, 3]
    if fault == "small":
        edges = [small_edge(chance_for(fault, i, seed)) for i in range(len(crops))]
        size = np.minimum(size, _EYES_IN_CROP * np.array(edges))
    answers = _predict(predictor, crops, shapes)
    picture = pictures_of(crops, predictor.card.preprocessing.detail)
    log.info("measured %d faces, %s", len(crops), fault or "as they are")
    return Observed(fault, answers, picture, size, again)


def features_of(answers: Observed, part: Part, calibration: Calibration) -> Features:
    """All features of the faces that were found, in the order of the part."""
    yaw, pitch, roll, _ = part.poses.T
    every = {
        **answer_features(calibration.apply(answers.purified.final), answers.purified),
        **answers.picture,
        **view_features(yaw, pitch, roll, answers.size),
    }
    return {name: values[part.found] for name, values in every.items()}


def correct_of(answers: Observed, part: Part, calibration: Calibration) -> NDArray[np.bool_]:
    """Whether each found face got the right label."""
    right = calibration.apply(answers.purified.final).argmax(axis=1) == part.data.labels
    return np.asarray(right[part.found])


def gather(every: list[tuple[Observed, Part]], calibration: Calibration) -> Faces:
    """The rows of all faults under each other, for fitting."""
    features = [features_of(answers, part, calibration) for answers, part in every]
    names = [np.array(part.data.names)[part.found] for _, part in every]
    return Faces(
        {name: np.concatenate([f[name] for f in features]) for name in features[0]},
        np.concatenate([correct_of(answers, part, calibration) for answers, part in every]),
        np.unique(np.concatenate(names), return_inverse=True)[1].astype(np.int64),
        np.concatenate(
            [
                np.full(int(part.found.sum()), ["", *DEGRADATIONS].index(answers.fault))
                for answers, part in every
            ]
        ),
    )


def features_found(every: list[tuple[Observed, Part]], calibration: Calibration) -> Features:
    """The rows of all faces that the app would find, whatever their labels."""
    found = []
    for answers, part in every:
        features, again = features_of(answers, part, calibration), answers.again[part.found]
        found.append({name: values[again] for name, values in features.items()})
    return {name: np.concatenate([each[name] for each in found]) for name in found[0]}


def faults_seen(card: Card) -> list[str]:
    """The faults that reach the network: a grey one sees copies without colour as they were."""
    return [k for k in DEGRADATIONS if k != "grey" or not card.preprocessing.grayscale]
