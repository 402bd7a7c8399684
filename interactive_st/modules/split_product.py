"""Products of single precision by a GPU's tensor cores.

Some GPUs multiply numbers of TF32 (11 significant bits) seven times as fast as float32 ones. Cut into two
such numbers, x = hi + lo, a float32 number keeps 21 bits or more, and

    x · w = hi · hi' + (lo · hi' + hi · lo')        (lo · lo' is below the rounding)

is three products of them, added up in float32: somewhat less accurate than a float32 product (gradient errors
3e-5 of their standard deviation instead of 7e-6, see tests/gpu). Source: Ootomo and Yokota, "Recovering
single precision accuracy from Tensor Cores while surpassing the FP32 theoretical peak performance", IJHPCA
2022 (there for float16 as well).

Large products, of training and of whole utterances, are made so whatever the layer (:func:`linear`); those of
a decoding step, many and small, where the weights lie ready in two parts (:class:`SplitWeight`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx

_HIGH_BITS = -(1 << 13)  # sign, exponent and ten bits of the fraction
#: Compute capabilities whose TF32 has more than three times the rate of float32.
_CAPABILITIES = {(8, 0), (9, 0), (10, 0)}
# Where cutting both factors anew is worth it:
MIN_WORK = 1 << 33  # multiplications in all
GRADIENTS_AT_ONCE = 1 << 23  # of outputs, where there are many more
# Where the weights lie ready:
MIN_ROWS = 160  # with fewer, reading the weights is what takes time, and here they are three times as large
MIN_WEIGHTS = 1 << 18
MIN_SIDE = 256  # inputs and outputs, of both
MAX_INPUTS = 1024  # added up by tensor cores, which cut off what float32 rounds; of more, sums are added


def pays(x: Tensor, weight: Tensor) -> bool:
    """Whether :func:`linear` is the faster way to multiply ``x`` ``(…, in)`` and ``weight`` ``(out, in)``."""
    return (
        x.numel() * weight.size(0) >= MIN_WORK
        and min(weight.shape) >= MIN_SIDE
        and _is_single(x)
        and _is_for(weight)
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()
    )


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``F.linear``, with its gradients."""
    return _Linear.apply(x, weight, bias)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _product(x, _cut_weight(weight), bias)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        wanted, grads, rows = ctx.needs_input_grad, _rows(grad), _rows(x)
        if torch.is_grad_enabled():  # a gradient of the gradient is asked for: operations that have one
            of_x, of_weight = F.linear(grad, weight.t()), grads.t() @ rows
        else:
            of_x, of_weight = _gradients(grads, rows, weight, *wanted[:2])
            of_x = None if of_x is None else of_x.view(x.shape)
        return of_x, of_weight, grads.sum(dim=0) if wanted[2] else None


def _gradients(
    grads: Tensor, rows: Tensor, weight: Tensor, want_rows: bool, want_weight: bool
) -> tuple[Tensor | None, Tensor | None]:
    """Of ``rows`` ``(n, in)`` and ``weight`` ``(out, in)`` by ``grads`` ``(n, out)``, where they are wanted.
    A vocabulary's are worked through in parts, for in three copies they would be what needs most memory."""
    outputs = weight.size(0)
    step = outputs if grads.numel() <= 4 * GRADIENTS_AT_ONCE else max(1, GRADIENTS_AT_ONCE // grads.size(0))
    of_rows, of_weight = None, torch.empty_like(weight) if want_weight else None
    high_row, low_row, _ = cut(rows, low_first=False).unbind(1) if want_weight else (None, None, None)
    with _tf32():
        for first in range(0, outputs, step):
            chosen = slice(first, first + step)
            parts = cut(grads[:, chosen], low_first=True)
            if want_rows:
                factors = parts.flatten(1), cut(weight[chosen].reshape(1, -1), False).view(-1, weight.size(1))
                of_rows = torch.mm(*factors) if of_rows is None else of_rows.addmm_(*factors)
            if want_weight:
                low, high = (part.t() for part in parts.unbind(1)[:2])
                there = torch.mm(low, high_row, out=of_weight[chosen])
                there.addmm_(high, low_row).addmm_(high, high_row)
    return of_rows, of_weight


class SplitWeight:
    """A weight ``(out, in)`` cut in two, for products with many rows."""

    def __init__(self, weight: Tensor) -> None:
        self.parts = _cut_weight(weight.detach())

    @staticmethod
    def is_for(weight: Tensor) -> bool:
        """Whether such a copy of ``weight`` would be of use."""
        return weight.numel() >= MIN_WEIGHTS and min(weight.shape) >= MIN_SIDE and _is_for(weight)

    def pays(self, x: Tensor) -> bool:
        """Whether ``x`` ``(…, in)`` is better multiplied so."""
        return x.numel() >= MIN_ROWS * x.size(-1) and _is_single(x)

    def product(self, x: Tensor, bias: Tensor | None, relu: bool = False) -> Tensor:
        """``F.linear``, with ``F.relu`` behind it if ``relu``; it has no gradients."""
        y = _product(x, self.parts, bias)
        return y.relu_() if relu else y


def _cut_weight(weight: Tensor) -> Tensor:
    """``(out, sums, 3 · in / sums)``: parts of some inputs each, as many times as `MAX_INPUTS` wants."""
    sums = -(-weight.size(1) // MAX_INPUTS)
    sums = sums if weight.size(1) % sums == 0 else 1
    return cut(weight.unflatten(1, (sums, -1)), low_first=False).flatten(2)


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """``x`` ``(…, in)`` by what :func:`_cut_weight` made."""
    sums = weight.size(1)
    rows = cut(_rows(x).unflatten(1, (sums, -1)), low_first=True).flatten(2)
    factors = [(rows[:, at], weight[:, at].t()) for at in range(sums)]
    with _tf32():
        y = torch.mm(*factors[0]) if bias is None else torch.addmm(bias, *factors[0])
        for more in factors[1:]:
            y.addmm_(*more)
    return y.view(*x.shape[:-1], -1)


def cut(x: Tensor, low_first: bool) -> Tensor:
    """``x`` ``(…, size)`` as a sum of numbers of TF32: ``(…, 3, size)``, of each row the high and the low
    part, and behind them the high one once more, for the product that both factors' high parts make. The one
    factor has its parts so; ``low_first``, the other, has its low one before its high one."""
    parts = x.new_empty((*x.shape[:-1], 3, x.size(-1)))
    high, low = (parts[..., 1:, :], parts[..., 0, :]) if low_first else (parts[..., ::2, :], parts[..., 1, :])
    bits = x.view(torch.int32).unsqueeze(-2).expand(high.shape)
    torch.bitwise_and(bits, _HIGH_BITS, out=high.view(torch.int32))
    torch.sub(x, high[..., 0, :], out=low)
    return parts


def _rows(x: Tensor) -> Tensor:
    return x.reshape(-1, x.size(-1))


def _is_single(x: Tensor) -> bool:
    return x.dtype == torch.float32 and not torch.is_autocast_enabled(x.device.type)


def _is_for(weight: Tensor) -> bool:
    return (
        weight.device.type == "cuda"
        and weight.dtype == torch.float32
        and not _allows_tf32()  # then the user is content with less
        and _has_tensor_cores(weight.device)
    )


def _allows_tf32() -> bool:
    try:
        return torch.backends.cuda.matmul.allow_tf32
    except RuntimeError:  # allowed by the newer setting, of which the older one knows nothing
        return True


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
