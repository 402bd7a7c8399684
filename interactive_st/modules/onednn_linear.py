"""Linear layers that are faster on a CPU.

``F.linear`` calls the BLAS, which arranges the weights anew in every product; that is most of its time where
there are few rows, as in a decoding step. oneDNN, which torch brings along, does better with the weights as
they are, in training too, and best with a copy of them in its own layout, so decoding keeps such copies of
the decoder's weights (:func:`pack_linears`). GPUs and half precision go through ``F.linear`` as ever.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx


class OneDnnLinear(nn.Linear):
    """``nn.Linear`` with the same parameters and results, up to rounding; see :func:`use_onednn_linears`.

    ``_packed``: address and version of the weights when they were copied, and the copy; never saved.
    """

    _packed: tuple[int, int, Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """``(…, in)`` to ``(…, out)``"""
        if not self._is_for_onednn(x):
            return F.linear(x, self.weight, self.bias)
        if torch.is_grad_enabled():
            return _Linear.apply(x, self.weight, self.bias)
        return _linear(x, self._packed[2] if self._is_packed() else self.weight, self.bias)

    def pack(self) -> None:
        """Copy the weights into oneDNN's layout, unless that is done or of no use."""
        inference = not torch.is_grad_enabled() and not self.weight.is_inference()  # those have no version
        if inference and self._is_for_onednn(self.weight) and not self._is_packed():
            copy = torch.ops.mkldnn._reorder_linear_weight(self.weight.detach(), None)
            self._packed = (self.weight.data_ptr(), self.weight._version, copy)

    def train(self, mode: bool = True) -> "OneDnnLinear":
        """As ``nn.Module.train``. Training ends the copy: optimizers that write to ``weight.data``, as
        fairseq's do, leave no trace in its version."""
        if mode:
            self._packed = None
        return super().train(mode)

    def _apply(self, *args, **kwargs) -> "OneDnnLinear":
        self._packed = None  # .to(), .half() and the like
        return super()._apply(*args, **kwargs)

    def __getstate__(self) -> dict:
        return {name: value for name, value in self.__dict__.items() if name != "_packed"}

    def _is_packed(self) -> bool:
        """Whether there is a copy of the weights as they are now."""
        if self._packed is None or self.weight.is_inference():
            return False
        return self._packed[:2] == (self.weight.data_ptr(), self.weight._version)

    def _is_for_onednn(self, x: Tensor) -> bool:
        return (
            x.dtype == self.weight.dtype == torch.float32
            and x.device.type == self.weight.device.type == "cpu"
            and x.numel() > 0
            and not torch.is_autocast_enabled("cpu")
            and not torch.compiler.is_compiling()
            and not torch.jit.is_tracing()
            and has_onednn_linear()
        )


class _Linear(torch.autograd.Function):
    """``F.linear`` whose result and gradient of ``x`` are oneDNN's. (The gradient of the weights is no faster
    there, and as its inner dimension changes from batch to batch, oneDNN would have to compile for each.)"""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _linear(x, weight, bias)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        # A gradient of the gradient is asked for: operations that have one.
        product = F.linear if torch.is_grad_enabled() else _linear
        rows, grads = x.reshape(-1, x.size(-1)), grad.reshape(-1, grad.size(-1))
        wanted = ctx.needs_input_grad
        return (
            product(grad, weight.t()) if wanted[0] else None,
            grads.t() @ rows if wanted[1] else None,
            grads.sum(dim=0) if wanted[2] else None,
        )


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


def use_onednn_linears(model: nn.Module) -> None:
    """Make every ``nn.Linear`` of ``model`` a :class:`OneDnnLinear`, with the parameters it has."""
    for module in model.modules():
        if type(module) is nn.Linear:
            module.__class__ = OneDnnLinear


def pack_linears(model: nn.Module) -> None:
    """Give the linear layers of ``model`` the copies that many small products are worth."""
    for module in model.modules():
        if isinstance(module, OneDnnLinear):
            module.pack()


@lru_cache(maxsize=1)
def has_onednn_linear() -> bool:
    """Whether this build of torch has the operations, and they agree with ``F.linear`` here."""
    if not torch.backends.mkldnn.is_available():
        return False
    generator = torch.Generator().manual_seed(1)
    x, weight, bias = (torch.rand(shape, generator=generator) for shape in ((2, 3, 20), (50, 20), (50,)))
    try:
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, None)
        found = [_linear(x, w, bias) for w in (weight, packed)]
        found.append(_linear(x, weight.t().contiguous().t(), bias))  # as the backward pass has them
    except (AttributeError, RuntimeError):
        return False
    return all(torch.allclose(y, F.linear(x, weight, bias), atol=1e-4) for y in found)
