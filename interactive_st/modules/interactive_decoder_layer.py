"""A Transformer decoder layer that advances both streams at once."""

from fairseq.modules import TransformerDecoderLayer
from torch import Tensor

from .decoding_cache import SelfCache, StepView
from .encoder_attention import EncoderAttention, IncrementalEncoderAttention
from .fast.prepared import prepared, prepared_activated
from .fusion import Fusion
from .interactive_attention import IncrementalInteractiveAttention, InteractiveAttention
from .lanes import Lanes
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
        encoder_out: Tensor | None,
        encoder_mask: Tensor | None,
        partner: BothTerms | None,
        rows: TokenRows | None = None,
    ) -> Tensor:
        """Whole sequences, teacher-forced.

        Args:
            x: ``(S, r·B, T, C)``, see :meth:`.EncoderAttention.forward`; with ``rows`` ``(R, C)``.
            encoder_out: ``(frames, B, C)``; ``None`` = no speech.
            encoder_mask: ``(B, 1, 1, frames)`` in the form of
                :func:`~interactive_st.modules.visibility.score_mask`; ``None`` = no padding.
            partner: what each row sees of both streams; ``None`` = nothing of the other.
            rows: the positions that ``x`` holds; ``None`` = all.

        Returns:
            the same shape as ``x``
        """
        x = self._sublayer(x, self.self_attn_layer_norm, self.self_attn, partner, rows)
        x = self._attend_encoder(x, encoder_out, encoder_mask, rows)
        return self._sublayer(x, self.final_layer_norm, self._feed_forward)

    def _attend_encoder(
        self, x: Tensor, encoder_out: Tensor | None, encoder_mask: Tensor | None, rows: TokenRows | None
    ) -> Tensor:
        keys = None if encoder_out is None else self.encoder_attn.project_encoder(encoder_out)
        return self._sublayer(x, self.encoder_attn_layer_norm, self.encoder_attn, keys, encoder_mask, rows)

    def for_steps(self) -> "IncrementalLayer":
        """This layer's incremental form, valid while its weights, mode and hooks are unchanged."""
        return IncrementalLayer(self)


class IncrementalLayer(Sublayers):
    """Incremental form of ``layer``: its :func:`prepared` submodules under the same attribute names, so that
    `Sublayers` serves both."""

    def __init__(self, layer: InteractiveDecoderLayer) -> None:
        self.normalize_before = layer.normalize_before
        self.self_attn = IncrementalInteractiveAttention(layer.self_attn)
        self.encoder_attn = IncrementalEncoderAttention(layer.encoder_attn)
        self.self_attn_layer_norm = prepared(layer.self_attn_layer_norm)
        self.encoder_attn_layer_norm = prepared(layer.encoder_attn_layer_norm)
        self.final_layer_norm = prepared(layer.final_layer_norm)
        self.dropout_module = prepared(layer.dropout_module)
        self.fc1, self.fc2 = prepared_activated(layer.fc1, layer.activation_fn), prepared(layer.fc2)
        self.activation_dropout_module = prepared(layer.activation_dropout_module)

    def __call__(
        self,
        x: Tensor,
        encoder_keys: EncoderKeys,
        encoder_mask: Tensor | None,
        cache: SelfCache,
        lanes: Lanes,
        view: StepView,
    ) -> Tensor:
        """One decoding step: ``x`` ``(N, W, C)``, N lanes of W hypotheses. Returns the same shape."""
        x = self._sublayer(x, self.self_attn_layer_norm, self.self_attn, cache, lanes, view)
        x = self._sublayer(
            x, self.encoder_attn_layer_norm, self.encoder_attn, encoder_keys, encoder_mask, lanes
        )
        return self._sublayer(x, self.final_layer_norm, self._feed_forward)

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.activation_dropout_module(self.fc1(x)))
