"""Predictor: backends agree, order of labels, devices and their reasons."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from ferdesk.errors import FerdeskError
from ferdesk.model.calibration import Calibration
from ferdesk.model.config import (
    LIVE,
    LIVE_MOBILEFACENET,
    PAPER,
    TINY,
    ArchitectureConfig,
    Preprocessing,
)
from ferdesk.model.conversion import convert, of_group
from ferdesk.model.devices import available_devices, choose_device
from ferdesk.model.face_geometry import GEOMETRY_SIZE, PRESENT, mirrored, no_geometry
from ferdesk.model.labels import EXPRESSIONS
from ferdesk.model.network import DualStreamFER
from ferdesk.model.openvino_backend import (
    Models,
    OpenVinoBackend,
    Precision,
    capabilities,
)
from ferdesk.model.predictor import Predictor
from ferdesk.model.probe import COMPARED
from ferdesk.model.purified import FIELDS, averaged
from ferdesk.quiet_openvino import ov
from tests.unit.model.helpers import tiny_card, tiny_network

TOLERANCE = 1e-4
"""Largest difference between float32 backends in any distribution or confidence."""
HALF_TOLERANCE = 5e-2
"""The same where the backbones run in half precision."""

AVAILABLE = {d.key for d in available_devices() if d.available}


def crops(n: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, 112, 112, 3), dtype=np.uint8)


def faces(n: int) -> np.ndarray:
    """Random geometry; the last face has no landmarks."""
    values = np.random.default_rng(1).normal(size=(n, GEOMETRY_SIZE)).astype(np.float32)
    values[:, PRESENT] = 1.0
    values[-1] = 0.0
    return values


@pytest.mark.parametrize("device", ["openvino", "cuda", "mps"])
@pytest.mark.parametrize("config", [TINY, LIVE, LIVE_MOBILEFACENET], ids=lambda c: c.name)
def test_backends_agree_with_torch_on_the_cpu(config: ArchitectureConfig, device: str) -> None:
    if device not in AVAILABLE:
        pytest.skip(f"{device} is not available")
    network = tiny_network(config=config)
    card = tiny_card(network)
    batch = crops(3)
    shapes = faces(3)
    expected = Predictor.of_network(network, card, "cpu").predict(batch, shapes)
    other = Predictor.of_network(tiny_network(config=config), card, device)
    out = other.predict(batch, shapes)
    tolerance = HALF_TOLERANCE if "16" in other.device or device == "mps" else TOLERANCE
    for name in FIELDS:
        a, b = getattr(expected, name), getattr(out, name)
        assert a.shape == b.shape
        assert b.dtype == np.float32
        if name not in ("logits", "embedding"):
            assert np.abs(a - b).max() < tolerance, name


@pytest.mark.parametrize("config", [TINY, LIVE, LIVE_MOBILEFACENET], ids=lambda c: c.name)
def test_openvino_in_float32_is_torch_in_float32(config: ArchitectureConfig) -> None:
    network = tiny_network(config=config)
    # A group of four, and one by itself.
    expected = Predictor.of_network(network, tiny_card(network), "cpu").predict(crops(5), faces(5))
    out = OpenVinoBackend(convert(network), 1, "f32").run(crops(5), faces(5))
    for name in FIELDS:
        assert np.abs(getattr(out, name) - getattr(expected, name)).max() < TOLERANCE, name


def test_grey_pictures_reach_every_light_backbone_on_openvino() -> None:
    config = replace(LIVE_MOBILEFACENET, image_backbone="mobilefacenet")
    spec = Preprocessing(grayscale=True, detail=56, image_mean=(0.0,) * 3, image_std=(255.0,) * 3)
    torch.manual_seed(0)
    network = DualStreamFER(config, spec).eval()
    expected = Predictor.of_network(network, tiny_card(network), "cpu").predict(crops(1))
    out = OpenVinoBackend(convert(network), 1, "f32").run(crops(1), no_geometry(1))
    assert np.abs(out.p - expected.p).max() < TOLERANCE


def test_the_papers_network_runs_on_openvino() -> None:
    network = tiny_network(config=PAPER)
    card = tiny_card(network)
    expected = Predictor.of_network(network, card, "cpu").predict(crops(1))
    out = OpenVinoBackend(convert(network), 1, "f32").run(crops(1), no_geometry(1))
    for name in ("p", "t_g", "t_a", "t", "final", "c_p", "c_t"):
        assert np.abs(getattr(out, name) - getattr(expected, name)).max() < TOLERANCE, name


@pytest.mark.parametrize("device", sorted(AVAILABLE))
def test_a_face_does_not_depend_on_its_neighbours(device: str) -> None:
    predictor = Predictor.of_network(tiny_network(), tiny_card(tiny_network()), device)
    batch = crops(4)
    together = predictor.predict(batch)
    alone = predictor.predict(batch[2:3])
    assert np.allclose(together.final[2], alone.final[0], atol=1e-5)


@pytest.fixture(scope="module")
def live_models() -> Models[ov.Model]:
    return convert(tiny_network(config=LIVE))


@pytest.mark.parametrize("count", [2, 3, 5, 7, 8])
@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_faces_side_by_side_and_in_groups_get_the_answers_they_get_alone(
    live_models: Models[ov.Model], precision: Precision, count: int
) -> None:
    if precision == "bf16" and "BF16" not in capabilities(ov.Core()):
        pytest.skip("this CPU has no units for bf16")
    backend = OpenVinoBackend(live_models, 2, precision)
    batch, shapes = crops(count), faces(count)
    together = backend.run(batch, shapes)
    # Products of another size may be summed in another order, which bf16 shows most.
    tolerance = {"f32": 1e-5, "bf16": 0.02}[precision]
    for i in range(count):
        alone = backend.run(batch[i : i + 1], shapes[i : i + 1])
        for name in COMPARED:
            difference = np.abs(getattr(together, name)[i] - getattr(alone, name)[0]).max()
            assert difference <= tolerance, name


def test_a_network_that_cannot_take_several_faces_runs_them_one_by_one() -> None:
    from openvino import opset13 as ops

    parameter = ops.parameter([1, 6], np.float32)
    fixed = ov.Model([ops.reshape(parameter, np.array([1, 2, 3]), False)], [parameter])
    assert of_group(fixed) is None


def test_results_do_not_change_when_the_next_batch_comes() -> None:
    predictor = Predictor.of_network(tiny_network(), tiny_card(tiny_network()))
    batch = crops(2)
    first = predictor.predict(batch[:1])
    kept = first.final.copy()
    predictor.predict(batch[1:])
    assert np.array_equal(first.final, kept)


def test_labels_of_another_order_are_put_into_ours() -> None:
    network = tiny_network()
    card = tiny_card(network)
    turned = replace(card, labels=tuple(reversed(EXPRESSIONS)))
    batch = crops(2)
    ours, theirs = Predictor.of_network(network, card), Predictor.of_network(network, turned)
    assert np.allclose(theirs.predict(batch).final, ours.predict(batch).final[:, ::-1], atol=1e-6)
    assert np.allclose(theirs.predict(batch).c_p, ours.predict(batch).c_p, atol=1e-6)


def test_the_cards_calibration_is_left_to_the_judge() -> None:
    network = tiny_network()
    card = tiny_card(network)
    with_it = replace(card, calibration=Calibration(0.5, 0.1, (0.0, 0.0, 0.5, 0, 0, 0, 0)))
    raw = Predictor.of_network(network, replace(card, calibration=None), "cpu").predict(crops(2))
    out = Predictor.of_network(network, with_it, "cpu").predict(crops(2))
    for name in FIELDS:
        assert np.array_equal(getattr(out, name), getattr(raw, name)), name


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((112, 112, 3), np.uint8),
        np.zeros((1, 100, 112, 3), np.uint8),
        np.zeros((1, 112, 112, 3), np.float32),
        np.zeros((1, 112, 112, 4), np.uint8),
    ],
    ids=["no batch", "size", "dtype", "alpha"],
)
def test_other_input_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="crops must be"):
        Predictor.of_network(tiny_network(), tiny_card(tiny_network()), "cpu").predict(bad)


def test_strided_crops_are_read_right() -> None:
    predictor = Predictor.of_network(tiny_network(), tiny_card(tiny_network()))
    batch = crops(1)
    assert np.array_equal(
        predictor.predict(batch[:, :, ::-1]).final,
        predictor.predict(batch[:, :, ::-1].copy()).final,
    )


def test_absent_devices_say_why() -> None:
    for device in available_devices():
        assert device.available == (not device.reason)
        if not device.available:
            with pytest.raises(FerdeskError, match="cannot be used"):
                choose_device(device.key)
    with pytest.raises(FerdeskError, match="no device 'tpu'"):
        choose_device("tpu")


def test_auto_prefers_openvino_where_there_is_no_gpu() -> None:
    if "cuda" in AVAILABLE or "openvino" not in AVAILABLE:
        pytest.skip("this machine prefers something else")
    assert choose_device("auto").key == "openvino"
    assert Predictor.of_network(tiny_network(), tiny_card(tiny_network())).device.startswith(
        "OpenVINO (CPU"
    )


def test_openvino_runs_without_its_telemetry() -> None:
    code = (
        "import sys, ferdesk.model.openvino_backend;"
        "print([m for m, v in sys.modules.items() if v and m.startswith('openvino_telemetry')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("device", sorted(AVAILABLE & {"cpu", "openvino"}))
def test_a_mirroring_card_gives_the_mean_over_the_face_and_its_mirror_image(device: str) -> None:
    network = tiny_network(config=LIVE)
    plain = Predictor.of_network(network, tiny_card(network), device)
    card = replace(tiny_card(network), mirror=True)
    both = Predictor.of_network(tiny_network(config=LIVE), card, device)
    batch, shapes = crops(3), faces(3)
    there = plain.predict(np.ascontiguousarray(batch[:, :, ::-1]), mirrored(shapes))
    here, out = plain.predict(batch, shapes), both.predict(batch, shapes)
    for name in ("p", "t_g", "t_a", "t", "final", "p_lm"):
        mean = (getattr(here, name) + getattr(there, name)) / 2
        assert np.allclose(getattr(out, name), mean, atol=2e-3), name
    assert np.allclose(averaged(here, there).final, out.final, atol=1e-5)
    assert out.c_lm[-1] == pytest.approx(0, abs=1e-6), "no landmarks, no witness"
    c_t = 1 + (out.t * np.log(out.t)).sum(axis=1) / np.log(7)
    assert np.allclose(out.c_t, c_t, atol=1e-5)
    flipped = both.predict(np.ascontiguousarray(batch[:, :, ::-1]), mirrored(shapes))
    assert np.allclose(flipped.final, out.final, atol=1e-5), "both sides count the same"
    alone = both.predict(batch[1:2], shapes[1:2])
    assert np.allclose(alone.final[0], out.final[1], atol=1e-5), "whoever else is in the batch"
