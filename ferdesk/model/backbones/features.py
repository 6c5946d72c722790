"""What every backbone returns."""

from typing import NamedTuple

from torch import Tensor


class Features(NamedTuple):
    """Maps at three scales, fine to coarse: (B, C1, 28, 28), (B, C2, 14, 14), (B, C3, 7, 7).

    The finest map is twice, the coarsest half the edge of the middle one, whatever the input size;
    a backbone of another stride says so in its ``strides``.
    """

    fine: Tensor
    middle: Tensor
    coarse: Tensor
