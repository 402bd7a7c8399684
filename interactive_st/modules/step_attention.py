"""Attention of a decoding step: few queries."""

import torch
import torch.nn.functional as F
from torch import Tensor

FEW_QUERIES = 32


def step_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """``F.scaled_dot_product_attention``; for at most `FEW_QUERIES` queries in float32 without gradients,
    matmul, softmax, matmul: fused kernels work on blocks of 64 queries.

    Args:
        query: ``(batch, heads, queries, head_dim)``
        key, value: ``(batch, heads, keys, head_dim)``
        mask: bool, True = visible, or added to scores; broadcast to ``(batch, heads, queries, keys)``;
            ``None`` = all.

    Returns:
        ``(batch, heads, queries, head_dim)``
    """
    if query.size(2) > FEW_QUERIES or query.dtype != torch.float32 or torch.is_grad_enabled():
        return F.scaled_dot_product_attention(query, key, value, mask)
    rows, keys = query.flatten(0, 1), key.flatten(0, 1).transpose(1, 2)
    scale = query.size(3) ** -0.5
    scores = torch.baddbmm(query.new_empty(()), rows, keys, beta=0, alpha=scale)
    scores = scores.view(*query.shape[:3], -1)
    if mask is not None:
        scores = scores.masked_fill_(~mask, -torch.inf) if mask.dtype == torch.bool else scores.add_(mask)
    return scores.softmax(dim=-1) @ value
