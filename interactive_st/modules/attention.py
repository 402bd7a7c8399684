"""Scaled dot-product attention, by products where torch's fused kernels are slower or cannot drop weights."""

import torch
import torch.nn.functional as F
from torch import Tensor

from interactive_st.modules.fast.dropout import dropout

FEW_QUERIES = 32


def attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, p: float = 0.0, is_causal: bool = False
) -> Tensor:
    """``F.scaled_dot_product_attention``; with ``p`` > 0 on a CPU, where torch has no fused kernel, matmul,
    softmax, :func:`~interactive_st.modules.fast.dropout.dropout`, matmul.

    Args:
        query: ``(batch, heads, queries, head_dim)``
        key, value: ``(batch, heads, keys, head_dim)``
        mask: bool, True = visible, or added to scores; broadcast to ``(batch, heads, queries, keys)``;
            ``None`` = all.
        p: share of attention weights dropped.
        is_causal: query i sees keys ≤ i; ``mask`` must be None.

    Returns:
        ``(batch, heads, queries, head_dim)``
    """
    if p == 0.0 or query.device.type != "cpu":
        if mask is not None and mask.dtype not in (torch.bool, query.dtype):
            mask = mask.to(query.dtype)  # fairseq's --checkpoint-activations computes again without autocast
        return F.scaled_dot_product_attention(query, key, value, mask, dropout_p=p, is_causal=is_causal)
    scores = (query * query.size(-1) ** -0.5) @ key.transpose(-2, -1)
    if is_causal:
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    return dropout(_masked(scores, mask).softmax(dim=-1), p) @ value


def step_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    """:func:`attention` of a decoding step: for at most `FEW_QUERIES` queries in float32 without gradients,
    matmul, softmax, matmul, as fused kernels work on blocks of 64 queries. Arguments and result are those of
    :func:`attention`."""
    if query.size(2) > FEW_QUERIES or query.dtype != torch.float32 or torch.is_grad_enabled():
        return F.scaled_dot_product_attention(query, key, value, mask)
    rows, keys = query.flatten(0, 1), key.flatten(0, 1).transpose(1, 2)
    scale = query.size(3) ** -0.5
    scores = torch.baddbmm(query.new_empty(()), rows, keys, beta=0, alpha=scale)
    return _masked(scores.view(*query.shape[:3], -1), mask).softmax(dim=-1) @ value


def _masked(scores: Tensor, mask: Tensor | None) -> Tensor:
    """``scores``, overwritten: those that ``mask`` hides are −inf."""
    if mask is None:
        return scores
    return scores.masked_fill_(~mask, -torch.inf) if mask.dtype == torch.bool else scores.add_(mask)
