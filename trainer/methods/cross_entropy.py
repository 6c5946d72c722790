"""Plain cross entropy: the baseline that every method against label noise has to beat.

The loss is -mean_i Σ_j y_j ln p_j, the ordinary cross entropy where labels are one-hot and its soft
form where the data set has votes. Prediction is one view.
"""

from __future__ import annotations

from trainer.config import TrainConfig
from trainer.methods.base import Batch, Method, Step
from trainer.methods.classifier import ClassifierMethod, build_classifier, soft_cross_entropy


class CrossEntropy(ClassifierMethod):
    """A classifier and nothing else."""

    def forward(self, batch: Batch) -> Step:
        logits = self._network(batch.crops).float()
        loss = soft_cross_entropy(logits, batch.targets)
        return Step(loss, {"cls": loss.detach()}, logits.detach().softmax(dim=1))


def build(config: TrainConfig, _pictures: int) -> Method:
    """The method of this module; it keeps nothing per picture."""
    return CrossEntropy(build_classifier(config))
