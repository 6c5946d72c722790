"""The feed: right crops in the right order, bounded, and no thread left behind."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from trainer.data.packed import PackedSet
from trainer.training.feed import Feed

CPU = torch.device("cpu")
PICTURES = 20


def packed(crops: NDArray[np.uint8]) -> PackedSet:
    names = tuple(str(i) for i in range(len(crops)))
    return PackedSet(
        crops, np.full((len(crops), 7), 1 / 7, np.float32), names, np.ones(len(crops), bool)
    )


def some_crops() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (PICTURES, 8, 8, 3), dtype=np.uint8)


def feeding() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("feed")]


@pytest.fixture
def data(tmp_path: Path) -> PackedSet:
    """A set in a read-only memory-mapped file, as a run has it."""
    np.save(tmp_path / "crops.npy", some_crops())
    return packed(np.load(tmp_path / "crops.npy", mmap_mode="r"))


@pytest.mark.parametrize("resident", [True, False, None])
def test_batches_come_in_order_whole_and_channels_last(
    data: PackedSet, resident: bool | None
) -> None:
    rows = [np.array(r) for r in ([3, 1, 19], [0], [5, 5, 2, 7], [1, 2], [3, 4], [8])]
    feed = Feed(data, CPU, resident)
    assert feed.resident is (resident is True)
    batches = list(feed.batches(rows))
    assert len(batches) == len(rows)
    for batch, wanted in zip(batches, rows, strict=True):
        assert batch.dtype == torch.float32
        assert batch.is_contiguous(memory_format=torch.channels_last)
        expected = data.crops[wanted].transpose(0, 3, 1, 2)
        assert np.array_equal(batch.numpy(), expected)
    assert list(feed.batches([])) == []
    assert not feeding()


def test_what_a_step_does_to_a_batch_stays_out_of_the_data(data: PackedSet) -> None:
    for resident in (True, False):
        feed = Feed(data, CPU, resident)
        rows = [np.arange(4)]
        next(iter(feed.batches(rows))).zero_()
        again = next(iter(feed.batches(rows)))
        assert np.array_equal(again.numpy(), data.crops[:4].transpose(0, 3, 1, 2))


@pytest.mark.parametrize("resident", [True, False])
def test_a_position_outside_the_set_reaches_the_caller(data: PackedSet, resident: bool) -> None:
    feed = Feed(data, CPU, resident)
    with pytest.raises(IndexError):
        list(feed.batches([np.array([0]), np.array([PICTURES])]))
    assert not feeding()


class Slow:
    """Crops that take a while to read and remember how often they were asked."""

    def __init__(self, seconds: float) -> None:
        self.crops, self.seconds, self.reads = some_crops(), seconds, 0

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        self.reads += 1
        time.sleep(self.seconds)
        return self.crops[rows]

    @property
    def nbytes(self) -> int:
        return self.crops.nbytes

    def __len__(self) -> int:
        return len(self.crops)


def test_it_reads_a_few_batches_ahead_and_no_more() -> None:
    slow = Slow(0.0)
    batches = Feed(packed(slow), CPU).batches([np.array([0])] * 12)  # type: ignore[arg-type]
    next(batches)
    deadline = time.monotonic() + 5
    while slow.reads < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert slow.reads == 4, "the one in use and three more"
    batches.close()
    assert not feeding()


def test_only_waiting_counts_as_waiting() -> None:
    slow = Slow(0.05)
    feed = Feed(packed(slow), CPU)  # type: ignore[arg-type]
    rows = [np.array([0])] * 4
    for _ in feed.batches(rows):
        time.sleep(0.12)
    busy = feed.wait_seconds
    assert 0.03 < busy < 0.15, "the first read only: the others happened during the steps"
    for _ in feed.batches(rows):
        pass
    assert feed.wait_seconds - busy > 0.15, "a consumer without work waits for every read"


def test_leaving_in_the_middle_ends_the_thread(data: PackedSet) -> None:
    batches = Feed(data, CPU).batches([np.array([i % PICTURES]) for i in range(50)])
    next(batches)
    assert feeding()
    del batches
    assert not feeding()
