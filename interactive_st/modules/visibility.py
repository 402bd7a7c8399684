"""Attention masks in which a row may see nothing at all."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from interactive_st.modules.token_rows import TokenRows, take_rows
from interactive_st.modules.wait_k import WaitK, partner_visibility

GPU_ALIGNMENT = 8  # GPU kernels read masks whose rows are aligned to this many elements


class Visibility(NamedTuple):
    """What each query sees, built once a batch and shared by all layers.

    ``mask``  ``(…, 1, queries, keys)`` bool, True = visible; behind :func:`score_mask` or :func:`additive` a
    number that is added to scores, 0 = visible, −inf = not.
    ``blind`` ``(…, 1, queries, 1)`` bool: queries that see no key. ``mask`` gives them every key, as a
    softmax over nothing is NaN, and their result is then set to zero. None: each sees a key.
    """

    mask: Tensor
    blind: Tensor | None

    @classmethod
    def of(cls, visible: Tensor) -> "Visibility":
        """From ``visible`` of shape ``(…, queries, keys)``; the head dimension is inserted."""
        visible = visible.unsqueeze(-3)
        blind = ~visible.any(dim=-1, keepdim=True)
        return cls(visible | blind, blind)


class BothTerms(NamedTuple):
    """What every row sees of its own stream and of the other, built once a batch and shared by all layers.

    ``mask``  ``(2·B, 1, 2·T, T)``, of :func:`score_mask`. The first dimension is the stream of the *keys* and
    the sentence; the queries are the T rows of that stream (they see it causally: H_self), then the T rows of
    the other stream (they see it by wait-k: H_inter). So keys are not moved, and one attention with twice
    the queries gives both terms::

                          keys: transcript     keys: translation
        queries 0 … T−1   transcript, causal   translation, causal
                T … 2T−1  translation, wait-k  transcript, wait-k

    ``blind`` ``(2, B, T, 1)`` bool, with R rows ``(R, 1)``: queries that see nothing of the other stream.
    (``mask`` gives them every key, as in :class:`Visibility`.)
    """

    mask: Tensor
    blind: Tensor

    @classmethod
    def of(cls, partner: Visibility, like: Tensor, rows: TokenRows | None = None) -> "BothTerms":
        """From ``partner`` of :func:`teacher_forced_visibility`, for states ``like`` (of ``rows``, if
        given)."""
        seen = partner.mask.flatten(0, 1)
        length = seen.size(-1)
        causal = torch.ones(length, length, dtype=torch.bool, device=seen.device).tril()
        both = torch.cat([causal.expand_as(seen), seen], dim=2)
        return cls(score_mask(both, like), take_rows(partner.blind.squeeze(2).flip(0), rows))


def teacher_forced_visibility(prev_output_tokens: Tensor, pad: int, wait_k: WaitK) -> Visibility:
    """Visibility of the partner for whole sequences, by the stream whose *keys* are read.

    Args:
        prev_output_tokens: ``(2, B, T)``, right-padded; a missing stream is all ``pad``.
        pad: index of the padding token.
        wait_k: k, of :func:`~interactive_st.modules.wait_k.parse_wait_k`.

    Returns:
        Visibility over ``(2, B, 1, T, T)``: entry ``[s, b, 0, i, j]`` says whether row i of stream 1 − s
        sees row j of stream s. Keys are not moved, only the (small) queries are flipped.
    """
    length = prev_output_tokens.size(2)
    of_queries = partner_visibility(wait_k, length, prev_output_tokens.device)
    is_token = prev_output_tokens.ne(pad).unsqueeze(2)
    return Visibility.of(of_queries.flip(0).unsqueeze(1) & is_token)


def score_mask(visible: Tensor, like: Tensor) -> Tensor:
    """The mask in the form that :func:`~interactive_st.modules.attention.attention` handles fastest, made
    once per batch.

    Args:
        visible: bool, True = visible; its last dimension is the keys.
        like: states of the attention, or any tensor of their device and precision.

    Returns:
        On a CPU ``visible`` itself. On a GPU an additive mask of its shape (0 or −inf), in the precision of
        ``like`` or of autocast, with rows aligned as the kernels need them.
    """
    if visible.device.type == "cpu":
        return visible
    kind, dtype = like.device.type, like.dtype
    if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
        dtype = torch.get_autocast_dtype(kind)
    mask = additive(visible, dtype)
    spare = -mask.size(-1) % GPU_ALIGNMENT
    return F.pad(mask, (0, spare))[..., : mask.size(-1)] if spare else mask


def additive(visible: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask that is added to scores: 0 where ``visible`` (bool), −inf elsewhere."""
    return visible.log().to(dtype)  # one operation: log 1 = 0, log 0 = −inf
