"""From the network's answer to what is shown: calibrated, smoothed, with a reliability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.model.purified import Purified
from ferdesk.model.reliability import answer_features, picture_features, view_features
from ferdesk.pipeline.smoothing import Smoother
from ferdesk.pipeline.types import FaceReading
from ferdesk.sources.base import Frame
from ferdesk.vision.quality import head_pose, measure
from ferdesk.vision.types import FaceLandmarks

if TYPE_CHECKING:
    from ferdesk.model.checkpoint import Card


class Judge:
    """Applies what the checkpoint's card knows about its own mistakes."""

    def __init__(self, smoother: Smoother) -> None:
        """`smoother` smooths the probabilities; the reliability follows its time constant."""
        self._smoother = smoother
        self._steady = Smoother(smoother.seconds)

    def judge(
        self,
        card: Card,
        frame: Frame,
        faces: Sequence[FaceLandmarks],
        ids: Sequence[int],
        crops: NDArray[np.uint8],
        purified: Purified[NDArray[np.float32]],
    ) -> tuple[FaceReading, ...]:
        """The N faces of one frame, with `purified` of N and crops (N, S, S, 3) uint8 RGB.

        The reliability is that of the label shown, so its features come from the smoothed
        probabilities: just after a change, when old and new answer mix, it is low.
        """
        poses = [head_pose(face.transform) for face in faces]
        qualities = [
            measure(face.points, pose, crop, (frame.image.shape[0], frame.image.shape[1]))
            for face, pose, crop in zip(faces, poses, crops, strict=True)
        ]
        calibration, model = card.calibration, card.reliability
        calibrated = purified.final if calibration is None else calibration.apply(purified.final)
        shown = [
            self._smoother.update(i, frame.media_time, q)
            for i, q in zip(ids, calibrated, strict=True)
        ]
        sets = [
            ()
            if calibration is None
            else tuple(EXPRESSIONS[k] for k in calibration.prediction_set(q))
            for q in shown
        ]
        reliabilities: list[float | None] = [None] * len(faces)
        reasons = [""] * len(faces)
        if model is not None:
            features = {
                **answer_features(np.stack(shown), purified),
                **picture_features(crops, card.preprocessing.detail),
                **view_features(
                    [pose.yaw for pose in poses],
                    [pose.pitch for pose in poses],
                    [pose.roll for pose in poses],
                    [quality.size for quality in qualities],
                ),
            }
            chances = self._smooth(ids, frame.media_time, model.predict(features))
            reliabilities = list(chances)
            reasons = [
                model.reason(
                    {name: float(v[i]) for name, v in features.items()},
                    shown[i],
                    chance,
                    purified.p_lm[i],
                )
                for i, chance in enumerate(chances)
            ]
        return tuple(
            FaceReading(
                face_id=ids[i],
                landmarks=face,
                pose=poses[i],
                quality=qualities[i],
                purified=purified[i],
                calibrated=calibrated[i],
                probabilities=shown[i],
                reliability=reliabilities[i],
                reason=reasons[i],
                prediction_set=sets[i],
            )
            for i, face in enumerate(faces)
        )

    def _smooth(self, ids: Sequence[int], time: float, chances: NDArray[np.float64]) -> list[float]:
        """The (N,) reliabilities, each smoothed over the time of its face."""
        self._steady.seconds = self._smoother.seconds
        return [
            float(self._steady.update(i, time, np.array([chance], np.float32))[0])
            for i, chance in zip(ids, chances, strict=True)
        ]

    def reset(self) -> None:
        """Forget every face."""
        self._smoother.reset()
        self._steady.reset()
