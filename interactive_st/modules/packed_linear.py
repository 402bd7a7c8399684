"""Linear layers that infer faster on a CPU.

``F.linear`` calls the BLAS, which arranges the weights anew in every product; that is most of its time where
there are few rows, as in a decoding step. oneDNN does better with the weights as they are, and best with a
copy of them in its own layout, so decoding keeps such copies of the decoder's weights
(:func:`pack_linears`). Training, GPUs and half precision go through ``F.linear`` as ever.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PackedLinear(nn.Linear):
    """``nn.Linear`` with the same parameters and results, up to rounding; see :func:`use_packed_linears`.

    ``_packed``: address and version of the weights when they were copied, and the copy; never saved.
    """

    _packed: tuple[int, int, Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """``(…, in)`` to ``(…, out)``"""
        if not self._infers_on_cpu(x):
            return F.linear(x, self.weight, self.bias)
        weight = self._packed[2] if self._is_packed() else self.weight
        return torch.ops.mkldnn._linear_pointwise(x, weight, self.bias, "none", [], "")

    def pack(self) -> None:
        """Copy the weights into oneDNN's layout, unless that is done or of no use."""
        if self._infers_on_cpu(self.weight) and not self._is_packed():
            copy = torch.ops.mkldnn._reorder_linear_weight(self.weight.detach(), None)
            self._packed = (self.weight.data_ptr(), self.weight._version, copy)

    def train(self, mode: bool = True) -> "PackedLinear":
        """As ``nn.Module.train``. Training ends the copy: optimizers that write to ``weight.data``, as
        fairseq's do, leave no trace in its version."""
        if mode:
            self._packed = None
        return super().train(mode)

    def _apply(self, *args, **kwargs) -> "PackedLinear":
        self._packed = None  # .to(), .half() and the like
        return super()._apply(*args, **kwargs)

    def __getstate__(self) -> dict:
        return {name: value for name, value in self.__dict__.items() if name != "_packed"}

    def _is_packed(self) -> bool:
        """Whether there is a copy of the weights as they are now."""
        now = (self.weight.data_ptr(), self.weight._version)
        return self._packed is not None and self._packed[:2] == now

    def _infers_on_cpu(self, x: Tensor) -> bool:
        return (
            not torch.is_grad_enabled()
            and x.dtype == self.weight.dtype == torch.float32
            and x.device.type == self.weight.device.type == "cpu"
            and x.numel() > 0
            and not self.weight.is_inference()  # has no version
            and not torch.is_autocast_enabled("cpu")
            and not torch.compiler.is_compiling()
            and not torch.jit.is_tracing()
            and has_onednn_linear()
        )


def use_packed_linears(model: nn.Module) -> None:
    """Make every ``nn.Linear`` of ``model`` a :class:`PackedLinear`, with the parameters it has."""
    for module in model.modules():
        if type(module) is nn.Linear:
            module.__class__ = PackedLinear


def pack_linears(model: nn.Module) -> None:
    """Give the linear layers of ``model`` the copies that many small products are worth."""
    for module in model.modules():
        if isinstance(module, PackedLinear):
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
        found = [torch.ops.mkldnn._linear_pointwise(x, w, bias, "none", [], "") for w in (weight, packed)]
    except (AttributeError, RuntimeError):
        return False
    return all(torch.allclose(y, F.linear(x, weight, bias), atol=1e-4) for y in found)
