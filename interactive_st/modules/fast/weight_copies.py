"""Caches of derived weights (packed, concatenated, split), valid until the weights change."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import Tensor, nn

#: (Parameter dict, name, tensor, data pointer, version); the last three are None if the parameter is. The
#: tensor is kept alive so that its address is not reused.
_Stamp = tuple[dict[str, Tensor | None], str, Tensor | None, int | None, int | None]


class KeepsWeightCopy:
    """Base of modules that keep a copy of some of their weights, or of their parts'; it is never saved.

    ``_copy``: stamps of the weights that were copied, and the copy. Changes are detected by address and
    version, except writes through ``weight.data`` in evaluation mode: call ``train()`` after those, then
    ``eval()``.
    """

    _copy: tuple[tuple[_Stamp, ...], Any] | None = None

    def current_copy(self) -> Any:
        """The copy if it is up to date, else None. Fast: called hundreds of times per decoding step."""
        if self._copy is None:
            return None
        stamps, copy = self._copy
        for parameters, name, _, address, version in stamps:
            weight = parameters.get(name)
            if weight is None:
                if address is not None:
                    return None
            elif weight.is_inference() or weight.data_ptr() != address or weight._version != version:
                return None
        return copy

    def keep_copy(self, layers: Sequence[nn.Module], make: Callable[[], Any]) -> bool:
        """Make the copy of ``layers``' weights current, calling ``make`` if needed. False if changes could
        not be detected: inference tensors, and weights computed from others (weight norm, pruning, any
        parametrization)."""
        if any(map(_is_unwatchable, layers)):
            self._copy = None
            return False
        stamps = tuple(_stamps(layers))
        if self._copy is None or not _are_same(self._copy[0], stamps):
            self._copy = (stamps, make())
        return True

    def train(self, mode: bool = True) -> "KeepsWeightCopy":
        """As ``nn.Module.train``. Training mode drops the copy: optimizers that write to ``weight.data``, as
        fairseq's do, do not change its version."""
        if mode:
            self._copy = None
        return super().train(mode)

    def _apply(self, *args, **kwargs) -> "KeepsWeightCopy":
        self._copy = None  # .to(), .half() and similar calls
        return super()._apply(*args, **kwargs)

    def __getstate__(self) -> dict:
        return {name: value for name, value in self.__dict__.items() if name != "_copy"}


def _stamps(layers: Sequence[nn.Module]) -> Iterator[_Stamp]:
    for layer in layers:
        for name, weight in layer._parameters.items():
            where = (None, None, None)
            if weight is not None:
                where = weight.detach(), weight.data_ptr(), weight._version
            yield layer._parameters, name, *where


def _are_same(some: Sequence[_Stamp], others: Sequence[_Stamp]) -> bool:
    return len(some) == len(others) and all(
        one[0] is other[0] and one[1] == other[1] and one[3:] == other[3:]
        for one, other in zip(some, others, strict=True)
    )


def _is_unwatchable(layer: nn.Module) -> bool:
    computed = "weight" not in layer._parameters or "bias" not in layer._parameters
    return computed or any(weight.is_inference() for weight in layer.parameters())
