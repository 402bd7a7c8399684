"""Copies of weights in another form, kept for as long as the weights stay what they are."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor


class KeepsWeightCopy:
    """Base of modules that keep a copy of some of their weights; it is never saved.

    ``_copy``: addresses and versions of the weights when they were copied, and the copy.
    """

    _copy: tuple[tuple[tuple[int, int], ...], Any] | None = None

    def copy_of(self, weights: Sequence[Tensor]) -> Any:
        """The copy, if there is one of the weights as they are now; else None."""
        if self._copy is None or any(weight.is_inference() for weight in weights):
            return None
        return self._copy[1] if self._copy[0] == _stamps(weights) else None

    def keep_copy(self, weights: Sequence[Tensor], make: Callable[[], Any]) -> bool:
        """Have a copy of the weights as they are now, from ``make`` if need be. False where that cannot be:
        tensors of inference mode do not say when they change."""
        if any(weight.is_inference() for weight in weights):
            return False
        if self.copy_of(weights) is None:
            self._copy = (_stamps(weights), make())
        return True

    def train(self, mode: bool = True) -> "KeepsWeightCopy":
        """As ``nn.Module.train``. Training ends the copy: optimizers that write to ``weight.data``, as
        fairseq's do, leave no trace in its version."""
        if mode:
            self._copy = None
        return super().train(mode)

    def _apply(self, *args, **kwargs) -> "KeepsWeightCopy":
        self._copy = None  # .to(), .half() and the like
        return super()._apply(*args, **kwargs)

    def __getstate__(self) -> dict:
        return {name: value for name, value in self.__dict__.items() if name != "_copy"}


def _stamps(weights: Sequence[Tensor]) -> tuple[tuple[int, int], ...]:
    return tuple((weight.data_ptr(), weight._version) for weight in weights)
