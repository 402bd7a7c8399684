"""float32 products by a GPU's tensor cores.

Some GPUs multiply TF32 numbers (11 significant bits) seven times as fast as float32 ones. Split into two such
numbers, x = hi + lo, a float32 number keeps 21 bits or more, and

    x · w = hi · hi' + (lo · hi' + hi · lo')        (lo · lo' is below the rounding)

is three products of them, added up in float32: somewhat less accurate than a float32 product (gradient errors
3e-5 of their standard deviation instead of 7e-6, see tests/gpu). Source: Ootomo and Yokota, "Recovering
single precision accuracy from Tensor Cores while surpassing the FP32 theoretical peak performance", IJHPCA
2022 (there for float16 as well).

Large products (training, encoding) are split on the fly (:func:`linear`); those of decoding steps only if the
weights were split beforehand (:class:`SplitWeight`).
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
# When splitting both factors on the fly pays:
MIN_WORK = 1 << 33  # multiplications in all
GRADIENTS_AT_ONCE = 1 << 23  # elements of an output layer's gradient per slice
# When the weights are split beforehand:
MIN_ROWS = 160  # with fewer, most of the time goes into reading the weights, which are three times as large
MIN_WEIGHTS = 1 << 18
MIN_SIDE = 256  # both inputs and outputs, in either case
MAX_INPUTS = 1024  # terms per tensor-core sum, which truncates; longer sums are split and added in float32


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
        if torch.is_grad_enabled():  # double backward: use differentiable operations
            of_x, of_weight = F.linear(grad, weight.t()), grads.t() @ rows
        else:
            of_x, of_weight = _gradients(grads, rows, weight, *wanted[:2])
            of_x = None if of_x is None else of_x.view(x.shape)
        return of_x, of_weight, grads.sum(dim=0) if wanted[2] else None


def _gradients(
    grads: Tensor, rows: Tensor, weight: Tensor, want_rows: bool, want_weight: bool
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients of ``rows`` ``(n, in)`` and ``weight`` ``(out, in)`` from ``grads`` ``(n, out)``, if wanted.
    Output layers are processed in slices: three copies of their gradients would dominate memory."""
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
    """A weight ``(out, in)`` split beforehand, for products with many rows."""

    def __init__(self, weight: Tensor) -> None:
        self.parts = _cut_weight(weight.detach())

    @staticmethod
    def is_for(weight: Tensor) -> bool:
        """Whether a split copy of ``weight`` is useful on its device."""
        return weight.numel() >= MIN_WEIGHTS and min(weight.shape) >= MIN_SIDE and _is_for(weight)

    def pays(self, x: Tensor) -> bool:
        """Whether :meth:`product` is faster than ``F.linear`` for ``x`` ``(…, in)``."""
        return x.numel() >= MIN_ROWS * x.size(-1) and _is_single(x)

    def product(self, x: Tensor, bias: Tensor | None, relu: bool = False) -> Tensor:
        """``F.linear``, followed by ReLU if ``relu``; not differentiable."""
        y = _product(x, self.parts, bias)
        return y.relu_() if relu else y


def _cut_weight(weight: Tensor) -> Tensor:
    """Split ``weight`` ``(out, in)`` for :func:`_product`: ``(out, sums, 3 · in / sums)``, the inputs in
    ``sums`` blocks of at most `MAX_INPUTS` (in one block if they cannot be divided evenly)."""
    sums = -(-weight.size(1) // MAX_INPUTS)
    sums = sums if weight.size(1) % sums == 0 else 1
    return cut(weight.unflatten(1, (sums, -1)), low_first=False).flatten(2)


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """``F.linear`` of ``x`` ``(…, in)`` and a ``weight`` from :func:`_cut_weight`: ``(…, out)``."""
    sums = weight.size(1)
    rows = cut(_rows(x).unflatten(1, (sums, -1)), low_first=True).flatten(2)
    factors = [(rows[:, at], weight[:, at].t()) for at in range(sums)]
    with _tf32():
        y = torch.mm(*factors[0]) if bias is None else torch.addmm(bias, *factors[0])
        for more in factors[1:]:
            y.addmm_(*more)
    return y.view(*x.shape[:-1], -1)


def cut(x: Tensor, low_first: bool) -> Tensor:
    """Split float32 ``x`` ``(…, size)`` into TF32 parts, x = high + low: ``(…, 3, size)`` holding
    (high, low, high), or (low, high, high) if ``low_first``. The dot product of the two kinds is
    low · high' + high · low' + high · high'."""
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
        and not _allows_tf32()  # TF32 is allowed anyway
        and _has_tensor_cores(weight.device)
    )


def _allows_tf32() -> bool:
    try:
        return torch.backends.cuda.matmul.allow_tf32
    except RuntimeError:  # set by the newer option, which the older one cannot express
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
