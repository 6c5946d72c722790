"""Strange pictures, and the term that takes their reliability away and nobody else's."""

from dataclasses import replace

import numpy as np
import pytest

from ferdesk.model.reliability import FEATURES, NOVELTY
from tests.unit.trainer.confidence.test_faults import crops
from tests.unit.trainer.confidence.test_reliability import synthetic
from trainer.confidence.novelty import with_term
from trainer.confidence.reliability import select
from trainer.confidence.strange import FITTED_ON, STRANGE, strange
from trainer.measure.metrics import auroc


@pytest.mark.parametrize("kind", STRANGE)
def test_a_strange_picture_is_repeatable_and_another_picture(kind: str) -> None:
    original = crops()
    kept = original.copy()
    first = strange(original, kind, 3)
    assert np.array_equal(original, kept)
    assert (first.shape, first.dtype) == (original.shape, np.uint8)
    assert np.array_equal(first[:1], strange(original[:1], kind, 3)), "not of its neighbours"
    changed = np.abs(first.astype(int) - original).mean(axis=(1, 2, 3))
    assert changed.min() > 1, "to be seen"


def test_some_kinds_are_kept_from_the_fit() -> None:
    assert set(FITTED_ON) < set(STRANGE)


def test_strange_pictures_lose_their_reliability_and_faces_keep_theirs() -> None:
    faces = synthetic()
    fitted = select(faces)
    strangers = {name: faces.features[name][:400].copy() for name in FEATURES}
    strangers[NOVELTY] = np.random.default_rng(1).normal(5, 1, 400)
    told = with_term(fitted, faces, strangers)
    term = told.model.terms[-1]
    assert term.feature == NOVELTY
    assert term.weight < 0
    assert [name for name, _ in told.losses][-1] == NOVELTY
    assert told.model.predict(strangers).mean() < 0.3 < fitted.model.predict(strangers).mean()
    before, after = (m.predict(faces.features) for m in (fitted.model, told.model))
    assert (after <= before + 1e-12).all(), "it only takes away"
    assert (after == before)[faces.clean].mean() >= 0.97
    assert auroc(after, faces.correct) > auroc(before, faces.correct) - 0.01


def test_a_measure_that_tells_nothing_changes_nothing() -> None:
    faces = synthetic(300)
    fitted = select(faces)
    strangers = {name: faces.features[name][:100] for name in FEATURES}
    assert with_term(fitted, faces, strangers) is fitted
    assert with_term(fitted, faces, {NOVELTY: np.zeros(0)}) is fitted
    silent = {**faces.features, NOVELTY: np.zeros(len(faces.correct))}
    plain = select(replace(faces, features=silent))
    assert NOVELTY not in {usual.feature for usual in plain.model.usual}
    assert with_term(plain, replace(faces, features=silent), strangers) is plain
