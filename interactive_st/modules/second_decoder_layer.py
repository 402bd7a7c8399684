"""A decoder layer that attends to the encoder, then to the first decoder's states."""

from fairseq.models.transformer import TransformerConfig
from fairseq.modules import LayerNorm
from torch import nn

from interactive_st.modules.encoder_attention import EncoderAttention
from interactive_st.modules.interactive_decoder_layer import InteractiveDecoderLayer


class SecondDecoderLayer(InteractiveDecoderLayer):
    """A layer of the two-stage model's second decoder: one more attention, with its LayerNorm.

    Where there is no transcript the attention gives exactly zero.
    """

    def __init__(self, cfg: TransformerConfig) -> None:
        super().__init__(cfg)
        self.transcript_attn = EncoderAttention(
            self.embed_dim,
            cfg.decoder_attention_heads,
            kdim=self.embed_dim,
            vdim=self.embed_dim,
            dropout=cfg.attention_dropout,
            encoder_decoder_attention=True,
        )
        self.transcript_attn_layer_norm = LayerNorm(self.embed_dim, export=cfg.export)

    def readers(self) -> list[tuple[nn.Module, EncoderAttention]]:
        return [*super().readers(), (self.transcript_attn_layer_norm, self.transcript_attn)]
