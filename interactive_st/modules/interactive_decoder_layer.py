"""A Transformer decoder layer that advances both streams at once."""

from collections.abc import Sequence

from fairseq.models.transformer import TransformerConfig
from fairseq.modules import TransformerDecoderLayer
from torch import Tensor, nn

from interactive_st.modules.decoding_cache import SelfCache, StepView
from interactive_st.modules.encoder_attention import EncoderAttention, IncrementalEncoderAttention
from interactive_st.modules.fast.prepared import prepared, prepared_activated
from interactive_st.modules.fusion import Fusion
from interactive_st.modules.interactive_attention import IncrementalInteractiveAttention, InteractiveAttention
from interactive_st.modules.lanes import Lanes
from interactive_st.modules.memory import MemoryKeys
from interactive_st.modules.sublayers import Sublayers
from interactive_st.modules.token_rows import TokenRows
from interactive_st.modules.visibility import BothTerms, Visibility


class InteractiveDecoderLayer(Sublayers, TransformerDecoderLayer):
    """fairseq's decoder layer with interactive attention in the place of self-attention.

    Pre- and post-norm (``--decoder-normalize-before``), dropout and activation are fairseq's.
    """

    def build_self_attention(
        self, embed_dim: int, args: TransformerConfig, add_bias_kv: bool = False, add_zero_attn: bool = False
    ) -> InteractiveAttention:
        fusion = Fusion(args.fusion, embed_dim, args.fusion_lambda, args.learn_fusion_lambda)
        return InteractiveAttention(
            embed_dim, args.decoder_attention_heads, fusion, dropout=args.attention_dropout
        )

    def build_encoder_attention(self, embed_dim: int, args: TransformerConfig) -> EncoderAttention:
        return EncoderAttention(
            embed_dim,
            args.decoder_attention_heads,
            kdim=args.encoder_embed_dim,
            vdim=args.encoder_embed_dim,
            dropout=args.attention_dropout,
            encoder_decoder_attention=True,
            positions=args.cross_attention_positions,
        )

    def forward(
        self,
        x: Tensor,
        partner: BothTerms | None,
        rows: TokenRows | None,
        visibilities: Sequence[Visibility | None],
        *memories: Tensor | None,
    ) -> Tensor:
        """Whole sequences, teacher-forced.

        Args:
            x: ``(S, r·B, T, C)``, see :meth:`.EncoderAttention.forward`; with ``rows`` ``(R, C)``.
            partner: what each row sees of both streams; ``None`` = nothing of the other.
            rows: the positions that ``x`` holds; ``None`` = all.
            visibilities: of :meth:`.Memory.for_sequences`, for each of :meth:`readers`.
            memories: the states of each, ``(positions, B, C)`` or ``None``. They are arguments of their own
                as fairseq's ``checkpoint_wrapper`` gives gradients to no tensor inside another argument.

        Returns:
            the same shape as ``x``
        """
        x = self._sublayer(x, self.self_attn_layer_norm, self.self_attn, partner, rows)
        for (norm, attention), visibility, states in zip(
            self.readers(), visibilities, memories, strict=True
        ):
            keys = None if states is None else attention.project_memory(states)
            x = self._sublayer(x, norm, attention, keys, visibility, rows)
        return self._sublayer(x, self.final_layer_norm, self._feed_forward)

    def readers(self) -> list[tuple[nn.Module, EncoderAttention]]:
        """For each memory that the layer reads, in order, the layer norm and the attention to it."""
        return [(self.encoder_attn_layer_norm, self.encoder_attn)]

    def project_memories(self, memories: Sequence[Tensor]) -> list[MemoryKeys]:
        """Keys and values of the states ``(positions, B, C)`` of each memory."""
        return [
            attention.project_memory(states)
            for (_, attention), states in zip(self.readers(), memories, strict=True)
        ]

    def for_steps(self) -> "IncrementalLayer":
        """This layer's incremental form, valid while its weights, mode and hooks are unchanged."""
        return IncrementalLayer(self)


class IncrementalLayer(Sublayers):
    """Incremental form of ``layer``: its :func:`prepared` submodules under the same attribute names, so that
    `Sublayers` serves both."""

    def __init__(self, layer: InteractiveDecoderLayer) -> None:
        self.normalize_before = layer.normalize_before
        self.self_attn = IncrementalInteractiveAttention(layer.self_attn)
        self.self_attn_layer_norm = prepared(layer.self_attn_layer_norm)
        self.readers = [
            (prepared(norm), IncrementalEncoderAttention(attention)) for norm, attention in layer.readers()
        ]
        self.final_layer_norm = prepared(layer.final_layer_norm)
        self.dropout_module = prepared(layer.dropout_module)
        self.fc1, self.fc2 = prepared_activated(layer.fc1, layer.activation_fn), prepared(layer.fc2)
        self.activation_dropout_module = prepared(layer.activation_dropout_module)

    def __call__(
        self,
        x: Tensor,
        cache: SelfCache,
        keys: Sequence[MemoryKeys],
        visibilities: Sequence[Visibility | None],
        lanes: Lanes,
        view: StepView,
    ) -> Tensor:
        """One decoding step.

        Args:
            x: ``(N, W, C)``, N lanes of W hypotheses.
            cache: the layer's.
            keys, visibilities: of each memory that it reads, as in `DecodingCache`.
            lanes, view: of this step.

        Returns:
            the same shape as ``x``
        """
        x = self._sublayer(x, self.self_attn_layer_norm, self.self_attn, cache, lanes, view)
        for (norm, attention), of_memory, visibility in zip(self.readers, keys, visibilities, strict=True):
            x = self._sublayer(x, norm, attention, of_memory, visibility, lanes)
        return self._sublayer(x, self.final_layer_norm, self._feed_forward)

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.activation_dropout_module(self.fc1(x)))
