"""LSL with real inlets on this computer."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ferdesk.model.labels import EXPRESSIONS
from ferdesk.pipeline.types import Reading
from ferdesk.streams import lsl as streams_lsl
from ferdesk.streams.outlet import StreamError

try:
    import pylsl
except (ImportError, OSError, RuntimeError):
    pytest.skip("pylsl or its library is not installed", allow_module_level=True)

from ferdesk.streams.lsl import (
    BLENDSHAPES_NAME,
    CHANGE_NAME,
    CHANNELS,
    MARKERS_NAME,
    NAME,
    LslOutlet,
)
from ferdesk.streams.markers import MarkerInlet
from ferdesk.streams.sender import Sender
from tests.unit.streams.conftest import with_change

SECONDS = float(os.environ.get("FERDESK_LSL_SECONDS", "3"))
"""How long readings are sent; 60 for the promise of a minute."""
RATE = 30


@pytest.fixture
def outlet(tmp_path: Path) -> Iterator[LslOutlet]:
    """With a source of its own, so that the id is not that of another run on this computer."""
    outlet = LslOutlet(str(tmp_path), version="0.1.0")
    yield outlet
    outlet.close()


def clock_distance() -> float:
    """What LSL's clock is ahead of ours; the highest, for between two looks time may pass."""
    return max(pylsl.local_clock() - time.perf_counter() for _ in range(50))


def inlet_of(name: str, source: Path) -> Any:
    """An inlet of the stream that this test has opened."""
    mine = streams_lsl.source_id(str(source))
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for info in pylsl.resolve_byprop("name", name, 1, 1.0):
            if info.source_id().endswith(mine):
                inlet = pylsl.StreamInlet(info, recover=False)
                inlet.open_stream(timeout=10)
                return inlet
    pytest.skip("LSL finds no stream on this computer")


def test_every_reading_arrives_with_the_time_of_its_capture(
    outlet: LslOutlet, tmp_path: Path, reading_of: Callable[..., Reading]
) -> None:
    inlet = inlet_of(NAME, tmp_path)
    movements = inlet_of(BLENDSHAPES_NAME, tmp_path)
    changes = inlet_of(CHANGE_NAME, tmp_path)
    # On one computer both clocks are one; the map must not add anything to their distance.
    distance = clock_distance()
    deadline = time.monotonic() + 20
    while outlet.receivers == "nobody listens" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert outlet.receivers == "somebody listens"
    sender = Sender([outlet])
    sender.set_threshold(0.5)
    sent = []
    start = time.perf_counter()
    for i in range(round(SECONDS * RATE)):
        reading = reading_of(i, (1, 0.9)) if i % 3 else reading_of(i, (2, 0.25), (3, None))
        time.sleep(max(0.0, start + i / RATE - time.perf_counter()))
        sender.reading(reading)
        sent.append(reading)
    sender.reading(reading_of(len(sent)))
    sender.reading(with_change(reading_of(len(sent) + 1, (1, 0.9), (2, 0.9))))
    wanted = sum(len(reading.faces) for reading in sent)
    samples, stamps = pull(inlet, wanted + 1)
    assert len(samples) == wanted + 1
    at = iter(zip(samples, stamps, strict=True))
    names = [label for label, _, _ in CHANNELS]
    for reading in sent:
        for face in reading.faces:
            values, stamp = next(at)
            row = dict(zip(names, values, strict=True))
            assert abs(stamp - distance - reading.frame.captured_at) < 0.005
            assert (row["frame"], row["face"]) == (reading.frame.index, face.face_id)
            assert row[f"probability_{face.label}"] == pytest.approx(0.7)
            assert row["unsure"] == (face.reliability == 0.25)
            if face.reliability is None:
                assert row["reliability"] != row["reliability"], "NaN: not known"
            assert row["yaw"] == 12.5
    nobody = dict(zip(names, next(at)[0], strict=True))
    assert nobody["face"] == 0
    assert nobody["probability_neutral"] != nobody["probability_neutral"]
    moved, _ = pull(movements, wanted)
    assert len(moved) == wanted
    assert [row[51] for row in moved[:3]] == [1.0, 1.0, 1.0]
    assert [row[52] for row in moved[:3]] == [0, 0, 1]
    (changed,), _ = pull(changes, 1)
    assert changed[:7] == list(range(7))
    assert changed[7 + 51] == pytest.approx(0.51)
    assert changed[-2:] == [len(sent) + 1, 1]
    assert sender.close()


def pull(inlet: Any, count: int) -> tuple[list[list[float]], list[float]]:
    samples: list[list[float]] = []
    stamps: list[float] = []
    deadline = time.monotonic() + 20
    while len(samples) < count and time.monotonic() < deadline:
        sample, stamp = inlet.pull_sample(timeout=0.5)
        if sample is not None:
            samples.append(sample)
            stamps.append(stamp)
    return samples, stamps


def test_metadata_follows_the_conventions(outlet: LslOutlet, tmp_path: Path) -> None:
    info = inlet_of(NAME, tmp_path).info(timeout=20)
    assert (info.type(), info.channel_count(), info.nominal_srate()) == ("Expression", 14, 0.0)
    assert info.channel_format() == pylsl.cf_float32
    root = ElementTree.fromstring(info.as_xml())
    channels = root.findall("./desc/channels/channel")
    found = [tuple(c.findtext(key) for key in ("label", "type", "unit")) for c in channels]
    assert found[:7] == [(f"probability_{e}", "Probability", "normalized") for e in EXPRESSIONS]
    assert found[7:9] == [("reliability", "Confidence", "normalized"), ("unsure", "Flag", "none")]
    assert [label for label, _, _ in found[9:]] == ["frame", "face", "yaw", "pitch", "roll"]
    assert {unit for _, _, unit in found[11:]} == {"degrees"}
    assert root.findtext("./desc/synchronization/can_drop_samples") == "true"
    assert root.findtext("./desc/synchronization/offset_mean") == "0"
    assert root.findtext("./desc/acquisition/version") == "0.1.0"
    moved = inlet_of(BLENDSHAPES_NAME, tmp_path).info(timeout=20)
    assert moved.channel_count() == 54
    again = LslOutlet(str(tmp_path))
    assert streams_lsl.source_id(str(tmp_path)) == streams_lsl.source_id(str(tmp_path))
    assert streams_lsl.source_id("another") != streams_lsl.source_id(str(tmp_path))
    again.close()


def test_markers_go_out(outlet: LslOutlet, tmp_path: Path) -> None:
    inlet = inlet_of(MARKERS_NAME, tmp_path)
    info = inlet.info(timeout=20)
    assert (info.type(), info.channel_count(), info.nominal_srate()) == ("Markers", 1, 0.0)
    assert info.channel_format() == pylsl.cf_string
    distance = clock_distance()
    sender = Sender([outlet])
    at = time.perf_counter() - 0.5
    sender.mark("stimulus é 3", at)
    sample, stamp = inlet.pull_sample(timeout=20)
    assert sample == ["stimulus é 3"]
    assert stamp - distance == pytest.approx(at, abs=0.005)
    assert sender.close()


def test_markers_come_in_and_come_in_again_after_a_restart(tmp_path: Path) -> None:
    name = f"markers of {tmp_path.name} {os.getpid()}"
    heard: list[tuple[str, float]] = []
    inlet = MarkerInlet(name, lambda label, at: heard.append((label, at)))
    try:
        for attempt in range(2):
            info = pylsl.StreamInfo(name, "Markers", 1, 0, "string", f"{name}-{attempt}")
            theirs = pylsl.StreamOutlet(info)
            assert theirs.wait_for_consumers(10)
            assert inlet.wait(10)
            at = time.perf_counter() - 0.25
            distance = clock_distance()
            theirs.push_sample([f"go {attempt}"], at + distance)
            deadline = time.monotonic() + 20
            while len(heard) <= attempt and time.monotonic() < deadline:
                time.sleep(0.01)
            assert heard[attempt][0] == f"go {attempt}"
            assert heard[attempt][1] == pytest.approx(at, abs=0.005)
            del theirs
            deadline = time.monotonic() + 20
            while inlet.connected and time.monotonic() < deadline:
                time.sleep(0.02)
            assert not inlet.connected, "that it is gone is noticed"
    finally:
        inlet.close()


def test_a_name_that_cannot_be() -> None:
    for name in ("", " ", "it's"):
        with pytest.raises(StreamError, match="name"):
            MarkerInlet(name, print)


@pytest.mark.parametrize(
    ("error", "version", "words"),
    [
        (ImportError("no pylsl"), ("glibc", "2.36"), "ferdesk\\[stream\\]"),
        (RuntimeError("LSL binary library file was not found"), ("glibc", "2.31"), "2.35 or newer"),
        (RuntimeError("LSL binary library file was not found"), ("", ""), "liblsl"),
    ],
)
def test_without_the_library_one_sentence_says_what_to_do(
    error: Exception, version: tuple[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import builtins

    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "pylsl":
            raise error
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.setattr(streams_lsl.platform, "libc_ver", lambda: version)
    with pytest.raises(StreamError, match=words):
        LslOutlet("sample")


def test_a_marker_becomes_an_event_of_a_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: `ferdesk record --markers`, its database, and when it was."""
    import threading

    from ferdesk.commands.record import record
    from ferdesk.session.records import Origin
    from ferdesk.session.session import Session
    from tests.unit.model.helpers import tiny_checkpoint

    name = f"stimuli {os.getpid()}"
    info = pylsl.StreamInfo(name, "Markers", 1, 0, "string", name)
    theirs = pylsl.StreamOutlet(info)
    stop = threading.Event()
    pushed = 0

    def push() -> None:
        nonlocal pushed
        while not stop.wait(0.1):
            if theirs.have_consumers():
                theirs.push_sample([f"stimulus {pushed}"])
                pushed += 1

    thread = threading.Thread(target=push, daemon=True)
    thread.start()
    model = tiny_checkpoint(tmp_path / "tiny.safetensors")
    record(
        "sample", tmp_path / "out", seconds=2, checkpoint=model, device="cpu", markers=name,
        say=lambda text: None,
    )  # fmt: skip
    stop.set()
    thread.join()
    (folder,) = (tmp_path / "out").iterdir()
    with Session.open(folder) as session:
        events = [event for event in session.store.events() if event.origin is Origin.LSL]
    assert len(events) >= 5
    first = int(events[0].label.removeprefix("stimulus "))
    wanted = [f"stimulus {first + i}" for i in range(len(events))]
    assert [event.label for event in events] == wanted, "none is missing"
    # What came before the first frame stands at its time, 0.
    times = [event.onset for event in events if event.onset]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert min(gaps) > 0.05, "each at its own time, not when they were fetched"
