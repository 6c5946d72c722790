"""Reliability, its reasons and the risk-coverage table against numbers worked out by hand."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ferdesk.errors import FerdeskError
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.model.purified import Purified
from ferdesk.model.reliability import (
    FEATURES,
    NAMED_FEATURES,
    ReliabilityModel,
    RiskCoverage,
    RiskRow,
    Term,
    Usual,
    answer_features,
    picture_features,
    view_features,
)

MODEL = ReliabilityModel(
    intercept=3.0,
    terms=(Term("winner", 0.5, -2.0, 4.0), Term("yaw", -0.05, 10.0, 40.0)),
    usual=(
        Usual("size", 16.0, 35.0), Usual("yaw", 0.0, 30.0), Usual("pitch", 0.0, 25.0),
        Usual("brightness", 0.2, 0.8), Usual("sharpness", -1.4, -0.3), Usual("grain", -4.0, -2.0),
        Usual("contrast", -2.2, -1.1),
        Usual("eyes", -0.6, 0.4),
        Usual("mouth", -0.8, 0.4),
        Usual("novelty", -6.0, 0.7),
    ),
)  # fmt: skip
TABLE = RiskCoverage(
    (RiskRow(0.0, 1.0, 0.2), RiskRow(0.5, 0.9, 0.15), RiskRow(0.7, 0.6, 0.05))
)  # fmt: skip


def of(**values: float) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in values.items()}


def test_prediction_by_hand() -> None:
    # winner 1: 0.5 · (1 - 4) = -1.5; yaw 20: -0.05 · (20 - 10) = -0.5; 3 - 2 = 1.
    assert MODEL.predict(of(winner=1.0, yaw=20.0)) == pytest.approx([1 / (1 + math.exp(-1.0))])


def test_features_saturate_at_both_ends() -> None:
    best = MODEL.predict(of(winner=4.0, yaw=10.0))
    assert best == pytest.approx([1 / (1 + math.exp(-3.0))])
    assert MODEL.predict(of(winner=99.0, yaw=0.0)) == best
    # -0.5 · 6 - 0.05 · 30 = -4.5
    worst = MODEL.predict(of(winner=-99.0, yaw=90.0))
    assert worst == pytest.approx([1 / (1 + math.exp(1.5))])


def test_many_faces_at_once() -> None:
    features = {"winner": np.array([1.0, 4.0]), "yaw": np.array([20.0, 10.0])}
    assert MODEL.predict(features).shape == (2,)


def peaked(**values: float) -> np.ndarray:
    rest = (1 - sum(values.values())) / (7 - len(values))
    return np.array([values.get(name, rest) for name in EXPRESSIONS])


FINE: dict[str, float] = {
    "size": 20.0, "yaw": 5.0, "pitch": 5.0, "brightness": 0.5, "sharpness": -0.8, "grain": -3.0,
    "contrast": -1.6, "eyes": -0.2, "mouth": -0.3, "agree_p": 1.0,
}  # fmt: skip
SURE = peaked(happiness=0.7)
VAGUE = peaked(happiness=0.4)
TIED = peaked(fear=0.4, surprise=0.35)


@pytest.mark.parametrize(
    ("change", "probabilities", "words"),
    [
        ({"yaw": 38.2}, SURE, "face turned 38°"),
        ({"pitch": 30.0}, SURE, "face 30° up or down"),
        ({"size": 9.0, "yaw": 50.0}, SURE, "too small"),
        ({"brightness": 0.1, "contrast": -3.5}, SURE, "too dark"),
        ({"brightness": 0.9}, SURE, "too bright"),
        ({"sharpness": -2.0}, SURE, "blurred"),
        ({"sharpness": 0.5}, VAGUE, "no expression stands out"),
        ({"grain": -0.5}, SURE, "grainy picture"),
        ({"contrast": -3.0}, SURE, "too little contrast"),
        ({"mouth": -4.0}, SURE, "mouth covered or hard to see"),
        ({"eyes": -4.0}, SURE, "eyes covered or hard to see"),
        ({"novelty": 2.5, "sharpness": -2.0}, SURE, "unusual picture"),
        ({"novelty": -9.0}, VAGUE, "no expression stands out"),
        ({}, TIED, "two expressions equally likely: Fear and Surprise"),
        ({"agree_p": 0.0}, SURE, "the first guess was another expression"),
        ({}, VAGUE, "no expression stands out"),
        ({}, SURE, "such faces are often mislabelled"),
    ],
)
def test_reasons(change: dict[str, float], probabilities: np.ndarray, words: str) -> None:
    assert MODEL.reason({**FINE, **change}, probabilities, 0.5) == words
    assert MODEL.reason({**FINE, **change}, probabilities, 0.9) == "", "reliable needs no excuse"


def test_answer_features_by_hand() -> None:
    p, other = peaked(fear=0.5), peaked(anger=0.5)
    zero = np.zeros(1)
    purified = Purified(
        logits=p[None], p=p[None], t_g=p[None], t_a=other[None], t=p[None], final=p[None],
        p_lm=other[None], c_p=np.array([0.3]), c_g=zero, c_a=zero, c_t=np.array([0.4]),
        c_lm=np.array([0.2]), novelty=np.array([-1.5]), embedding=zero,
    )  # fmt: skip
    features = answer_features(np.array([[0.1, 0.05, 0.05, 0, 0, 0, 0.8]]), purified)
    assert features["winner"] == pytest.approx([math.log(4)])
    assert features["margin"] == pytest.approx([0.7])
    assert (features["c_p"], features["c_t"]) == (pytest.approx([0.3]), pytest.approx([0.4]))
    assert [float(features[f"agree_{k}"][0]) for k in ("p", "g", "a")] == [1, 1, 0]
    shown = np.array([0.1, 0.05, 0.05, 0, 0, 0, 0.8])
    named = [n for n in NAMED_FEATURES if features[n][0]]
    assert named == ["label_fear", "second_neutral"]
    assert features["novelty"] == [-1.5]
    assert features["witness"] == pytest.approx([math.log(other[6])])
    assert features["apart"] == pytest.approx([np.abs(other - shown).sum() / 2])
    silent = answer_features(shown[None], replace(purified, c_lm=np.zeros(1)))
    assert silent["apart"] == [0]


def test_the_reason_names_what_each_witness_says() -> None:
    shown, shape = peaked(happiness=0.7), peaked(anger=0.8)
    assert MODEL.reason(FINE, shown, 0.5, shape) == (
        "the shape of the face alone says Anger, the picture Happiness"
    )
    assert "shape" not in MODEL.reason(FINE, shown, 0.5, peaked(happiness=0.8))
    assert "shape" not in MODEL.reason(FINE, shown, 0.5, peaked(anger=0.4))


def test_picture_features() -> None:
    generator = np.random.default_rng(0)
    ramp = np.linspace(60, 200, 112)
    smooth = np.repeat(np.tile(ramp, (112, 1))[..., None], 3, axis=2)
    noisy = smooth + generator.normal(0, 20, (112, 112, 1))
    crops = np.stack([smooth, smooth * 0.5, np.clip(noisy, 0, 255)]).astype(np.uint8)
    features = picture_features(crops, 56)
    assert features["brightness"][0] == pytest.approx(130 / 255, abs=0.01)
    assert features["brightness"][1] == pytest.approx(65 / 255, abs=0.01)
    # Half the light is half the contrast: ln 2 less.
    assert features["contrast"][0] - features["contrast"][1] == pytest.approx(math.log(2), abs=0.02)
    assert features["grain"][2] > features["grain"][0] + 1
    assert features["sharpness"][2] > features["sharpness"][0] + 1


def test_detail_the_network_does_not_see_does_not_count() -> None:
    stripes = np.zeros((1, 112, 112, 3), np.uint8)
    stripes[:, :, ::2] = 255
    assert picture_features(stripes, 56)["contrast"] < -4
    assert picture_features(stripes, 0)["contrast"] > -1


def test_one_colour_is_neither_sharp_nor_an_error() -> None:
    features = picture_features(np.full((1, 112, 112, 3), 90, np.uint8), 0)
    assert all(np.isfinite(v).all() for v in features.values())


def test_view_features_drop_the_sign_of_angles() -> None:
    features = view_features([-30.0], [5.0], [-1.0], [12.0])
    assert {k: float(v[0]) for k, v in features.items()} == {
        "yaw": 30, "pitch": 5, "roll": 1, "size": 12,
    }  # fmt: skip
    assert set(features) <= set(FEATURES)


def test_operating_points() -> None:
    assert TABLE.for_coverage(1.0).threshold == 0.0
    assert TABLE.for_coverage(0.9).threshold == 0.5
    assert TABLE.for_coverage(0.8).threshold == 0.5, "answers at least what was asked"
    assert TABLE.for_coverage(0.1).threshold == 0.7


def test_round_trips() -> None:
    assert ReliabilityModel.from_json(json.loads(json.dumps(MODEL.to_json()))) == MODEL
    assert RiskCoverage.from_json(json.loads(json.dumps(TABLE.to_json()))) == TABLE


TERM = {"feature": "winner", "weight": 1.0, "low": 0.0, "high": 1.0}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([], "no number 'intercept'"),
        ({"intercept": 1.0}, "no list 'terms'"),
        ({"intercept": 1.0, "terms": [7], "usual": []}, "unknown feature 'None'"),
        ({"intercept": 1.0, "terms": [{**TERM, "feature": "mood"}]}, "unknown feature 'mood'"),
        ({"intercept": 1.0, "terms": [{**TERM, "weight": None}]}, "no number 'weight'"),
        ({"intercept": 1.0, "terms": [{**TERM, "low": 2.0}]}, "ends before it begins"),
        ({"intercept": float("inf"), "terms": []}, "'intercept' that is out of range"),
    ],
)
def test_malformed_models_are_refused(values: Any, sentence: str) -> None:
    with pytest.raises(FerdeskError, match=sentence):
        ReliabilityModel.from_json(values)


ROW = {"threshold": 0.5, "coverage": 0.5, "error": 0.1}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "no list 'rows'"),
        ({"rows": []}, "empty"),
        ({"rows": [ROW, {**ROW, "coverage": 0.9}]}, "out of order"),
        ({"rows": [{**ROW, "error": 1.1}]}, "out of range"),
        ({"rows": [{"threshold": 0.5}]}, "no number 'coverage'"),
    ],
)
def test_malformed_tables_are_refused(values: Any, sentence: str) -> None:
    with pytest.raises(FerdeskError, match=sentence):
        RiskCoverage.from_json(values)
