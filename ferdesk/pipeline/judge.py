"""From the predictor's answer to what is shown: smoothed, with a reliability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.model.purified import Purified
from ferdesk.model.reliability import answer_features, picture_features, view_features
from ferdesk.pipeline.smoothing import Smoother
from ferdesk.vision.types import FaceQuality, HeadPose

if TYPE_CHECKING:
    from ferdesk.model.checkpoint import Card


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What is shown of one face; the fields are those of `FaceReading`."""

    probabilities: NDArray[np.float32]
    reliability: float | None = None
    reason: str = ""
    prediction_set: tuple[str, ...] = ()


class Judge:
    """Applies what the checkpoint's card knows about its own mistakes."""

    def __init__(self, smoother: Smoother) -> None:
        """`smoother` smooths the probabilities; the reliability follows its time constant."""
        self._smoother = smoother
        self._steady = Smoother(smoother.seconds)

    def judge(
        self,
        card: Card,
        purified: Purified[NDArray[np.float32]],
        crops: NDArray[np.uint8],
        poses: Sequence[HeadPose],
        qualities: Sequence[FaceQuality],
        ids: Sequence[int],
        time: float,
    ) -> list[Judged]:
        """N faces of one frame: `purified` of N, crops (N, S, S, 3) uint8 RGB.

        The reliability is that of the label shown, so its features come from the smoothed
        probabilities: just after a change, when old and new answer mix, it is low.
        """
        calibration, model = card.calibration, card.reliability
        shown = [
            self._smoother.update(i, time, p) for i, p in zip(ids, purified.final, strict=True)
        ]
        sets = [
            ()
            if calibration is None
            else tuple(EXPRESSIONS[i] for i in calibration.prediction_set(p))
            for p in shown
        ]
        if model is None:
            return [Judged(p, prediction_set=s) for p, s in zip(shown, sets, strict=True)]
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
        self._steady.seconds = self._smoother.seconds
        judged = []
        for i, chance in enumerate(model.predict(features)):
            reliability = float(
                self._steady.update(ids[i], time, np.array([chance], np.float32))[0]
            )
            own = {name: float(values[i]) for name, values in features.items()}
            reason = model.reason(own, shown[i], reliability)
            judged.append(Judged(shown[i], reliability, reason, sets[i]))
        return judged

    def reset(self) -> None:
        """Forget every face."""
        self._smoother.reset()
        self._steady.reset()
