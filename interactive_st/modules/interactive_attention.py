"""Interactive attention: self-attention in which each stream also reads the other.

Source: Liu et al., AAAI 2020, section 3, with one set of projections for both streams and both terms::

    H_self(s)  = Attn(Q_s, K_s, V_s)      causal
    H_inter(s) = Attn(Q_s, K_o, V_o)      o = the other stream, wait-k visibility, its own softmax
    H(s)       = fuse(H_self, H_inter)    before the output projection
"""

import torch
from fairseq.modules import MultiheadAttention
from torch import Tensor, nn

from interactive_st.modules.attention import attention, step_attention
from interactive_st.modules.decoding_cache import SelfCache, StepView
from interactive_st.modules.fast.joined_linear import JoinsLinears
from interactive_st.modules.fast.prepared import prepared
from interactive_st.modules.fusion import Fusion
from interactive_st.modules.lanes import Lanes
from interactive_st.modules.token_rows import TokenRows, put_rows, take_rows
from interactive_st.modules.visibility import BothTerms


class InteractiveAttention(JoinsLinears, MultiheadAttention):
    """A decoder layer's self-attention; the same parameters as fairseq's, plus those of ``fusion`` if any."""

    joins_in_steps = True

    def __init__(self, embed_dim: int, num_heads: int, fusion: Fusion, dropout: float = 0.0) -> None:
        super().__init__(embed_dim, num_heads, dropout=dropout, self_attention=True)
        self.fusion = fusion

    def forward(self, x: Tensor, partner: BothTerms | None, rows: TokenRows | None = None) -> Tensor:
        """Whole sequences, teacher-forced.

        Args:
            x: ``(S, B, T, C)`` with S = 2 streams (or 1); with ``rows`` ``(R, C)``.
            partner: what each row sees in its own stream and in the other; ``None`` = nothing of the other.
            rows: the positions that ``x`` holds; ``None`` = all.

        Returns:
            the same shape as ``x``
        """
        projected = self.each(x, lambda y: put_rows(y, rows))
        streams, batch, length = projected[0].shape[:3]
        query, key, value = (self.split_heads(y.flatten(0, 1)) for y in projected)
        dropout = self.dropout_module.p if self.training else 0.0
        if partner is None or self.fusion.is_off or streams == 1:
            own = self._merge(attention(query, key, value, None, dropout, is_causal=True))
            own = take_rows(own.unflatten(0, (streams, batch)), rows)
            return self.out_proj(self.fusion(own, None))
        # Keys of a stream are attended to by its own and the partner's queries, concatenated along the
        # query dimension.
        both = torch.cat([query, query.unflatten(0, (2, batch)).flip(0).flatten(0, 1)], dim=2)
        context = self._merge(attention(both, key, value, partner.mask, dropout))
        if rows is None:
            own, inter = context.unflatten(0, (2, batch)).split(length, dim=2)
            inter = inter.flip(0)
        else:
            own, inter = rows.take_both_terms(context)
        return self.out_proj(self.fusion(own, inter.masked_fill(partner.blind, 0.0)))

    def linears_to_join(self) -> list[nn.Module]:
        return [self.q_proj, self.k_proj, self.v_proj]

    def split_heads(self, x: Tensor) -> Tensor:
        """``(…, T, C)`` to ``(…, heads, T, head_dim)``."""
        return x.unflatten(-1, (self.num_heads, self.head_dim)).transpose(-3, -2)

    @staticmethod
    def _merge(context: Tensor) -> Tensor:
        """``(…, heads, T, head_dim)`` to ``(…, T, C)``."""
        return context.transpose(-3, -2).flatten(-2)


class IncrementalInteractiveAttention:
    """Incremental form of ``module``: each call computes one new row in every slot of every lane."""

    def __init__(self, module: InteractiveAttention) -> None:
        self.project, self.out_proj = module.prepared_joined(), prepared(module.out_proj)
        self.fusion, self.heads = module.fusion, (module.num_heads, module.head_dim)

    def __call__(self, x: Tensor, cache: SelfCache, lanes: Lanes, view: StepView) -> Tensor:
        """Attention of ``x`` ``(N, W, C)``, N lanes of W hypotheses; their keys and values are written to
        ``cache``. Returns the same shape."""
        projected = lanes.spread(self.project(x))
        # each (streams, B, heads, W, head_dim)
        rows = projected.view(*projected.shape[:3], 3, *self.heads).permute(3, 0, 1, 4, 2, 5)
        query = rows[0]
        cache.write(rows[1:], lanes, view)
        width = query.size(3)
        keys, values = cache.read(view.used, width)
        if view.mask.size(2) > width:
            # Keys of a stream are attended to by its own and the partner's queries, concatenated along the
            # query dimension: one pass over the keys serves both terms.
            both = torch.cat([query, query.flip(0)], dim=3)
            context = _attend(both, keys, values, view.mask)
            own, inter = context[:, :, :width], context[:, :, width:].flip(0)
        else:
            own = _attend(query, keys[lanes.places], values[lanes.places], view.mask)
            if view.partner is None:
                return self.out_proj(self.fusion(lanes.collect(own), None))
            other = slice(1 - lanes.streams[0], 2 - lanes.streams[0])
            inter = _attend(query, keys[other], values[other], view.partner)
        return self.out_proj(lanes.collect(self.fusion(own, inter)))


def _attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """Attention of ``(streams, B, heads, queries, head_dim)`` under a mask over ``(streams · B, 1, queries,
    keys)``, to ``(streams, B, queries, C)``."""
    context = step_attention(query.flatten(0, 1), key.flatten(0, 1), value.flatten(0, 1), mask)
    streams, batch, _, queries, _ = query.shape
    return context.transpose(1, 2).reshape(streams, batch, queries, -1)
