"""Crops from the packed cache to the device, ahead of the step that needs them."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.data.packed import PackedSet

log = logging.getLogger(__name__)

_AHEAD = 3
"""Batches gathered beyond the one in use."""
_SHARE = 1 / 3
"""Of the accelerator's free memory, at most, for crops that stay there."""
_CHUNK = 4096


class Feed:
    """Batches of one packed set on one device, in the order asked for.

    Crops that fit in a third of the accelerator's free memory are kept there as uint8 and a batch
    is one gather on the device. Otherwise a thread reads the next three batches from the
    memory-mapped file (into pinned memory for an accelerator), so that a step never waits for a
    disk.
    """

    def __init__(self, data: PackedSet, device: torch.device, resident: bool | None = None) -> None:
        """`resident` forces the crops onto the device (True) or leaves them in the file (False);
        None decides by the memory, and leaves them in the file on a CPU."""
        self._crops = data.crops
        self._device = device
        self._waited = 0.0
        self._held: Tensor | None = None
        if resident if resident is not None else _fits(data.crops.nbytes, device):
            self._held = _upload(data.crops, device)

    @property
    def resident(self) -> bool:
        """True when the crops lie on the device."""
        return self._held is not None

    @property
    def wait_seconds(self) -> float:
        """How long the consumer has waited for batches, over all iterators of this feed."""
        return self._waited

    def batches(self, rows: Sequence[NDArray[np.int64]]) -> Generator[Tensor, None, None]:
        """One (B, 3, S, S) float32 tensor in 0..255 for each (B,) array of positions.

        RGB, on the device, channels last in memory. Raises IndexError for a position outside the
        set and whatever reading the file raises; the reading thread ends with the iterator.
        """
        uint8 = self._from_device(rows) if self._held is not None else self._from_file(rows)
        try:
            while True:
                started = time.perf_counter()
                batch = next(uint8, None)
                if batch is None:
                    return
                batch = batch.to(self._device, non_blocking=True).permute(0, 3, 1, 2).float()
                self._waited += time.perf_counter() - started
                yield batch
        finally:
            uint8.close()

    def _from_device(self, rows: Sequence[NDArray[np.int64]]) -> Generator[Tensor, None, None]:
        assert self._held is not None
        if not rows:
            return
        order = np.concatenate(rows)
        if len(order) and not 0 <= order.min() <= order.max() < len(self._held):
            raise IndexError(f"a position outside the set of {len(self._held)} pictures")
        # Copied once, so that no step waits for a copy of its own.
        there = torch.from_numpy(order).to(self._device)
        for part in there.split([len(r) for r in rows]):
            yield self._held.index_select(0, part)

    def _gather(self, rows: NDArray[np.int64]) -> Tensor:
        """(B, S, S, 3) uint8 on the CPU."""
        batch = torch.from_numpy(np.array(self._crops[rows]))
        return batch.pin_memory() if self._device.type == "cuda" else batch

    def _from_file(self, rows: Sequence[NDArray[np.int64]]) -> Generator[Tensor, None, None]:
        waiting: deque[Future[Tensor]] = deque()
        pool = ThreadPoolExecutor(1, thread_name_prefix="feed")
        try:
            for position in range(len(rows) + _AHEAD):
                if position < len(rows):
                    waiting.append(pool.submit(self._gather, rows[position]))
                if position >= _AHEAD:
                    yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _fits(size: int, device: torch.device) -> bool:
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    fits = size <= free * _SHARE
    log.info(
        "%.1f GB of crops %s", size / 1e9, "stay on the GPU" if fits else "are read as they come"
    )
    return fits


def _upload(crops: NDArray[np.uint8], device: torch.device) -> Tensor:
    held = torch.empty(crops.shape, dtype=torch.uint8, device=device)
    for start in range(0, len(crops), _CHUNK):
        # The copy is because torch takes no read-only memory.
        held[start : start + _CHUNK] = torch.from_numpy(np.array(crops[start : start + _CHUNK]))
    return held
