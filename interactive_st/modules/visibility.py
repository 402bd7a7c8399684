"""Attention masks in which a row may see nothing at all."""

from typing import NamedTuple

import torch
from torch import Tensor

from .dropout import attention
from .wait_k import WaitK, partner_visibility


class Visibility(NamedTuple):
    """What each query sees, built once a batch (or once a decoding step) and shared by all layers.

    ``mask``  ``(…, 1, queries, keys)`` bool, True = visible; a blind query is given every key, because a
    softmax over nothing is NaN.
    ``blind`` ``(…, 1, queries, 1)`` bool, the queries whose result must be exactly zero.
    """

    mask: Tensor
    blind: Tensor

    @classmethod
    def of(cls, visible: Tensor) -> "Visibility":
        """From ``visible`` of shape ``(…, queries, keys)``; the head dimension is inserted."""
        visible = visible.unsqueeze(-3)
        blind = ~visible.any(dim=-1, keepdim=True)
        return cls(visible | blind, blind)

    def flatten(self) -> "Visibility":
        """Merge the leading (stream, sentence) dimensions into one."""
        return Visibility(self.mask.flatten(0, -4), self.blind.flatten(0, -4))


def attend(
    query: Tensor, key: Tensor, value: Tensor, visibility: Visibility | None, dropout: float = 0.0
) -> Tensor:
    """Scaled dot-product attention; a query that sees nothing yields exactly zero.

    Args:
        query: ``(batch, heads, queries, head_dim)``
        key, value: ``(batch, heads, keys, head_dim)``
        visibility: what is seen; ``None`` = causal, query i sees keys up to i.

    Returns:
        ``(batch, heads, queries, head_dim)``
    """
    if visibility is None:
        return attention(query, key, value, None, dropout, is_causal=True)
    context = attention(query, key, value, visibility.mask, dropout)
    return context.masked_fill(visibility.blind, 0.0)


def teacher_forced_visibility(prev_output_tokens: Tensor, pad: int, wait_k: WaitK) -> Visibility:
    """Visibility of the partner for whole sequences, by the stream whose *keys* are read.

    Args:
        prev_output_tokens: ``(2, B, T)``, right-padded; a missing stream is all ``pad``.

    Returns:
        Visibility over ``(2, B, 1, T, T)``: entry ``[s, b, 0, i, j]`` says whether row i of stream 1 − s
        sees row j of stream s. Keys keep their place, so only the (small) queries are flipped.
    """
    length = prev_output_tokens.size(2)
    of_queries = partner_visibility(wait_k, length, prev_output_tokens.device)
    is_token = prev_output_tokens.ne(pad).unsqueeze(2)
    return Visibility.of(of_queries.flip(0).unsqueeze(1) & is_token)


def rows_to_mask(slots: Tensor, last_row: Tensor, width: int) -> Tensor:
    """Which cached rows a hypothesis consists of.

    Args:
        slots: ``(…, W, T)`` the beam slot in which each row of a hypothesis was computed.
        last_row: ``(…, W)`` the last row that is visible (−1: none).
        width: number of beam slots the cache holds a row.

    Returns:
        ``(…, W, T · width)`` bool, aligned with the cache's ``row · width + slot`` order.
    """
    rows = torch.arange(slots.size(-1), device=slots.device)
    in_reach = rows <= last_row.unsqueeze(-1)
    chosen = slots.unsqueeze(-1) == torch.arange(width, device=slots.device)
    return (chosen & in_reach.unsqueeze(-1)).flatten(-2)
