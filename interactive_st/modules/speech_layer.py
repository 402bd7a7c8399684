"""fairseq's encoder layer, faster: on a CPU cheap dropout, and linear layers by oneDNN in its attention; on a
GPU one product for queries, keys and values, and one mask for all layers."""

from fairseq.models.transformer import TransformerConfig
from fairseq.modules import MultiheadAttention, TransformerEncoderLayer
from torch import Tensor, nn

from interactive_st.modules.attention import attention
from interactive_st.modules.fast.joined_linear import JoinsLinears
from interactive_st.modules.sublayers import Sublayers
from interactive_st.modules.visibility import score_mask


class SpeechSelfAttention(JoinsLinears, MultiheadAttention):
    """fairseq's self-attention, with a faster form (:meth:`attend`): the same parameters, and the same
    results where nothing is dropped. Calling the module is fairseq's ``forward``."""

    def attend(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Attention within ``x`` ``(T, B, C)``, ``mask`` by :func:`visible_frames`, None = no padding.
        Returns the same shape."""
        heads = (
            y.unflatten(-1, (self.num_heads, self.head_dim)).permute(1, 2, 0, 3)
            for y in self.each(x)
        )
        context = attention(*heads, mask, self.dropout_module.p if self.training else 0.0)
        return self.out_proj(context.permute(2, 0, 1, 3).flatten(2))

    def linears_to_join(self) -> list[nn.Module]:
        return [self.q_proj, self.k_proj, self.v_proj]


def visible_frames(padding: Tensor, like: Tensor) -> Tensor:
    """Attention mask ``(B, 1, 1, T)`` in :func:`score_mask`'s form, for states ``like``, from ``padding``
    ``(B, T)``, True = padding."""
    return score_mask(~padding[:, None, None], like)


class SpeechEncoderLayer(Sublayers, TransformerEncoderLayer):
    """fairseq's, of :class:`SpeechSelfAttention`, with the activation in the first linear layer's pass."""

    def build_self_attention(self, embed_dim: int, cfg: TransformerConfig) -> SpeechSelfAttention:
        return SpeechSelfAttention(
            embed_dim,
            cfg.encoder.attention_heads,
            dropout=cfg.attention_dropout,
            self_attention=True,
            q_noise=self.quant_noise,
            qn_block_size=self.quant_noise_block_size,
        )

    def forward(self, x: Tensor, visible: Tensor | None) -> Tensor:
        """The layer's states ``(T, B, C)`` for ``x`` ``(T, B, C)``; ``visible`` by :func:`visible_frames`,
        None = no padding."""
        x = self._sublayer(x, self.self_attn_layer_norm, self.self_attn.attend, visible)
        return self._sublayer(x, self.final_layer_norm, self._feed_forward)
