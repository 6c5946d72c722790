"""Which faces count where a reliability is measured: those that the app would show."""

from dataclasses import replace

import numpy as np

from ferdesk.model.calibration import Calibration
from ferdesk.model.predictor import Predictor
from ferdesk.model.reliability import ReliabilityModel, Term
from tests.unit.model.helpers import tiny_card, tiny_network
from trainer.confidence.calibrate import scores_of
from trainer.confidence.observed import Part, observe
from trainer.data.packed import PackedSet

FACES = 5


def part() -> Part:
    """Five faces, in the first of which no landmarks were found."""
    crops = np.random.default_rng(0).integers(0, 256, (FACES, 112, 112, 3)).astype(np.uint8)
    targets = np.eye(7, dtype=np.float32)[[0, 1, 2, 3, 4]]
    poses = np.tile([0.0, 0.0, 0.0, 60.0], (FACES, 1))
    poses[0] = np.nan
    names = tuple(f"{i}.png" for i in range(FACES))
    return Part(PackedSet(crops, targets, names, np.ones(FACES, bool)), poses)


def test_a_face_that_is_not_found_under_a_fault_does_not_count() -> None:
    network = tiny_network()
    predictor = Predictor.of_network(network, tiny_card(network))
    own, calibration = part(), Calibration(temperature=1.0, set_threshold=0.1)
    model = ReliabilityModel(1.0, (Term("winner", 1.0, -5.0, 5.0),))
    seen = observe(predictor, own, "", 0)
    final = seen.purified.final

    everything = scores_of(seen, own, calibration, model)
    assert np.allclose(everything.winner, final[1:].max(axis=1))
    assert (everything.correct == (final[1:].argmax(axis=1) == own.data.labels[1:])).all()

    again = np.array([True, True, False, True, False])
    fewer = scores_of(replace(seen, again=again), own, calibration, model)
    for name in ("correct", "reliability", "winner", "c_t"):
        assert np.array_equal(getattr(fewer, name), getattr(everything, name)[[0, 2]]), name
