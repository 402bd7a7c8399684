"""fairseq's encoder layer, with attention whose dropout is cheap on a CPU."""

from fairseq.modules import MultiheadAttention, TransformerEncoderLayer
from torch import Tensor

from .dropout import attention


class SpeechSelfAttention(MultiheadAttention):
    """fairseq's self-attention; the same parameters, and the same results where it is not training."""

    def forward(self, query: Tensor, key: Tensor, value: Tensor, **options) -> tuple[Tensor, Tensor | None]:
        """Attend within ``query`` ``(T, B, C)``; ``options`` as fairseq's, among them
        ``key_padding_mask`` ``(B, T)``, True = padding.

        Returns:
            ``(T, B, C)`` and, where they are asked for, the weights
        """
        p = self.dropout_module.p
        special = options.get("attn_mask") is not None or options.get("need_weights") or self.use_xformers
        if special or not (self.training and p > 0 and query.device.type == "cpu"):
            return super().forward(query, key, value, **options)
        padding = options.get("key_padding_mask")
        visible = None if padding is None else ~padding.bool()[:, None, None]
        heads = (
            proj(query).unflatten(-1, (self.num_heads, self.head_dim)).permute(1, 2, 0, 3)
            for proj in (self.q_proj, self.k_proj, self.v_proj)
        )
        context = attention(*heads, visible, p)
        return self.out_proj(context.permute(2, 0, 1, 3).flatten(2)), None


class SpeechEncoderLayer(TransformerEncoderLayer):
    """fairseq's, of :class:`SpeechSelfAttention`."""

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
