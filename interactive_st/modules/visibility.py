"""Attention masks in which a row may see nothing at all."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .decoding_cache import GPU_ALIGNMENT, key_count
from .token_rows import TokenRows, take_rows
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


class BothTerms(NamedTuple):
    """What every row sees of its own stream and of the other, built once a batch and shared by all layers.

    ``mask``  ``(2·B, 1, 2·T, T)``, of :func:`score_mask`. The first dimension is the stream of the *keys* and
    the sentence; the queries are the T rows of that stream (they see it causally: H_self), then the T rows of
    the other stream (they see it by wait-k: H_inter). So keys keep their place, and one attention of twice
    the queries gives both terms::

                     keys: transcript     keys: translation
        queries 0…T  transcript, causal   translation, causal
                T…2T translation, wait-k  transcript, wait-k

    ``blind`` ``(2, B, T, 1)`` bool, of R rows ``(R, 1)``: those that see nothing of the other stream. (In
    ``mask`` they are given every key, as in :class:`Visibility`.)
    """

    mask: Tensor
    blind: Tensor

    @classmethod
    def of(cls, partner: Visibility, like: Tensor, rows: TokenRows | None = None) -> "BothTerms":
        """From what is seen of the partner (:func:`teacher_forced_visibility`), for attention of states in
        the precision of ``like``, which are those of ``rows``."""
        seen = partner.mask.flatten(0, 1)
        length = seen.size(-1)
        causal = torch.ones(length, length, dtype=torch.bool, device=seen.device).tril()
        both = torch.cat([causal.expand_as(seen), seen], dim=2)
        return cls(score_mask(both, like), take_rows(partner.blind.squeeze(2).flip(0), rows))


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


def score_mask(visible: Tensor, like: Tensor) -> Tensor:
    """The mask that :func:`~interactive_st.modules.dropout.attention` takes, made once for all its calls.

    Args:
        visible: bool, True = visible; its last dimension is the keys.
        like: states of the attention, or any tensor of their device and precision.

    Returns:
        On a CPU ``visible`` itself. On a GPU the mask of its shape that is added to scores, in the precision
        of ``like`` or of autocast, with rows aligned as the kernels want them.
    """
    if visible.device.type == "cpu":
        return visible
    kind, dtype = like.device.type, like.dtype
    if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
        dtype = torch.get_autocast_dtype(kind)
    mask = additive(visible, dtype)
    spare = -mask.size(-1) % GPU_ALIGNMENT  # the kernels want rows to begin at such addresses
    return F.pad(mask, (0, spare))[..., : mask.size(-1)] if spare else mask


def additive(visible: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask that is added to scores: 0 where ``visible`` (bool), −inf elsewhere."""
    return visible.log().to(dtype)  # one operation: log 1 = 0, log 0 = −inf


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
