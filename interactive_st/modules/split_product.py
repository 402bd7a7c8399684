"""Products of single precision by a GPU's tensor cores.

Some GPUs multiply numbers of TF32 (11 significant bits) seven times as fast as float32 ones. Cut into two
such numbers, x = hi + lo, a float32 number keeps 21 bits or more, and

    x · w = hi · hi' + (lo · hi' + hi · lo')        (lo · lo' is below the rounding)

is three products of them, added up in float32: as exact as the sum of many float32 products, which rounds
after each. Source: Ootomo and Yokota, "Recovering single precision accuracy from Tensor Cores while
surpassing the FP32 theoretical peak performance", IJHPCA 2022 (there for float16 as well).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor

_HIGH_BITS = -(1 << 13)  # sign, exponent and ten bits of the fraction
#: Compute capabilities whose TF32 has more than three times the rate of float32.
_CAPABILITIES = {(8, 0), (9, 0), (10, 0)}
MIN_ROWS = 128  # with fewer, reading the weights is what takes time, and here they are twice as large
MIN_INPUTS = 512  # with fewer, products are too short to gain what two more launches cost
MIN_WIDENING = 2  # outputs for each input: cutting the input has to pay


class SplitWeight:
    """A weight ``(out, in)`` cut in two, for products with many rows."""

    def __init__(self, weight: Tensor) -> None:
        self.parts = split(weight.detach())

    @staticmethod
    def is_for(weight: Tensor) -> bool:
        """Whether such a copy of ``weight`` would be of use."""
        return (
            weight.device.type == "cuda"
            and weight.dtype == torch.float32
            and weight.size(1) >= MIN_INPUTS
            and weight.size(0) >= MIN_WIDENING * weight.size(1)
            and not torch.backends.cuda.matmul.allow_tf32  # then the user is content with less
            and _has_tensor_cores(weight.device)
        )

    def pays(self, x: Tensor) -> bool:
        """Whether ``x`` ``(…, in)`` is better multiplied so."""
        return (
            x.dtype == torch.float32
            and x.numel() >= MIN_ROWS * x.size(-1)
            and not torch.is_autocast_enabled(x.device.type)
        )

    def product(self, x: Tensor, bias: Tensor | None, relu: bool = False) -> Tensor:
        """``F.linear``, with ``F.relu`` behind it if ``relu``; it has no gradients."""
        rows = x.reshape(-1, x.size(-1))
        size = rows.size(1)
        cut, weight = split(rows, high_first=False), self.parts.t()
        with _tf32():
            y = cut @ weight if bias is None else torch.addmm(bias, cut, weight)
            y.addmm_(cut[:, size:], weight[:size])
        y = y.relu_() if relu else y
        return y.view(*x.shape[:-1], -1)


def split(x: Tensor, high_first: bool = True) -> Tensor:
    """``x`` ``(n, size)`` as the sum of two numbers of TF32, side by side: ``(n, 2 · size)``."""
    size = x.size(1)
    parts = x.new_empty(x.size(0), 2 * size)
    high, low = parts[:, :size], parts[:, size:]
    if not high_first:
        high, low = low, high
    torch.bitwise_and(x.view(torch.int32), _HIGH_BITS, out=high.view(torch.int32))
    torch.sub(x, high, out=low)
    return parts


@cache
def _has_tensor_cores(device: torch.device) -> bool:
    return torch.cuda.get_device_capability(device) in _CAPABILITIES


@contextmanager
def _tf32() -> Iterator[None]:
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False
