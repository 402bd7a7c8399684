"""Products of single precision by a GPU's tensor cores.

Some GPUs multiply numbers of TF32 (11 significant bits) seven times as fast as float32 ones. Cut into two
such numbers, x = hi + lo, a float32 number keeps 21 bits or more, and

    x · w = hi · hi' + (lo · hi' + hi · lo')        (lo · lo' is below the rounding)

is three products of them, added up in float32: as exact as the sum of many float32 products, which rounds
after each. Source: Ootomo and Yokota, "Recovering single precision accuracy from Tensor Cores while
surpassing the FP32 theoretical peak performance", IJHPCA 2022 (there for float16 as well).

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
MIN_WORK = 1 << 32  # multiplications in all
MIN_SIDE = 256  # inputs and outputs
# Where the weights lie ready:
MIN_ROWS = 128  # with fewer, reading the weights is what takes time, and here they are twice as large
MIN_INPUTS = 512  # with fewer, products are too short to gain what two more launches cost
MIN_WIDENING = 2  # outputs for each input: cutting the input has to pay


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
        repeats = _repeats(weight.size(0), weight.size(1))
        rows, weight = cut(_rows(x), True, repeats), cut(weight, False, repeats)
        return _multiply(rows, weight.permute(1, 2, 0), bias).view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        wanted, grads, rows = ctx.needs_input_grad, _rows(grad), _rows(x)
        if torch.is_grad_enabled():  # a gradient of the gradient is asked for: operations that have one
            of_x, of_weight = F.linear(grad, weight.t()), grads.t() @ rows
        else:
            repeats = _repeats(weight.size(1), weight.size(0))
            cut_grads = cut(grads, True, repeats)
            of_x = of_weight = None
            if wanted[0]:
                of_x = _multiply(cut_grads, cut(weight, False, repeats, dim=0)).view(x.shape)
            if wanted[1]:
                (low, high), (high_x, low_x) = cut_grads.unbind(1)[:2], cut(rows, False).unbind(1)
                with _tf32():
                    of_weight = (low.t() @ high_x).addmm_(high.t(), low_x).addmm_(high.t(), high_x)
        return of_x, of_weight, grads.sum(dim=0) if wanted[2] else None


def _repeats(outputs: int, inputs: int) -> bool:
    """Whether one product of inputs three times as long beats two, that add up many outputs twice."""
    return outputs > inputs


def _multiply(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """``a`` ``(n, parts, k)`` times ``b`` ``(parts, k, m)``, which :func:`cut` made of two matrices, the one
    with the low part first and the other with the high one."""
    with _tf32():
        together, weight = a.flatten(1), b.flatten(0, 1)
        y = together @ weight if bias is None else torch.addmm(bias, together, weight)
        return y if a.size(1) == 3 else y.addmm_(a[:, 1], b[0])


class SplitWeight:
    """A weight ``(out, in)`` cut in two, for products with many rows."""

    def __init__(self, weight: Tensor) -> None:
        self.parts = cut(weight.detach(), low_first=False)

    @staticmethod
    def is_for(weight: Tensor) -> bool:
        """Whether such a copy of ``weight`` would be of use."""
        return (
            weight.size(1) >= MIN_INPUTS
            and weight.size(0) >= MIN_WIDENING * weight.size(1)
            and _is_for(weight)
        )

    def pays(self, x: Tensor) -> bool:
        """Whether ``x`` ``(…, in)`` is better multiplied so."""
        return x.numel() >= MIN_ROWS * x.size(-1) and _is_single(x)

    def product(self, x: Tensor, bias: Tensor | None, relu: bool = False) -> Tensor:
        """``F.linear``, with ``F.relu`` behind it if ``relu``; it has no gradients."""
        y = _multiply(cut(_rows(x), low_first=True), self.parts.permute(1, 2, 0), bias)
        y = y.relu_() if relu else y
        return y.view(*x.shape[:-1], -1)


def cut(x: Tensor, low_first: bool, repeat: bool = False, dim: int = 1) -> Tensor:
    """``x`` ``(n, size)`` as the sum of two numbers of TF32, the high and the low part.

    Args:
        low_first: the order of the two; with ``repeat`` the high part comes once more behind them.
        dim: 1: a row's parts lie side by side, ``(n, parts, size)``; 0: ``(parts, n, size)``.
    """
    count = 3 if repeat else 2
    parts = x.new_empty((count, *x.shape) if dim == 0 else (x.size(0), count, x.size(1)))
    each = parts.transpose(0, dim) if dim else parts
    high, low = (each[1:], each[0]) if low_first else (each[::2], each[1])
    torch.bitwise_and(x.view(torch.int32).expand(high.shape), _HIGH_BITS, out=high.view(torch.int32))
    torch.sub(x, high[0], out=low)
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
