"""Attention masks in which a row may see nothing at all."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .decoding_cache import key_count
from .dropout import attention
from .wait_k import WaitK, partner_visibility


class Visibility(NamedTuple):
    """What each query sees, built once a batch and shared by all layers.

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


def additive(visible: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask that is added to scores: 0 where ``visible`` (bool), −inf elsewhere."""
    return torch.zeros(visible.shape, dtype=dtype, device=visible.device).masked_fill_(~visible, -math.inf)


def slots_to_mask(slots: Tensor, width: int, dtype: torch.dtype) -> Tensor:
    """What hypotheses see of a decoding cache.

    Args:
        slots: ``(…, Q, columns)`` the beam slot in which the row of each column was computed that query q
            sees; −1 where it sees none.
        width: beam slots in a column.

    Returns:
        ``(…, 1, Q, keys)``, added to scores: the cache's order of keys
        (:func:`~interactive_st.modules.decoding_cache.key_count`), of which the first is seen by those alone
        that see nothing else.
    """
    seen = (slots.unsqueeze(-1) == torch.arange(width, device=slots.device)).flatten(-2)
    spare = key_count(slots.size(-1), width, slots.device) - 1 - seen.size(-1)
    seen = torch.cat([~seen.any(dim=-1, keepdim=True), F.pad(seen, (0, spare)) if spare else seen], dim=-1)
    return additive(seen, dtype).unsqueeze(-3)
