"""Attention of both streams to the encoder; keys and values are computed once for all queries."""

from collections.abc import Callable

import torch
from fairseq.modules import MultiheadAttention
from torch import Tensor, nn

from .attention import attention, step_attention
from .fast.joined_linear import JoinsLinears
from .fast.prepared import prepared
from .lanes import Lanes
from .token_rows import TokenRows


class EncoderAttention(JoinsLinears, MultiheadAttention):
    """fairseq's encoder-decoder attention with streams and hypotheses folded into the query dimension.

    The same parameters; the keys and values of a sentence are projected once and read by both streams
    and every hypothesis, never copied.
    """

    def project_encoder(self, encoder_out: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values, each ``(B, heads, T, head_dim)``, of ``encoder_out`` ``(T, B, C)``."""
        keys = tuple(self._split(x).permute(1, 2, 0, 3) for x in self.each(encoder_out))
        if torch.is_grad_enabled():
            return keys
        return tuple(x.contiguous() for x in keys)  # every step of decoding reads them

    def linears_to_join(self) -> list[nn.Module]:
        return [self.k_proj, self.v_proj]

    def forward(
        self,
        x: Tensor,
        encoder_keys: tuple[Tensor, Tensor] | None,
        encoder_mask: Tensor | None,
        rows: TokenRows | None = None,
    ) -> Tensor:
        """Attend to the encoder, in whole sequences.

        Args:
            x: ``(S, r·B, T, C)`` T rows of S streams; the batch may hold r versions of the B sentences:
                entries v·B … (v+1)·B − 1 are version v (r > 1 only for
                ``--prefix-corruption-of partner``). With ``rows`` ``(R, C)``.
            encoder_keys: of the B sentences, by :meth:`project_encoder`. ``None`` = there is nothing to
                attend to, and the context is exactly zero.
            encoder_mask: ``(B, 1, 1, frames)`` in the form of
                :func:`~interactive_st.modules.visibility.score_mask`; ``None`` = no padding.
            rows: the positions that ``x`` holds; ``None`` = all.

        Returns:
            the same shape as ``x``
        """
        if encoder_keys is None:
            return self.out_proj.bias.to(x.dtype).expand_as(x)
        query, batch = self.q_proj(x), encoder_keys[0].size(0)
        p = self.dropout_module.p if self.training else 0.0
        if rows is not None:
            query = self._split(rows.put_by_sentence(query, batch)).transpose(1, 2)
            context = attention(query, *encoder_keys, encoder_mask, p)
            return self.out_proj(rows.take_of_sentences(context.transpose(1, 2).flatten(2)))
        context = attend_encoder(
            query, encoder_keys, encoder_mask, self.num_heads, lambda *x: attention(*x, p)
        )
        return self.out_proj(context)

    def _split(self, x: Tensor) -> Tensor:
        """``(…, C)`` to ``(…, heads, head_dim)``."""
        return x.unflatten(-1, (self.num_heads, self.head_dim))


class IncrementalEncoderAttention:
    """Incremental form of ``module``."""

    def __init__(self, module: EncoderAttention) -> None:
        self.q_proj, self.out_proj = prepared(module.q_proj), prepared(module.out_proj)
        self.num_heads = module.num_heads

    def __call__(
        self, x: Tensor, encoder_keys: tuple[Tensor, Tensor], encoder_mask: Tensor | None, lanes: Lanes
    ) -> Tensor:
        """Attention of ``x`` ``(N, W, C)``, N lanes of W hypotheses; ``encoder_mask`` is added to scores.
        Returns the same shape."""
        query = lanes.spread(self.q_proj(x))
        context = attend_encoder(query, encoder_keys, encoder_mask, self.num_heads, step_attention)
        return self.out_proj(lanes.collect(context))


def attend_encoder(
    query: Tensor,
    keys: tuple[Tensor, Tensor],
    mask: Tensor | None,
    heads: int,
    attend: Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor],
) -> Tensor:
    """Attention of ``query`` ``(S, r·B, T, C)``, T rows or hypotheses, to the keys and values of B sentences.

    Args:
        query, keys, mask: as in :meth:`EncoderAttention.forward`.
        attend: computes attention of ``(B, heads, queries, head_dim)`` from query, key, value and mask.

    Returns:
        the same shape as ``query``
    """
    streams, rows, length, width = query.shape
    batch = keys[0].size(0)
    sequences_per_sentence, head_dim = streams * rows // batch, width // heads
    query = query.view(sequences_per_sentence, batch, length, heads, head_dim).permute(1, 3, 0, 2, 4)
    context = attend(query.flatten(2, 3), *keys, mask)
    context = context.view(batch, heads, sequences_per_sentence, length, head_dim).permute(2, 0, 3, 1, 4)
    return context.reshape(streams, rows, length, width)
