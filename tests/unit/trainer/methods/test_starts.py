"""When methods begin what they do late: a share of the run, but no fewer updates than a floor."""

from __future__ import annotations

import pytest

from tests.unit.trainer.methods.helpers import small_config
from trainer.config import TrainConfig
from trainer.method_options import AdaDfConfig, DmueConfig, RulConfig, ScnConfig
from trainer.methods import build_method
from trainer.training.schedule import schedule


def built(name: str, epochs: int, pictures: int, **changes: object) -> object:
    return build_method(small_config(name, epochs=epochs, batch_size=64, **changes), pictures)


@pytest.mark.parametrize(
    ("epochs", "pictures", "first"),
    [
        (70, 12_271, 10),  # the published run
        (8, 5_000, 5),  # 78 updates an epoch: epoch 2 after 78 of them; half of the run is 4 epochs
        (12, 8_000, 5),  # 125 an epoch: 400 updates are done in the fourth
        (12, 25_000, 3),  # 390 an epoch: 400 are done in the second, a share would be epoch 2
    ],
)
@pytest.mark.parametrize("name", ["scn", "rul"])
def test_new_labels(name: str, epochs: int, pictures: int, first: int) -> None:
    method = built(name, epochs, pictures, rul=RulConfig(relabel=True))
    published = {"scn": 10 / 70, "rul": 10 / 60}[name]
    assert method.relabels.first_epoch == max(first, -(-int(1e6 * published * epochs) // 10**6))


@pytest.mark.parametrize(
    ("epochs", "pictures", "dmue", "ada_df"),
    [
        (75, 12_271, 750 / 36, 3),  # Ada-DF's published run
        (8, 5_000, 4, 150 / 78),
        (12, 8_000, 120 / 36, 150 / 125),
        (8, 25_000, 80 / 36, 1),  # at least one epoch
        (2, 100_000, 1, 1),
    ],
)
def test_ramps(epochs: int, pictures: int, dmue: float, ada_df: float) -> None:
    assert built("dmue", epochs, pictures).ramp == pytest.approx(dmue)
    assert built("ada_df", epochs, pictures).ramp == pytest.approx(ada_df)


def test_floors_can_be_switched_off_and_epochs_given() -> None:
    assert built("scn", 8, 5_000, scn=ScnConfig(relabel_updates=0)).relabels.first_epoch == 2
    assert built("scn", 8, 5_000, scn=ScnConfig(relabel_epoch=7)).relabels.first_epoch == 7
    assert built("dmue", 8, 5_000, dmue=DmueConfig(ramp=0.5)).ramp == 0.5
    assert built("ada_df", 8, 5_000, ada_df=AdaDfConfig(ramp=0.5)).ramp == 0.5


def test_the_balanced_sampler_has_epochs_of_its_own_length() -> None:
    config = TrainConfig(sampler="balanced", per_class=500, batch_size=32)
    assert config.updates_per_epoch(12_271) == 7 * 500 // 32
    assert TrainConfig(batch_size=32).updates_per_epoch(12_271) == 383


def test_the_warm_up_takes_a_quarter_of_a_short_run_at_most() -> None:
    config = TrainConfig(epochs=4, warmup_steps=100)
    factors = [schedule(step, 10, config) for step in range(40)]
    assert factors[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert factors[10] == 1.0
    assert factors == factors[:10] + sorted(factors[10:], reverse=True)
    long = TrainConfig(epochs=4, warmup_steps=100)
    assert schedule(99, 1000, long) == 1.0
    assert schedule(49, 1000, long) == 0.5
