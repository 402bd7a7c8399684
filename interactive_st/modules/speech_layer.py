"""fairseq's encoder layer, faster on a CPU: cheap dropout, and linear layers by oneDNN in its attention."""

from fairseq.modules import MultiheadAttention, TransformerEncoderLayer
from torch import Tensor

from .dropout import attention
from .sublayers import Sublayers


class SpeechSelfAttention(MultiheadAttention):
    """fairseq's self-attention; the same parameters, and the same results where nothing is dropped."""

    def forward(self, query: Tensor, key: Tensor, value: Tensor, **options) -> tuple[Tensor, Tensor | None]:
        """Attend within ``query`` ``(T, B, C)``; ``options`` as fairseq's, among them
        ``key_padding_mask`` ``(B, T)``, True = padding.

        Returns:
            ``(T, B, C)`` and, where they are asked for, the weights
        """
        drops = self.training or self.dropout_module.apply_during_inference
        p = self.dropout_module.p if drops else 0.0
        special = options.get("attn_mask") is not None or options.get("need_weights", True)
        special = special or self.use_xformers or self.skip_embed_dim_check
        # fairseq's goes by the weights, past the linear layers that are faster here.
        if special or query.device.type != "cpu":
            return super().forward(query, key, value, **options)
        padding = options.get("key_padding_mask")
        visible = None if padding is None else ~padding.bool()[:, None, None]
        heads = (
            proj(query).unflatten(-1, (self.num_heads, self.head_dim)).permute(1, 2, 0, 3)
            for proj in (self.q_proj, self.k_proj, self.v_proj)
        )
        context = attention(*heads, visible, p)
        return self.out_proj(context.permute(2, 0, 1, 3).flatten(2)), None


class SpeechEncoderLayer(Sublayers, TransformerEncoderLayer):
    """fairseq's, of :class:`SpeechSelfAttention`, with the activation in the first linear layer's pass."""

    def build_self_attention(self, embed_dim: int, cfg) -> SpeechSelfAttention:
        return SpeechSelfAttention(
            embed_dim,
            cfg.encoder.attention_heads,
            dropout=cfg.attention_dropout,
            self_attention=True,
            q_noise=self.quant_noise,
            qn_block_size=self.quant_noise_block_size,
            xformers_att_config=cfg.encoder.xformers_att_config,
        )

    def forward(self, x: Tensor, encoder_padding_mask: Tensor | None) -> Tensor:
        """``x`` ``(T, B, C)``, ``encoder_padding_mask`` ``(B, T)``, True = padding; returns like ``x``."""
        x = self._sublayer(x, self.self_attn_layer_norm, lambda y: self._attend(y, encoder_padding_mask))
        return self._sublayer(x, self.final_layer_norm, self._feed_forward)

    def _attend(self, x: Tensor, padding: Tensor | None) -> Tensor:
        return self.self_attn(x, x, x, key_padding_mask=padding, need_weights=False)[0]
