"""Hypotheses as tensors: tokens, scores and cache slots in one."""

import torch
from torch import Tensor


class HypothesisTensors:
    """Tokens, cumulative scores and cache slots in one int32 tensor ``history`` ``(2, B, W, columns, 3)``, so
    that reordering hypotheses is one gather."""

    history: Tensor

    @property
    def tokens(self) -> Tensor:
        """``(2, B, W, columns)`` int32, tag first."""
        return self.history[..., 0]

    @property
    def cumulative(self) -> Tensor:
        """``(2, B, W, columns)`` float32; entry i: log-probability up to and including token i + 1."""
        return self.history[..., 1].view(torch.float32)

    @property
    def slots(self) -> Tensor:
        """``(2, B, W, columns)`` int32: ``own`` of `Histories`."""
        return self.history[..., 2]


def gather_parents(histories: Tensor, parent: Tensor) -> Tensor:
    """Entries ``parent`` ``(N, C)`` of ``histories`` ``(N, W, …)``: ``(N, C, …)``."""
    index = parent.view(*parent.shape, *[1] * (histories.dim() - 2))
    return histories.gather(1, index.expand(*parent.shape, *histories.shape[2:]))
