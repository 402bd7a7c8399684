"""A Transformer decoder layer that advances both streams at once."""

from fairseq.modules import TransformerDecoderLayer
from torch import Tensor

from .decoding_cache import Lanes, SelfCache, StepView
from .encoder_attention import EncoderAttention
from .fusion import Fusion
from .interactive_attention import InteractiveAttention
from .sublayers import Sublayers
from .token_rows import TokenRows
from .visibility import BothTerms

EncoderKeys = tuple[Tensor, Tensor]


class InteractiveDecoderLayer(Sublayers, TransformerDecoderLayer):
    """fairseq's decoder layer with interactive attention in the place of self-attention.

    Pre- and post-norm (``--decoder-normalize-before``), dropout and activation are fairseq's.
    """

    def build_self_attention(
        self, embed_dim: int, args, add_bias_kv: bool = False, add_zero_attn: bool = False
    ) -> InteractiveAttention:
        fusion = Fusion(args.fusion, embed_dim, args.fusion_lambda, args.learn_fusion_lambda)
        return InteractiveAttention(
            embed_dim, args.decoder_attention_heads, fusion, dropout=args.attention_dropout
        )

    def build_encoder_attention(self, embed_dim: int, args) -> EncoderAttention:
        return EncoderAttention(
            embed_dim,
            args.decoder_attention_heads,
            kdim=args.encoder_embed_dim,
            vdim=args.encoder_embed_dim,
            dropout=args.attention_dropout,
            encoder_decoder_attention=True,
        )

    def forward(
        self,
        x: Tensor,
        encoder_out: Tensor,
        encoder_mask: Tensor | None,
        partner: BothTerms | None,
        rows: TokenRows | None = None,
    ) -> Tensor:
        """Whole sequences: ``x`` ``(S, B, T, C)``, of ``rows`` alone ``(R, C)``; returns like ``x``.

        ``encoder_out`` is ``(frames, B, C)``.
        """
        x = self._sublayer(x, self.self_attn_layer_norm, lambda y: self.self_attn(y, partner, rows))
        keys = self.encoder_attn.project_encoder(encoder_out)
        x = self._sublayer(
            x, self.encoder_attn_layer_norm, lambda y: self.encoder_attn(y, keys, encoder_mask, rows)
        )
        return self._sublayer(x, self.final_layer_norm, self._feed_forward)

    def step(
        self,
        x: Tensor,
        encoder_keys: EncoderKeys,
        encoder_mask: Tensor | None,
        cache: SelfCache,
        lanes: Lanes,
        view: StepView,
    ) -> Tensor:
        """One decoding step: ``x`` ``(N, W, C)``, N lanes of W hypotheses; returns like ``x``."""
        x = self._sublayer(
            x, self.self_attn_layer_norm, lambda y: self.self_attn.step(y, cache, lanes, view)
        )
        x = self._sublayer(
            x,
            self.encoder_attn_layer_norm,
            lambda y: lanes.collect(self.encoder_attn(lanes.spread(y), encoder_keys, encoder_mask)),
        )
        return self._sublayer(x, self.final_layer_norm, self._feed_forward)
