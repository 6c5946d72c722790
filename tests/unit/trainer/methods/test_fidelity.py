"""Whole steps of the rival methods against their published formulas, written out number by number.

The maps are made by hand and the expected losses are computed here with scalars in float64, from
the formulas at the head of each method's module; no function of the methods is used for them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

from ferdesk.model.backbones.features import Features
from tests.unit.trainer.methods.helpers import batch_of, small_config
from trainer.method_options import AdaDfConfig, DmueConfig, EacConfig, RulConfig, ScnConfig
from trainer.methods import build_method
from trainer.methods.base import Method

LABELS = (0, 3, 6, 3)
Vector = list[float]


class Given(nn.Module):
    """In the place of a backbone: the maps that were put in, one after the other."""

    def __init__(self, *maps: Tensor) -> None:
        super().__init__()
        self.maps = list(maps)

    def forward(self, image: Tensor) -> Features:
        coarse = self.maps.pop(0)
        return Features(coarse, coarse, coarse)


def numbers(*shape: int, seed: int) -> Tensor:
    """Tenths between -2 and 2."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-20, 21, shape, generator=generator) / 10


def made(name: str, pictures: int = 12_271, **options: object) -> Method:
    torch.manual_seed(1)
    method = build_method(small_config(name, epochs=75, **options), pictures).eval()
    with torch.no_grad():
        for number, parameter in enumerate(method.parameters()):
            if parameter.ndim < 3 and parameter.requires_grad:
                parameter.copy_(numbers(*parameter.shape, seed=number) / 2)
    return method


def rows(tensor: Tensor) -> list[Vector]:
    out: list[Vector] = tensor.detach().double().tolist()
    return out


def linear(layer: nn.Linear, x: Vector) -> Vector:
    bias = rows(layer.bias) if layer.bias is not None else [0.0] * layer.out_features
    return [
        sum(w * v for w, v in zip(weights, x, strict=True)) + b
        for weights, b in zip(rows(layer.weight), bias, strict=True)
    ]


def pooled(maps: Tensor) -> list[Vector]:
    return [[sum(sum(r) for r in place) / 4 for place in picture] for picture in rows(maps)]


def softmax(z: Vector) -> Vector:
    e = [math.exp(v) for v in z]
    return [v / sum(e) for v in e]


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def cross_entropy(logits: list[Vector], labels: Sequence[int]) -> float:
    return -mean([math.log(softmax(z)[y]) for z, y in zip(logits, labels, strict=True)])


def rank(alpha: Vector, share: float, margin: float) -> float:
    ordered = sorted(alpha, reverse=True)
    high = int(share * len(alpha))
    return max(0.0, margin - (mean(ordered[:high]) - mean(ordered[high:])))


def test_scn() -> None:
    method = made("scn", scn=ScnConfig(beta=0.5, rank_margin=0.9))
    maps = numbers(4, 32, 2, 2, seed=50)
    method.network.backbone = Given(maps)
    x = pooled(maps)
    alpha = [sigmoid(linear(method.network.alpha, v)[0]) for v in x]
    logits = [[a * z for z in linear(method.network.fc, v)] for a, v in zip(alpha, x, strict=True)]
    expected = cross_entropy(logits, LABELS) + rank(alpha, 0.5, 0.9)
    assert method(batch_of(LABELS)).loss.item() == pytest.approx(expected, rel=1e-5)


def test_eac() -> None:
    method = made("eac", eac=EacConfig(erase=0.0, scaled=False))
    maps, other = numbers(4, 32, 2, 2, seed=51), numbers(4, 32, 2, 2, seed=52)
    method.network.backbone = Given(maps, other)
    weight = rows(method.network.fc.weight)

    def activation(picture: list[list[Vector]], row: int, column: int, label: int) -> float:
        return sum(w * m[row][column] for w, m in zip(weight[label], picture, strict=True))

    squares = [
        (activation(a, i, j, c) - activation(b, i, 1 - j, c)) ** 2
        for a, b in zip(rows(maps), rows(other), strict=True)
        for i in (0, 1)
        for j in (0, 1)
        for c in range(7)
    ]
    cls = cross_entropy([linear(method.network.fc, x) for x in pooled(maps)], LABELS)
    expected = cls + 5 * mean(squares)
    assert method(batch_of(LABELS)).loss.item() == pytest.approx(expected, rel=1e-5)


def test_rul() -> None:
    method = made("rul", rul=RulConfig(features=3))
    maps = numbers(4, 32, 2, 2, seed=53)
    method.network.backbone = Given(maps)

    def head(module: nn.Sequential, picture: list[list[Vector]]) -> Vector:
        flat = [v / math.sqrt(1 + 2e-5) for channel in picture for line in channel for v in line]
        scale, shift = rows(module[4].weight), rows(module[4].bias)
        return [
            s * v / math.sqrt(1 + 2e-5) + b
            for s, v, b in zip(scale, linear(module[3], flat), shift, strict=True)
        ]

    mu = [head(method.network.mu, picture) for picture in rows(maps)]
    u = [mean([math.exp(v) for v in head(method.log_variance, p)]) for p in rows(maps)]
    partner = torch.randperm(4, generator=torch.Generator().manual_seed(5)).tolist()
    losses = []
    for i, j in enumerate(partner):
        share = u[i] / (u[i] + u[j])
        mixed = [share * a + (1 - share) * b for a, b in zip(mu[i], mu[j], strict=True)]
        p = softmax(linear(method.network.fc, mixed))
        losses.append(-0.5 * math.log(p[LABELS[i]]) - 0.5 * math.log(p[LABELS[j]]))
    assert method(batch_of(LABELS)).loss.item() == pytest.approx(mean(losses), rel=1e-4)


@pytest.mark.parametrize("epoch", [0, 8])
def test_ada_df(epoch: int) -> None:
    method = made("ada_df", ada_df=AdaDfConfig(beta=0.5, rank_margin=0.9))
    early, late = numbers(4, 32, 2, 2, seed=54), numbers(4, 32, 2, 2, seed=55)
    method.network.backbone = Given(late)
    method.maps = lambda _: (early, late)
    method.branch.stages = nn.Identity()
    first, second, weights = [], [], []
    for x, y in zip(pooled(early), pooled(late), strict=True):
        a = sigmoid(linear(method.branch.alpha, x)[0])
        b = sigmoid(linear(method.network.alpha, y)[0])
        first.append([a * z for z in linear(method.branch.fc, x)])
        second.append([b * z for z in linear(method.network.fc, y)])
        weights.append((a + b) / 2)
    low, high = min(weights), max(weights)
    divergence = 0.0
    for z, other, w, label in zip(first, second, weights, LABELS, strict=True):
        scaled = 0.2 + 0.8 * (w - low) / (high - low)
        q = [
            (1 - scaled) * p + scaled * (0.7 if c == label else 0.05)
            for c, p in enumerate(softmax(z))
        ]
        divergence += sum(
            v * math.log(v / p) for v, p in zip(q, softmax(other), strict=True)
        ) / len(LABELS)
    # β = 3 of 75 epochs; epochs count from 1.
    e = epoch + 1
    a_1 = math.exp(-((1 - e / 3) ** 2)) if e <= 3 else 1.0
    a_2 = 1.0 if e <= 3 else math.exp(-((1 - 3 / e) ** 2))
    expected = a_2 * cross_entropy(first, LABELS) + a_1 * divergence + rank(weights, 0.5, 0.9)
    assert method(batch_of(LABELS, epoch=epoch)).loss.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("epoch", [3, 40])
@pytest.mark.parametrize("form", ["rows", "released"])
def test_dmue(epoch: int, form: str) -> None:
    weight = {"rows": 0.2, "released": 1000.0}[form]
    method = made("dmue", dmue=DmueConfig(similarity_weight=weight, similarity_form=form, ramp=9))
    maps = numbers(4, 32, 2, 2, seed=56)
    method.network.backbone = Given(maps)
    for branch in method.branches:
        branch.stage = nn.Identity()
    x = pooled(maps)

    def neck(module: nn.BatchNorm1d, v: Vector) -> Vector:
        scale = rows(module.weight)
        return [s * n / math.sqrt(1 + 1e-5) for s, n in zip(scale, v, strict=True)]

    features = [neck(method.network.neck, v) for v in x]
    logits = [linear(method.network.fc, v) for v in features]
    said = [[linear(b.classifier, neck(b.neck, v)) for v in x] for b in method.branches]

    def dot(a: Vector, b: Vector) -> float:
        return sum(m * n for m, n in zip(a, b, strict=True))

    def unit(v: Vector) -> Vector:
        return [n / math.sqrt(dot(v, v)) for n in v]

    def gram(vectors: list[Vector]) -> list[Vector]:
        return [unit([dot(a, b) for b in vectors]) for a in vectors]

    auxiliary, similarity = [], []
    for c, branch in enumerate(said):
        own = [i for i, label in enumerate(LABELS) if label != c]
        moved = [LABELS[i] - (LABELS[i] > c) for i in own]
        auxiliary.append(cross_entropy([branch[i] for i in own], moved))
        one, two = gram([branch[i] for i in own]), gram([features[i] for i in own])
        squares = [
            (a - b) ** 2 for r, s in zip(one, two, strict=True) for a, b in zip(r, s, strict=True)
        ]
        similarity.append(sum(squares) / len(own) ** (2 if form == "released" else 1))
    soft = []
    for i, label in enumerate(LABELS):
        latent = softmax([z / 1.2 for z in said[label][i]])
        latent.insert(label, 0.0)
        target = [0.0 if k == label else p for k, p in enumerate(softmax(logits[i]))]
        soft += [(a - b) ** 2 for a, b in zip(target, latent, strict=True)]
    certain = []
    for i, label in enumerate(LABELS):
        alike = {
            c: mean([dot(unit(x[i]), unit(x[j])) for j, other in enumerate(LABELS) if other == c])
            for c in set(LABELS)
        }
        low, high = min(alike.values()), max(alike.values())
        put = [(alike[c] - low) / (high - low) if c in alike else 0.0 for c in range(7)]
        put += [1.0 if c == label else 0.0 for c in range(7)]
        first, slope, last, _ = method.uncertainty
        hidden = [v if v > 0 else slope.weight.item() * v for v in linear(first, put)]
        s = sigmoid(linear(last, hidden)[0])
        certain.append([s * z for z in logits[i]])
    up = math.exp(-5 * (1 - epoch / 9) ** 2) if epoch <= 9 else 1.0
    down = 1.0 if epoch < 9 else math.exp(-((1 - 9 / epoch) ** 2))
    target_loss = cross_entropy(certain, LABELS) + 0.5 * mean(soft) + weight * mean(similarity)
    expected = up * target_loss + down * mean(auxiliary)
    step = method(batch_of(LABELS, epoch=epoch))
    assert step.loss.item() == pytest.approx(expected, rel=1e-4)
