"""Interactive attention: self-attention in which each stream also reads the other.

Source: Liu et al., AAAI 2020, section 3, with one set of projections for both streams and both terms::

    H_self(s)  = Attn(Q_s, K_s, V_s)      causal
    H_inter(s) = Attn(Q_s, K_o, V_o)      o = the other stream, wait-k visibility, its own softmax
    H(s)       = fuse(H_self, H_inter)    before the output projection
"""

import torch
from fairseq.modules import MultiheadAttention
from torch import Tensor

from .decoding_cache import Lanes, SelfCache, StepVisibility
from .fusion import Fusion
from .token_rows import TokenRows, put_rows, take_rows
from .visibility import Visibility, attend


class InteractiveAttention(MultiheadAttention):
    """Drop-in for a decoder layer's self-attention; same parameters, plus those of ``fusion`` if any."""

    def __init__(self, embed_dim: int, num_heads: int, fusion: Fusion, dropout: float = 0.0) -> None:
        super().__init__(embed_dim, num_heads, dropout=dropout, self_attention=True)
        self.fusion = fusion

    def forward(self, x: Tensor, partner: Visibility | None, rows: TokenRows | None = None) -> Tensor:
        """Whole sequences, teacher-forced.

        Args:
            x: ``(S, B, T, C)`` with S = 2 streams (or 1).
            partner: what each row sees of the other stream, arranged by key stream
                (:func:`~interactive_st.modules.visibility.teacher_forced_visibility`); ``None`` = nothing.

            rows: where ``x`` holds these positions only, ``(R, C)``.

        Returns:
            like ``x``
        """
        projected = [put_rows(proj(x), rows) for proj in (self.q_proj, self.k_proj, self.v_proj)]
        streams, batch = projected[0].shape[:2]
        query, key, value = (self._split(y.flatten(0, 1)) for y in projected)
        dropout = self._dropout()
        own = self._merge(attend(query, key, value, None, dropout)).unflatten(0, (streams, batch))
        own = take_rows(own, rows)
        if partner is None or self.fusion.is_off or streams == 1:
            return self.out_proj(own)
        other_query = query.unflatten(0, (2, batch)).flip(0).flatten(0, 1)
        inter = self._merge(attend(other_query, key, value, partner.flatten(), dropout))
        inter = take_rows(inter.unflatten(0, (2, batch)).flip(0), rows)
        return self.out_proj(self.fusion(own, inter))

    def step(
        self, x: Tensor, cache: SelfCache, lanes: Lanes, visibility: StepVisibility, rows: int
    ) -> Tensor:
        """One decoding step: a new row in each slot of each lane.

        Args:
            x: ``(N, W, C)``, N lanes of W hypotheses.
            visibility: masks over the first ``rows`` rows of the cache; ``own`` arranged by query
                stream, ``partner`` too.
            rows: rows of the cache in use, the new one included.

        Returns:
            ``(N, W, C)``
        """
        query, key, value = self._project(x)
        cache.write(key, value, lanes, rows)
        keys, values = cache.read(rows)
        query = lanes.spread(query)
        if visibility.partner is None or self.fusion.is_off:
            own = _attend(query, keys[lanes.places], values[lanes.places], visibility.own)
            return self.out_proj(lanes.collect(self._merge(own)))
        own, inter = self._both(query, keys, values, lanes, visibility)
        fused = self.fusion(lanes.collect(self._merge(own)), lanes.collect(self._merge(inter)))
        return self.out_proj(fused)

    def _both(
        self, query: Tensor, keys: Tensor, values: Tensor, lanes: Lanes, visibility: StepVisibility
    ) -> tuple[Tensor, Tensor]:
        """H_self and H_inter, ``(streams, B, heads, W, head_dim)`` each."""
        if len(lanes.streams) == 1:
            stream, other = lanes.streams[0], 1 - lanes.streams[0]
            return (
                _attend(query, keys[stream:][:1], values[stream:][:1], visibility.own),
                _attend(query, keys[other:][:1], values[other:][:1], visibility.partner),
            )
        # One pass over the keys serves both terms: a stream's keys are asked by its own queries and by
        # the partner's, side by side in the query dimension.
        width = query.size(3)
        asked = torch.cat([query, query.flip(0)], dim=3)
        seen = Visibility(
            torch.cat([visibility.own.mask, visibility.partner.mask.flip(0)], dim=3),
            torch.cat([visibility.own.blind, visibility.partner.blind.flip(0)], dim=3),
        )
        context = _attend(asked, keys, values, seen)
        return context[:, :, :, :width], context[:, :, :, width:].flip(0)

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(…, T, C)`` to queries, keys and values ``(…, heads, T, head_dim)``."""
        return tuple(self._split(proj(x)) for proj in (self.q_proj, self.k_proj, self.v_proj))

    def _split(self, x: Tensor) -> Tensor:
        """``(…, T, C)`` to ``(…, heads, T, head_dim)``."""
        return x.unflatten(-1, (self.num_heads, self.head_dim)).transpose(-3, -2)

    @staticmethod
    def _merge(context: Tensor) -> Tensor:
        """``(…, heads, T, head_dim)`` to ``(…, T, C)``."""
        return context.transpose(-3, -2).flatten(-2)

    def _dropout(self) -> float:
        return self.dropout_module.p if self.training else 0.0


def _attend(query: Tensor, key: Tensor, value: Tensor, visibility: Visibility) -> Tensor:
    """:func:`attend` with two leading dimensions (streams, batch)."""
    context = attend(query.flatten(0, 1), key.flatten(0, 1), value.flatten(0, 1), visibility.flatten())
    return context.unflatten(0, query.shape[:2])
