"""In what the rival methods here are not the released ones, for pages that compare them.

The modules of the methods say more, with the switches that give the released form where there is
one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EVERY_METHOD = (
    "The run's data, augmentation, batches, optimiser, rates and schedule, the same for all; the "
    "gradient's norm is limited to the run's clip_norm (released: no limit), norms and biases have "
    "no weight decay, and starts and ramps have a floor in updates. Ours has a trust ramp and a "
    "bounded anchor loss, which are not in the paper."
)

DEPARTURES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ours": (
            "the anchor loss is bounded (anchor_form: paper is the printed one)",
            "a trust ramp hands the answer from p to L_final (trust_ramp: 0 is without)",
        ),
        "scn": (
            "only pictures of low weight get new labels, as in the paper; the released code does "
            "not ask for it (low_group_only: false)",
            "new labels hold from the next epoch on",
            "α sees features at the size that ResNet-18's have",
        ),
        "dmue": (
            "the similarity term is a sum over a picture's pairs with weight 0.2 instead of a mean "
            "over all pairs with weight 1000 (variant dmue_published)",
            "the uncertainty network is trained; the released optimiser never gets it "
            "(train_uncertainty: false)",
            "batches are the run's: not every class has two pictures in each, as the released "
            "class-balanced ones have",
            "every branch has a trained batch-norm neck of its own, in front of the dropout",
            "all branches start from the backbone's weights; DMUE's face weights are not at hand",
        ),
        "rul": (
            "without relabelling, as released; its author calls that vital under noise and has not "
            "published it (relabel: true, by SCN's rule)",
            "the heads fit the backbone's map",
        ),
        "eac": (
            "the maps count features at the size that ResNet-18's have (variant eac_published)",
            "x is augmented and erased as for every method; the released code erases x by the rule "
            "of x'",
        ),
        "ada_df": (
            "no gradient passes through the fused distribution (detach_fused: false)",
            "the fallback distribution sums to 1; the released one to 1.1 (released_fallback)",
            "class distributions come from the epoch's own answers, not from a pass behind it",
            "the early layers keep their weights where the run starts from published ones, be they "
            "of ImageNet and not of faces (freeze_early)",
            "α sees features at the size that ResNet-18's have",
        ),
    }
)
"""By method; cross entropy has no released code."""
