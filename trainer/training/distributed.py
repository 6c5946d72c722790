"""Several processes on one run, as torchrun starts them: torch's own DistributedDataParallel.

Every process has all pictures and takes its share of each batch's parts (`micro_batches`), so N
processes compute what one process computes in N parts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.distributed import ReduceOp, all_reduce, destroy_process_group, init_process_group
from torch.nn.parallel import DistributedDataParallel

from ferdesk.errors import FerdeskError


@dataclass(frozen=True, slots=True)
class World:
    """Which process this is, of how many."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """True in the one process that writes files and reports progress."""
        return self.rank == 0

    def wrapped(self, module: nn.Module) -> nn.Module:
        """`module` with gradients averaged over all processes."""
        if self.size == 1:
            return module
        return DistributedDataParallel(module, broadcast_buffers=False)

    def summed(self, tensor: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        if self.size > 1:
            all_reduce(tensor)
        return tensor

    def largest(self, tensor: Tensor) -> Tensor:
        """The largest over all processes, in place, element by element."""
        if self.size > 1:
            all_reduce(tensor, ReduceOp.MAX)
        return tensor

    def any(self, flag: bool, device: torch.device) -> bool:
        """True everywhere when it is true in one process."""
        if self.size == 1:
            return flag
        return bool(self.summed(torch.tensor(float(flag), device=device)) > 0)


@contextmanager
def world() -> Iterator[World]:
    """Joins the processes that torchrun started; alone where it started none."""
    if "RANK" not in os.environ:
        yield World()
        return
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    try:
        init_process_group("nccl" if on_gpu else "gloo")
    except (RuntimeError, ValueError) as error:
        raise FerdeskError(
            f"The processes of this run could not find each other ({error}); start them with "
            "torchrun, or unset RANK."
        ) from error
    try:
        yield World(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
    finally:
        destroy_process_group()
