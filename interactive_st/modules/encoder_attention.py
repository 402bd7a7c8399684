"""Attention of all streams to a memory; keys and values are computed once for all queries."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from fairseq.modules import MultiheadAttention
from torch import Tensor, nn

from interactive_st.modules.attention import attention, step_attention
from interactive_st.modules.fast.joined_linear import JoinsLinears
from interactive_st.modules.fast.prepared import prepared
from interactive_st.modules.lanes import Lanes
from interactive_st.modules.memory import MemoryKeys
from interactive_st.modules.positions import sinusoids
from interactive_st.modules.token_rows import TokenRows
from interactive_st.modules.visibility import Visibility
from interactive_st.modules.zero_gradients import with_zero_gradients


class EncoderAttention(JoinsLinears, MultiheadAttention):
    """fairseq's encoder-decoder attention with streams and hypotheses folded into the query dimension.

    The same parameters; the keys and values of a sentence are projected once and read by both streams
    and every hypothesis, never copied.

    Args:
        positions: whether keys are those of ``states`` + :func:`.sinusoids`, values those of ``states``: a
            query can then say where it looks, where an encoder trained by CTC says what was heard and not
            when. Source: Carion et al., ECCV 2020, "End-to-End Object Detection with Transformers" (DETR),
            appendix A.3.
        others: fairseq's own.
    """

    def __init__(self, *others: Any, positions: bool = False, **more: Any) -> None:
        super().__init__(*others, **more)
        self.positions = positions

    def project_memory(self, states: Tensor) -> MemoryKeys:
        """Keys and values, each ``(B, heads, positions, head_dim)``, of ``states`` ``(positions, B, C)``."""
        key, value = self.each(states)
        if self.positions:
            weight = self.k_proj.weight
            key = key + F.linear(sinusoids(states.size(0), self.kdim, weight), weight).unsqueeze(1)
        keys = tuple(self._split(x).permute(1, 2, 0, 3) for x in (key, value))
        if torch.is_grad_enabled():
            return keys
        return tuple(x.contiguous() for x in keys)  # every step of decoding reads them

    def linears_to_join(self) -> list[nn.Module]:
        return [self.k_proj, self.v_proj]

    def forward(
        self,
        x: Tensor,
        keys: MemoryKeys | None,
        visibility: Visibility | None,
        rows: TokenRows | None = None,
    ) -> Tensor:
        """Attend to a memory, in whole sequences.

        Args:
            x: ``(S, r·B, T, C)`` T rows of S streams; the batch may hold r versions of the B sentences:
                entries v·B … (v+1)·B − 1 are version v (r > 1 only for
                ``--prefix-corruption-of partner``). With ``rows`` ``(R, C)``.
            keys: of the B sentences, by :meth:`project_memory`. ``None`` = there is nothing to attend to,
                and the context is exactly zero.
            visibility: of :meth:`.Memory.for_sequences`; ``None`` = no padding. Blind queries (only with
                r = 1) get exactly zero.
            rows: the positions that ``x`` holds; ``None`` = all.

        Returns:
            the same shape as ``x``
        """
        if keys is None:
            # x too, which only its residual connection would use otherwise, and not the norm before this
            unused = (x, *self.parameters())
            return with_zero_gradients(self.out_proj.bias.to(x.dtype).expand_as(x), unused)
        query, batch = self.q_proj(x), keys[0].size(0)
        mask, blind = (None, None) if visibility is None else visibility
        p = self.dropout_module.p if self.training else 0.0
        if rows is not None:
            query = self._split(rows.put_by_sentence(query, batch)).transpose(1, 2)
            context = attention(query, *keys, mask, p)
            context = rows.take_of_sentences(context.transpose(1, 2).flatten(2))
        else:
            context = attend_memory(query, keys, mask, self.num_heads, lambda *x: attention(*x, p))
        read = self.out_proj(context)
        return read if blind is None else read.masked_fill(blind, 0.0)

    def _split(self, x: Tensor) -> Tensor:
        """``(…, C)`` to ``(…, heads, head_dim)``."""
        return x.unflatten(-1, (self.num_heads, self.head_dim))


class IncrementalEncoderAttention:
    """Incremental form of ``module``."""

    def __init__(self, module: EncoderAttention) -> None:
        self.q_proj, self.out_proj = prepared(module.q_proj), prepared(module.out_proj)
        self.num_heads = module.num_heads

    def __call__(
        self, x: Tensor, keys: MemoryKeys, visibility: Visibility | None, lanes: Lanes
    ) -> Tensor:
        """Attention of ``x`` ``(N, W, C)``, N lanes of W hypotheses; ``visibility`` of
        :meth:`.Memory.for_steps`. Returns the same shape."""
        query = lanes.spread(self.q_proj(x))
        mask, blind = (None, None) if visibility is None else visibility
        context = attend_memory(query, keys, mask, self.num_heads, step_attention)
        read = self.out_proj(lanes.collect(context))
        if blind is None:
            return read
        return read.masked_fill(lanes.collect(blind.expand(len(lanes.streams), -1, -1, -1)), 0.0)


def attend_memory(
    query: Tensor,
    keys: MemoryKeys,
    mask: Tensor | None,
    heads: int,
    attend: Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor],
) -> Tensor:
    """Attention of ``query`` ``(S, r·B, T, C)`` to the keys and values of B sentences.

    Args:
        query: T positions or hypotheses of S streams; the batch as in :meth:`EncoderAttention.forward`.
        keys: of the B sentences, by :meth:`EncoderAttention.project_memory`.
        mask: ``(B, 1, 1, positions)`` bool, True = visible, or added to scores; ``None`` = all.
        heads: number of attention heads.
        attend: computes attention of ``(B, heads, queries, head_dim)`` from query, key, value and mask.

    Returns:
        the same shape as ``query``
    """
    streams, entries, length, embed_dim = query.shape
    batch = keys[0].size(0)
    sequences_per_sentence, head_dim = streams * entries // batch, embed_dim // heads
    query = query.view(sequences_per_sentence, batch, length, heads, head_dim).permute(1, 3, 0, 2, 4)
    context = attend(query.flatten(2, 3), *keys, mask)
    context = context.view(batch, heads, sequences_per_sentence, length, head_dim).permute(2, 0, 3, 1, 4)
    return context.reshape(streams, entries, length, embed_dim)
