"""What is shown of a face: calibrated, smoothed, with reliability, reason and prediction set."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from ferdesk.model.checkpoint import Card
from ferdesk.model.config import TINY, Preprocessing
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.model.predictor import Predictor
from ferdesk.model.purified import Purified
from ferdesk.pipeline.analyzer import Analyzer
from ferdesk.pipeline.judge import Judge
from ferdesk.pipeline.smoothing import Smoother
from ferdesk.pipeline.types import FaceReading
from ferdesk.resources import asset
from ferdesk.sources.base import Frame
from ferdesk.vision.types import FaceLandmarks
from tests.unit.model.helpers import calibrated, tiny_card, tiny_network

PLAIN = Card("plain", TINY, Preprocessing(detail=56))
CARD = calibrated(PLAIN)
FACE = FaceLandmarks(
    np.random.default_rng(1).uniform(40, 80, (478, 3)).astype(np.float32),
    np.eye(4, dtype=np.float32),
    np.zeros(52, np.float32),
)
CROP = np.random.default_rng(0).integers(0, 256, (1, 112, 112, 3), dtype=np.uint8)


def peaked(label: int, value: float = 0.7) -> np.ndarray:
    out = np.full((1, 7), (1 - value) / 6, np.float32)
    out[0, label] = value
    return out


def answer(distribution: np.ndarray) -> Purified[Any]:
    one = np.full(1, 0.5, np.float32)
    return Purified(
        logits=distribution, p=distribution, t_g=distribution, t_a=distribution, t=distribution,
        final=distribution, p_lm=distribution, c_p=one, c_g=one, c_a=one, c_t=one, c_lm=one,
        novelty=one, embedding=one,
    )  # fmt: skip


def judge(judge: Judge, card: Card, distribution: np.ndarray, time: float = 0.0) -> FaceReading:
    frame = Frame(np.zeros((120, 160, 3), np.uint8), 0, time, time)
    return judge.judge(card, frame, [FACE], [1], CROP, answer(distribution))[0]


def test_without_a_calibration_the_answer_is_shown_as_it_is() -> None:
    judged = judge(Judge(Smoother(0.0)), PLAIN, peaked(1))
    assert np.array_equal(judged.calibrated, peaked(1)[0])
    assert np.array_equal(judged.probabilities, peaked(1)[0])
    assert (judged.reliability, judged.reason, judged.prediction_set) == (None, "", ())


def test_a_calibrated_card_brings_a_set_and_a_reliability() -> None:
    judged = judge(Judge(Smoother(0.0)), CARD, peaked(1))
    assert np.array_equal(judged.purified.final, peaked(1)[0]), "the network's answer stays"
    weights = peaked(1)[0] ** (1 / 0.8)
    assert np.allclose(judged.calibrated, weights / weights.sum(), atol=1e-6)
    assert np.array_equal(judged.probabilities, judged.calibrated)
    assert judged.prediction_set == ("happiness",)
    assert judged.reliability is not None
    assert 0 < judged.reliability < 1


def test_an_undecided_answer_is_less_reliable_and_says_why() -> None:
    tied = np.full((1, 7), 0.02, np.float32)
    tied[0, EXPRESSIONS.index("fear")] = 0.48
    tied[0, EXPRESSIONS.index("surprise")] = 0.42
    sure = judge(Judge(Smoother(0.0)), CARD, peaked(1, 0.97))
    torn = judge(Judge(Smoother(0.0)), CARD, tied)
    assert sure.reliability is not None
    assert torn.reliability is not None
    assert torn.reliability < sure.reliability
    assert torn.reason == "two expressions equally likely: Fear and Surprise"
    assert torn.prediction_set == ("fear", "surprise")


def test_reliability_moves_slowly_and_belongs_to_the_label_shown() -> None:
    smoothed = Judge(Smoother(0.3))
    before = judge(smoothed, CARD, peaked(1, 0.97), 0.0)
    during = judge(smoothed, CARD, peaked(2, 0.97), 0.033)
    assert during.probabilities.argmax() == 1, "the label has not changed yet"
    assert before.reliability is not None
    assert during.reliability is not None
    for step in range(2, 8):
        later = judge(smoothed, CARD, peaked(2, 0.97), step / 30)
    assert later.reliability is not None
    assert later.reliability < before.reliability - 0.02, "old and new answer are mixed"
    for step in range(8, 120):
        later = judge(smoothed, CARD, peaked(2, 0.97), step / 30)
    assert later.reliability == pytest.approx(before.reliability, abs=0.01)
    smoothed.reset()
    fresh = judge(smoothed, CARD, peaked(3), 10.0)
    assert fresh.probabilities.argmax() == 3


def test_the_analyzer_fills_the_reading() -> None:
    network = tiny_network()
    card = replace(calibrated(tiny_card(network)), preprocessing=network.preprocessing)
    picture = cv2.imread(str(asset("portrait.png")))
    assert picture is not None
    analyzer = Analyzer(Predictor.of_network(network, card, "cpu"), 1, 0.0)
    try:
        face = analyzer.analyze(Frame(np.asarray(picture, np.uint8), 0, 0.0, 0.0)).faces[0]
    finally:
        analyzer.close()
    assert card.calibration is not None
    assert np.array_equal(face.calibrated, card.calibration.apply(face.purified.final))
    assert np.array_equal(face.probabilities, face.calibrated)
    assert face.landmarks.points.shape == (478, 3)
    assert face.label in face.prediction_set
    assert face.reliability is not None
    assert face.abstains(face.reliability + 0.01)
    assert face.answer(face.reliability + 0.01) == "unsure"
    assert face.answer(face.reliability) == face.label
