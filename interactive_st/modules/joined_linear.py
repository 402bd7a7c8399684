"""Linear layers of one input as one product, for decoding: fewer and larger products."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .onednn_linear import OneDnnLinear, is_for_onednn, linear, pack
from .weight_copies import KeepsWeightCopy


class JoinsLinears(KeepsWeightCopy):
    """Base of modules that apply several linear layers to one input.

    :func:`prepare_linears` makes a copy of their weights, one under the other.
    """

    def linears_to_join(self) -> list[nn.Module]:
        """The layers, all of one input size."""
        raise NotImplementedError

    def join(self) -> bool:
        """Copy the weights, unless that is done; False where it cannot be: not plain linear layers."""
        layers = self.linears_to_join()
        if torch.is_grad_enabled() or any(type(layer) not in (nn.Linear, OneDnnLinear) for layer in layers):
            return False
        if len({layer.bias is None for layer in layers}) > 1:
            return False

        def make() -> tuple[Tensor, Tensor | None]:
            weight = torch.cat([layer.weight.detach() for layer in layers])
            bias = None if layers[0].bias is None else torch.cat([layer.bias.detach() for layer in layers])
            return (pack(weight) if is_for_onednn(weight, weight) else weight), bias

        return self.keep_copy(_parameters(layers), make)

    def joined(self, x: Tensor) -> Tensor:
        """What the layers make of ``x`` ``(…, in)``, side by side: ``(…, out + out + …)``."""
        layers = self.linears_to_join()
        copy = None if torch.is_grad_enabled() else self.copy_of(_parameters(layers))
        if copy is not None:
            weight, bias = copy
            if not weight.is_mkldnn:
                return F.linear(x, weight, bias)
            if is_for_onednn(x, layers[0].weight):
                return linear(x, weight, bias)
        return torch.cat([layer(x) for layer in layers], dim=-1)


def _parameters(layers: list[nn.Module]) -> list[Tensor]:
    return [parameter for layer in layers for parameter in layer.parameters()]


def prepare_linears(model: nn.Module) -> None:
    """Give the linear layers of ``model`` the copies that many small products are worth: those of one input
    together, the others each for itself."""
    joined: set[int] = set()
    for module in model.modules():
        if isinstance(module, JoinsLinears) and module.join():
            joined.update(map(id, module.linears_to_join()))
    for module in model.modules():
        if isinstance(module, OneDnnLinear) and id(module) not in joined:
            module.pack()
