"""Modules as functions for the decoding steps of one batch.

A decoding step is hundreds of small operations, and Python's overhead between them counts. What cannot change
within a batch (which weight copy, hooks, dropout) is checked once per batch.

Hooks of linear layers and layer norms are called; those of whole layers, attentions and decoders are not, as
steps call their submodules.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from interactive_st.modules.fast.dropout import Dropout
from interactive_st.modules.fast.onednn_linear import OneDnnLinear

Function = Callable[[Tensor], Tensor]


def prepared(module: nn.Module) -> Function:
    """A function equal to ``module``'s forward while its weights, mode and hooks are unchanged, under the
    grad mode and device in which it was made."""
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
    """:func:`prepared` for ``layer`` followed by ``activation``, in one pass where both allow it."""
    if activation is torch.nn.functional.relu and isinstance(layer, OneDnnLinear) and not is_hooked(layer):
        return layer.prepared(relu=True)
    function = prepared(layer)
    return lambda x: activation(function(x))


def unchanged(x: Tensor) -> Tensor:
    """``x`` itself."""
    return x


def is_hooked(module: nn.Module) -> bool:
    """Whether ``module`` has forward or forward-pre hooks."""
    return bool(module._forward_pre_hooks or module._forward_hooks)
