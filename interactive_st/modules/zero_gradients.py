"""Gradients of exactly zero, where there would be none."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


def with_zero_gradients(x: Tensor, parameters: Iterable[nn.Parameter]) -> Tensor:
    """Return ``x``, whose backward pass gives each of ``parameters`` a gradient, if only of zero.

    Optimizers skip a parameter that has no gradient, but move one with a zero by their momentum, and torch's
    ``DistributedDataParallel`` waits for those that have none. So what a batch does not use would be treated
    otherwise by one process in float32 than by several, or in half precision, where fairseq fills in zeros.

    Args:
        x: any shape, part of the loss.
        parameters: those that need no gradient are left alone.
    """
    if not torch.is_grad_enabled():
        return x
    return _WithZeroGradients.apply(x, *(p for p in parameters if p.requires_grad))


class _WithZeroGradients(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, *parameters: Tensor) -> Tensor:
        ctx.parameters = parameters
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        return gradient, *map(torch.zeros_like, ctx.parameters)
