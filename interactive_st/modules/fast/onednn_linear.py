"""Linear layers that are faster on a CPU, and in single precision on a GPU.

``F.linear`` calls the BLAS, which repacks the weights in every call; with few rows that is most of the time.
oneDNN is fastest with weights packed once; decoding keeps such copies (:mod:`.joined_linear`). With unpacked
weights, as in training, it is faster than the BLAS but for Intel's on Intel's processors
(:func:`has_fast_blas`). bfloat16: inference only. GPUs use ``F.linear``, except for large float32 products on
some of them (:mod:`.tf32_split`).
"""

import platform
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from interactive_st.modules.fast import tf32_split
from interactive_st.modules.fast.weight_copies import KeepsWeightCopy


class OneDnnLinear(KeepsWeightCopy, nn.Linear):
    """``nn.Linear`` with the same parameters and results, up to rounding; see :func:`use_onednn_linears`."""

    def forward(self, x: Tensor, relu: bool = False) -> Tensor:
        """``(…, in)`` to ``(…, out)``, followed by ReLU if ``relu``."""
        copy = None if torch.is_grad_enabled() else self.current_copy()
        if isinstance(copy, tf32_split.SplitWeight):
            if copy.pays(x):
                return copy.product(x, self.bias, relu)
        elif copy is not None and is_for_onednn(x, self.weight):
            return linear(x, copy, self.bias, relu)
        return product(x, self.weight, self.bias, relu)

    def prepared(self, relu: bool = False) -> Callable[[Tensor], Tensor]:
        """:meth:`forward` in the form of :func:`~interactive_st.modules.fast.prepared.prepared`."""
        copy = None if torch.is_grad_enabled() else self.current_copy()
        if torch.is_tensor(copy) and is_for_onednn(self.weight, self.weight):
            return packed_linear(copy, self.bias, relu)
        return partial(self, relu=True) if relu else self

    def pack(self) -> None:
        """Store packed (CPU) or split (GPU) weights, if not up to date and useful."""
        if torch.is_grad_enabled():
            return
        if is_for_onednn(self.weight, self.weight):
            self.keep_copy([self], lambda: pack(self.weight))
        elif tf32_split.SplitWeight.is_for(self.weight):
            self.keep_copy([self], lambda: tf32_split.SplitWeight(self.weight))


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None, relu: bool = False) -> Tensor:
    """``F.linear``, followed by ReLU if ``relu``, by whichever implementation is faster; differentiable."""
    if is_for_onednn(x, weight) and not (x.dtype == torch.float32 and has_fast_blas()):
        if not torch.is_grad_enabled():
            return linear(x, weight, bias, relu)
        y = _Linear.apply(x, weight, bias)
    else:
        y = (tf32_split.linear if tf32_split.pays(x, weight) else F.linear)(x, weight, bias)
    return F.relu(y) if relu else y


class _Linear(torch.autograd.Function):
    """``F.linear`` with oneDNN's result and gradient of ``x``. (The gradient of the weights is no faster
    there, and as its inner dimension changes from batch to batch, oneDNN would compile for each.)"""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return linear(x, weight, bias)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        product = F.linear if torch.is_grad_enabled() else linear  # double backward: differentiable
        rows, grads = x.reshape(-1, x.size(-1)), grad.reshape(-1, grad.size(-1))
        wanted = ctx.needs_input_grad
        return (
            product(grad, weight.t()) if wanted[0] else None,
            grads.t() @ rows if wanted[1] else None,
            grads.sum(dim=0) if wanted[2] else None,
        )


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None, relu: bool = False) -> Tensor:
    """``F.linear`` by oneDNN, with ReLU in the same pass if ``relu``; ``weight`` is plain or packed
    (:func:`pack`). Not differentiable."""
    compute = packed_linear(weight, bias, relu)
    rows = x.numel() // x.size(-1)
    spare = spare_rows(rows)
    if not spare:
        return compute(x)
    padded = x.new_empty(rows + spare, x.size(-1))
    padded[:rows] = x.reshape(rows, -1)
    padded[rows:] = 0.0
    y = compute(padded)
    return y.resize_(*x.shape[:-1], y.size(-1))


def spare_rows(rows: int) -> int:
    """How many rows of zeros :func:`linear` adds to so many: oneDNN keeps up to half a megabyte for every
    number of rows that it has met, whatever the capacity of its cache, and speech batches rarely repeat one.
    With at most 32 numbers between a power of two and the next, all have soon been met. Below 256 rows, as in
    a step of decoding, every number is taken."""
    return 0 if rows < 256 else -rows % (1 << (rows.bit_length() - 6))


def packed_linear(weight: Tensor, bias: Tensor | None, relu: bool = False) -> Callable[[Tensor], Tensor]:
    """:func:`linear` as a function of ``x`` with few rows, with as little Python as possible."""
    compute, then = torch.ops.mkldnn._linear_pointwise.default, "relu" if relu else "none"
    return lambda x: compute(x, weight, bias, then, [], "")


def activated(layer: nn.Module, x: Tensor, activation: Callable[[Tensor], Tensor]) -> Tensor:
    """``activation(layer(x))``, in one pass where both allow it."""
    if activation is F.relu and isinstance(layer, OneDnnLinear):
        return layer(x, relu=True)
    return activation(layer(x))


def pack(weight: Tensor) -> Tensor:
    """A copy of ``weight`` ``(out, in)`` in oneDNN's own layout."""
    return torch.ops.mkldnn._reorder_linear_weight(weight.detach(), None)


def is_for_onednn(x: Tensor, weight: Tensor) -> bool:
    """Whether :func:`product` uses oneDNN for ``x`` and ``weight``."""
    return (
        x.dtype == weight.dtype
        and (x.dtype == torch.float32 or (x.dtype == torch.bfloat16 and not torch.is_grad_enabled()))
        and x.is_cpu
        and weight.is_cpu
        and x.numel() > 0
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()
        and has_onednn_linear(x.dtype)
    )


def use_onednn_linears(model: nn.Module) -> None:
    """Turn every ``nn.Linear`` of ``model`` into a :class:`OneDnnLinear` with the same parameters."""
    for module in model.modules():
        if type(module) is nn.Linear:
            # not a new module: parameters, hooks and whatever else refers to it stay as they are
            module.__class__ = OneDnnLinear


def has_fast_bfloat16() -> bool:
    """Whether bfloat16 is faster than float32 on this CPU: oneDNN emulates it where there are no instructions
    for it (AVX512-BF16, AMX), several times slower."""
    asks = [getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("avx512_bf16", "amx_tile")]
    known = [ask for ask in asks if ask is not None and platform.machine() in ("x86_64", "AMD64")]
    return has_onednn_linear(torch.bfloat16) and (not known or any(ask() for ask in known))


@cache
def has_fast_blas() -> bool:
    """Whether the BLAS multiplies by unpacked float32 weights faster than oneDNN: Intel's, which looks for
    Intel's processors and takes slower ways on others."""
    try:
        processor = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return torch.backends.mkl.is_available() and "GenuineIntel" in processor


@cache
def has_onednn_linear(dtype: torch.dtype = torch.float32) -> bool:
    """Whether this build of torch has the operations, and they agree with ``F.linear`` on this machine."""
    if not torch.backends.mkldnn.is_available():
        return False
    generator = torch.Generator().manual_seed(1)
    x, weight, bias = (
        (torch.rand(shape, generator=generator) - 0.5).to(dtype) for shape in ((2, 3, 20), (50, 20), (50,))
    )
    expected = F.linear(x, weight, bias)
    try:
        found = [linear(x, w, bias) for w in (weight, pack(weight))]
        found.append(linear(x, weight.t().contiguous().t(), bias))  # the layout in the backward pass
        cut = linear(x, pack(weight), bias, relu=True)
    except (AttributeError, RuntimeError):
        return False
    near = partial(torch.allclose, atol=1e-4 if dtype == torch.float32 else 2e-2)
    return near(cut, F.relu(expected)) and all(near(y, expected) for y in found)
