"""The geometry stream, its DWMCA with token counts of its own, and the independent witness."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ferdesk.model.apcl import APCL, confidence, weigh_all
from ferdesk.model.config import TINY, ArchitectureConfig, Preprocessing
from ferdesk.model.dwmca import DWMCABlock
from ferdesk.model.face_geometry import GEOMETRY_SIZE, PRESENT
from ferdesk.model.geometry import GeometryStream, GeometryWitness, Standardise
from ferdesk.model.network import DualStreamFER

GEOMETRIC = replace(TINY, landmark_backbone="geometry", witness="correction")


def faces(n: int) -> torch.Tensor:
    """Random geometry; the last face has no landmarks."""
    values = torch.randn(n, GEOMETRY_SIZE, generator=torch.Generator().manual_seed(3))
    values[:, PRESENT] = 1.0
    values[-1] = 0.0
    return values


def crops(n: int) -> torch.Tensor:
    return torch.rand(n, 3, 112, 112, generator=torch.Generator().manual_seed(4)) * 255


def test_standardised_faces_have_mean_0_and_spread_1_and_absent_ones_stay_zero() -> None:
    layer = Standardise()
    given = faces(201) * 3 + 2
    given[:, PRESENT] = 1.0
    given[-1] = 0.0
    layer.fit(given)
    out = layer(given)
    assert not out[-1].any()
    assert out[:-1, :PRESENT].mean().abs() < 1e-5
    assert out[:-1, :PRESENT].std() == pytest.approx(1, abs=1e-2)


def test_a_face_without_landmarks_has_tokens_of_its_own() -> None:
    stream = GeometryStream(32, 2, 4, 1).eval()
    tokens = stream(faces(3))
    assert tokens.shape == (3, 18 + 4, 32)
    with torch.no_grad():
        stream.absent += 1.0
    again = stream(faces(3))
    assert torch.equal(again[:2], tokens[:2])
    assert not torch.allclose(again[2], tokens[2])


def test_dwmca_between_streams_with_other_counts() -> None:
    """O_img, asked for by the landmark tokens, joins them; nothing of it reaches the image."""
    torch.manual_seed(0)
    block = DWMCABlock(32, 2, 2.0, one_grid=False).eval()
    image, tokens = torch.randn(2, 25, 32), torch.randn(2, 22, 32)
    img, lm = block(image, tokens)
    assert img.shape == image.shape
    assert lm.shape == tokens.shape
    with torch.no_grad():
        block.image.output.weight.zero_()
        block.image.output.bias.zero_()
    img_without, lm_without = block(image, tokens)
    assert torch.equal(img_without, img)
    assert not torch.allclose(lm_without, lm)


def test_the_witness_says_nothing_without_landmarks() -> None:
    said = GeometryWitness().eval()(faces(3))
    assert torch.allclose(said.sum(dim=1), torch.ones(3))
    assert torch.allclose(said[2], torch.full((7,), 1 / 7))
    assert confidence(said)[2].item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("stream", ["geometry", "none"])
def test_the_fusion_sends_no_gradient_to_the_witness(stream: str) -> None:
    torch.manual_seed(0)
    config = replace(GEOMETRIC, landmark_backbone=stream)  # type: ignore[arg-type]
    network = DualStreamFER(config, Preprocessing()).train()
    assert network.witness is not None
    out = network(crops(3), faces(3))
    out.final[:, 0].log().sum().backward(retain_graph=True)
    assert all(p.grad is None for p in network.witness.parameters())
    others = [p for n, p in network.named_parameters() if not n.startswith("witness.")]
    before = [None if p.grad is None else p.grad.clone() for p in others]
    out.p_lm[:2, 0].log().sum().backward()
    assert all(p.grad is not None for p in network.witness.parameters())
    for parameter, old in zip(others, before, strict=True):
        assert old is None or torch.equal(parameter.grad, old)  # type: ignore[arg-type]


def test_the_witness_corrects_by_its_confidence() -> None:
    q = torch.softmax(torch.randn(4, 3, 7), dim=-1)
    c = torch.rand(3, 4)
    expected = (c.unsqueeze(-1) * q.transpose(0, 1)).sum(dim=0)
    expected = expected / c.sum(dim=0).unsqueeze(-1)
    assert torch.allclose(weigh_all(list(q.transpose(0, 1)), list(c)), expected, atol=1e-6)
    equal = weigh_all(list(q.transpose(0, 1)), list(torch.zeros(3, 4)))
    assert torch.allclose(equal, q.mean(dim=1), atol=1e-6)


def test_a_heavier_witness_pulls_harder() -> None:
    sure, z = torch.eye(7)[[3]], torch.randn(1, GEOMETRIC.feature_dim)
    shares = []
    for weight in (1.0, 4.0):
        torch.manual_seed(0)
        apcl = APCL(replace(GEOMETRIC, witness_weight=weight)).eval()
        out = apcl(z, p_lm=sure)
        own = out.c_g * out.t_g + out.c_a * out.t_a + weight * out.c_lm * sure
        expected = own / (out.c_g + out.c_a + weight * out.c_lm)
        assert torch.allclose(out.t, expected, atol=1e-5)
        shares.append(out.t[0, 3].item())
    assert shares[1] > shares[0]


@pytest.mark.parametrize("witness", ["apart", "correction"])
def test_apcl_hears_the_witness_only_where_it_should(witness: str) -> None:
    torch.manual_seed(0)
    apcl = APCL(replace(GEOMETRIC, witness=witness)).eval()  # type: ignore[arg-type]
    z = torch.randn(2, GEOMETRIC.feature_dim)
    sure = torch.eye(7)[[3, 3]]
    plain, told = apcl(z), apcl(z, p_lm=sure)
    assert torch.equal(told.p_lm, sure)
    assert torch.allclose(told.c_lm, torch.ones(2), atol=1e-5)
    changed = not torch.allclose(plain.final, told.final)
    assert changed == (witness == "correction")
    assert torch.equal(plain.p, told.p)


@pytest.mark.parametrize(
    "config",
    [GEOMETRIC, replace(GEOMETRIC, witness="apart"), replace(GEOMETRIC, landmark_backbone="none")],
)
def test_geometry_changes_the_answer(config: ArchitectureConfig) -> None:
    torch.manual_seed(0)
    network = DualStreamFER(config, Preprocessing()).eval()
    with torch.inference_mode():
        with_it, without = network(crops(2), faces(3)[:2]), network(crops(2))
    assert not torch.allclose(with_it.final, without.final)


def test_the_pyramid_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="needs a landmark stream"):
        DualStreamFER(ArchitectureConfig(landmark_backbone="none"), Preprocessing())


def test_the_papers_pyramid_takes_the_geometry_stream() -> None:
    torch.manual_seed(0)
    config = ArchitectureConfig(
        image_backbone="resnet18", landmark_backbone="geometry", dims=(32, 32, 32), vit_depth=1
    )
    network = DualStreamFER(config, Preprocessing()).eval()
    with torch.inference_mode():
        out = network(crops(2), faces(2))
        alone = network(crops(2)[:1], faces(2)[:1])
        without = network(crops(2))
    assert out.final.shape == (2, 7)
    assert torch.allclose(out.final[:1], alone.final, atol=1e-5)
    assert not torch.allclose(out.final[0], without.final[0])
    assert torch.allclose(out.final[1], without.final[1], atol=1e-5)
