"""What must not change a broad smile: the portrait, whole, through landmarks, crop and network."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferdesk.errors import FerdeskError
from ferdesk.model.checkpoint import Card
from ferdesk.model.face_geometry import face_geometry
from ferdesk.model.labels import EXPRESSIONS, expression_index
from ferdesk.model.predictor import Predictor
from ferdesk.resources import asset
from ferdesk.vision.crop import align_face
from ferdesk.vision.landmarker import Landmarker
from trainer.confidence.faults import grey, rotate
from trainer.data.packed import read_picture

Picture = NDArray[np.uint8]


def copies(picture: Picture) -> dict[str, Picture]:
    """The (H, W, 3) RGB picture and six copies that show the same expression."""
    small = cv2.resize(picture, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    return {
        "original": picture,
        "mirrored": np.ascontiguousarray(picture[:, ::-1]),
        "turned +15°": rotate(picture, 15.0),
        "turned -15°": rotate(picture, -15.0),
        "70 % size": np.asarray(small, np.uint8),
        "darkened": np.asarray(picture * 0.4, np.uint8),
        "grey": grey(picture),
    }


def invariances(predictor: Predictor, card: Card) -> list[dict[str, Any]]:
    """One row per copy: the label and the calibrated probability of happiness.

    A copy in which no face is found has the label "none" and the probability 0.
    """
    picture = read_picture(asset("portrait.png"))
    if picture is None:
        raise FerdeskError("The portrait among the assets cannot be read; install ferdesk again.")
    rows = []
    with Landmarker(mode="image") as landmarker:
        for name, copy in copies(picture).items():
            faces = landmarker.detect(copy)
            if not faces:
                rows.append({"picture": name, "label": "none", "happiness": 0.0})
                continue
            crop = align_face(copy, faces[0].points, predictor.size)
            shape = face_geometry(faces[0].points, faces[0].blendshapes)
            final = predictor.predict(crop[None], shape[None]).final[0]
            if card.calibration is not None:
                final = card.calibration.apply(final)
            label = EXPRESSIONS[int(final.argmax())]
            happiness = float(final[expression_index("happiness")])
            rows.append({"picture": name, "label": label, "happiness": happiness})
    return rows
