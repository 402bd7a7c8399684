"""Modules made ready for the steps in which one batch is decoded.

A step is hundreds of small operations with Python between them, whose own data have left the processor's
caches each time that weights went through. So what does not change while a batch is decoded (which copy of
the weights is used, hooks, whether anything is dropped) is asked once, when the batch begins.

Hooks are called of linear layers and normalisations. Those of whole layers, attentions and decoders are not:
a step goes through their parts.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .dropout import Dropout
from .onednn_linear import OneDnnLinear

Function = Callable[[Tensor], Tensor]


def prepared(module: nn.Module) -> Function:
    """What ``module`` makes of its input for as long as its weights, mode and hooks stay what they are; to be
    used where and as it was made, under ``torch.no_grad`` or not."""
    if is_hooked(module):
        return module
    if isinstance(module, OneDnnLinear):
        return module.prepared()
    if type(module) is nn.LayerNorm:
        shape, weight, bias, eps = module.normalized_shape, module.weight, module.bias, module.eps
        return lambda x: torch.layer_norm(x, shape, weight, bias, eps)
    if isinstance(module, Dropout) and not module.drops:
        return unchanged
    return module


def prepared_activated(layer: nn.Module, activation: Function) -> Function:
    """``activation`` of what ``layer`` makes of its input, as :func:`prepared`; in one pass where both allow
    it."""
    if activation is torch.nn.functional.relu and isinstance(layer, OneDnnLinear) and not is_hooked(layer):
        return layer.prepared(relu=True)
    function = prepared(layer)
    return lambda x: activation(function(x))


def unchanged(x: Tensor) -> Tensor:
    """``x`` itself."""
    return x


def is_hooked(module: nn.Module) -> bool:
    """Whether others look on, or interfere, when ``module`` is called."""
    return bool(module._forward_pre_hooks or module._forward_hooks)
