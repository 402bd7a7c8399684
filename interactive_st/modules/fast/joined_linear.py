"""Several linear layers of the same input as one matrix product."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from interactive_st.modules.fast.onednn_linear import (
    OneDnnLinear,
    is_for_onednn,
    linear,
    pack,
    packed_linear,
    product,
)
from interactive_st.modules.fast.prepared import is_hooked
from interactive_st.modules.fast.tf32_split import SplitWeight
from interactive_st.modules.fast.weight_copies import KeepsWeightCopy


class JoinsLinears(KeepsWeightCopy):
    """Base of modules that apply several linear layers to one input.

    :func:`prepare_linears` makes a copy of their concatenated weights for ``joined``.
    """

    joins_in_steps = False  # whether decoding steps use ``joined``

    def linears_to_join(self) -> list[nn.Module]:
        """The layers, all of one input size."""
        raise NotImplementedError

    def join(self) -> bool:
        """Store the concatenated weights if not up to date. False: not possible (gradients enabled, hooks,
        not plain linear layers, weights whose changes cannot be detected)."""
        layers = self.linears_to_join()
        if torch.is_grad_enabled():
            return False
        if not _are_plain(layers):
            self._copy = None  # may be from before a hook was registered
            return False

        @torch.no_grad()
        def make() -> tuple[list[nn.Module], Tensor, Tensor | None, SplitWeight | None]:
            weight, bias = _concatenated(layers)
            split = SplitWeight(weight) if SplitWeight.is_for(weight) else None
            return layers, (pack(weight) if is_for_onednn(weight, weight) else weight), bias, split

        return self.keep_copy(layers, make)

    def joined(self, x: Tensor) -> Tensor:
        """The layers' outputs for ``x`` ``(…, in)``, concatenated: ``(…, out + out + …)``."""
        layers = self.linears_to_join()
        copy = None if torch.is_grad_enabled() else self.current_copy()
        if copy is not None and copy[0] == layers:
            _, weight, bias, split = copy
            if split is not None and split.pays(x):
                return split.product(x, bias)
            if not weight.is_mkldnn:
                return F.linear(x, weight, bias)
            if is_for_onednn(x, weight):
                return linear(x, weight, bias)
        return torch.cat([layer(x) for layer in layers], dim=-1)

    def prepared_joined(self) -> Callable[[Tensor], Tensor]:
        """:meth:`joined` in the form of :func:`~interactive_st.modules.fast.prepared.prepared`."""
        copy = None if torch.is_grad_enabled() else self.current_copy()
        if copy is not None and copy[0] == self.linears_to_join():
            _, weight, bias, _ = copy
            if weight.is_mkldnn and is_for_onednn(copy[0][0].weight, copy[0][0].weight):
                return packed_linear(weight, bias)
        return self.joined

    def each(self, x: Tensor, then: Callable[[Tensor], Tensor] = lambda y: y) -> Sequence[Tensor]:
        """The layers' outputs for whole sequences ``x`` ``(…, in)``, each passed through ``then``: one
        ``(…, out)`` per layer.

        On a GPU one product; ``then`` is called once, on the concatenation, and must act on features
        separately. On a CPU one product per layer, as attention would copy the split views.
        """
        layers = self.linears_to_join()
        if not self.is_one_product(x.device):
            return [then(layer(x)) for layer in layers]
        together = then(product(x, *_concatenated(layers)))
        return together.split([layer.out_features for layer in layers], dim=-1)

    def is_one_product(self, device: torch.device) -> bool:
        """Whether :meth:`each` computes one joint product there instead of calling the layers."""
        return device.type != "cpu" and _are_plain(self.linears_to_join())


def _are_plain(layers: list[nn.Module]) -> bool:
    """Whether the layers only multiply and add (no hooks), and all or none have a bias."""
    return (
        all(type(layer) in (nn.Linear, OneDnnLinear) for layer in layers)
        and len({layer.bias is None for layer in layers}) == 1
        and not any(map(is_hooked, layers))
    )


def _concatenated(layers: list[nn.Module]) -> tuple[Tensor, Tensor | None]:
    """Weights ``(out + out + …, in)`` and biases ``(out + out + …,)``, None without."""
    weight = torch.cat([layer.weight for layer in layers])
    return weight, None if layers[0].bias is None else torch.cat([layer.bias for layer in layers])


def prepare_linears(model: nn.Module) -> None:
    """Create the packed weight copies for inference: one for layers that decoding steps apply jointly, none
    for layers that :meth:`JoinsLinears.each` multiplies jointly, one each for the others. Does nothing while
    gradients are enabled."""
    never_alone: set[int] = set()
    for module in model.modules():
        if isinstance(module, JoinsLinears):
            layers = module.linears_to_join()
            if module.join() if module.joins_in_steps else module.is_one_product(layers[0].weight.device):
                never_alone.update(map(id, layers))
    for module in model.modules():
        if isinstance(module, OneDnnLinear) and id(module) not in never_alone:
            module.pack()
