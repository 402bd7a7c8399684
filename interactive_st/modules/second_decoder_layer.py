"""A decoder layer that attends to the encoder, then to the first decoder's states."""

from fairseq.modules import LayerNorm
from torch import Tensor

from .decoding_cache import SelfCache, StepView
from .encoder_attention import EncoderAttention, IncrementalEncoderAttention
from .fast.prepared import prepared
from .interactive_decoder_layer import EncoderKeys, IncrementalLayer, InteractiveDecoderLayer
from .lanes import Lanes
from .token_rows import TokenRows
from .visibility import Visibility


class SecondDecoderLayer(InteractiveDecoderLayer):
    """A layer of the two-stage model's second decoder: one more attention, with its LayerNorm.

    Where there is no transcript the attention gives exactly zero.
    """

    def __init__(self, cfg) -> None:
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

    def forward(
        self,
        x: Tensor,
        encoder_out: Tensor | None,
        encoder_mask: Tensor | None,
        transcript: Tensor,
        visibility: Visibility,
        rows: TokenRows | None = None,
    ) -> Tensor:
        """Whole sequences.

        Args:
            x: ``(1, r·B, T, C)``; with ``rows`` ``(R, C)``.
            encoder_out, encoder_mask: as in the parent's, of B sentences.
            transcript: ``(positions, r·B, C)`` states of the first decoder.
            visibility: which of them exist, over ``(r·B, 1, 1, positions)``, its mask in the form of
                :func:`~interactive_st.modules.visibility.score_mask`.
            rows: the positions that ``x`` holds; ``None`` = all.

        Returns:
            the same shape as ``x``
        """
        x = self._sublayer(x, self.self_attn_layer_norm, self.self_attn, None, rows)
        x = self._attend_encoder(x, encoder_out, encoder_mask, rows)
        keys = self.transcript_attn.project_encoder(transcript)
        x = self._sublayer(
            x, self.transcript_attn_layer_norm, self._attend_transcript, keys, visibility, rows
        )
        return self._sublayer(x, self.final_layer_norm, self._feed_forward)

    def for_steps(self) -> "IncrementalSecondLayer":
        """This layer's incremental form, valid while its weights, mode and hooks are unchanged."""
        return IncrementalSecondLayer(self)

    def _attend_transcript(
        self, x: Tensor, keys: EncoderKeys, visibility: Visibility, rows: TokenRows | None = None
    ) -> Tensor:
        """``x`` ``(1, B, T, C)``, of ``rows`` ``(R, C)``; returns the same shape."""
        blind = visibility.blind.squeeze(1)  # (B, 1, 1)
        if rows is not None:
            blind = rows.take(blind.expand(*rows.shape, 1))
        return self.transcript_attn(x, keys, visibility.mask, rows).masked_fill(blind, 0.0)


class IncrementalSecondLayer(IncrementalLayer):
    """Incremental form of ``layer``."""

    def __init__(self, layer: SecondDecoderLayer) -> None:
        super().__init__(layer)
        self.transcript_attn = IncrementalEncoderAttention(layer.transcript_attn)
        self.transcript_attn_layer_norm = prepared(layer.transcript_attn_layer_norm)

    def __call__(
        self,
        x: Tensor,
        encoder_keys: tuple[EncoderKeys, EncoderKeys],
        encoder_mask: tuple[Tensor | None, Visibility],
        cache: SelfCache,
        lanes: Lanes,
        view: StepView,
    ) -> Tensor:
        """One decoding step, as the parent's; keys and masks are those of speech and transcript."""
        (speech, transcript), (mask, exists) = encoder_keys, encoder_mask
        x = self._sublayer(x, self.self_attn_layer_norm, self.self_attn, cache, lanes, view)
        x = self._sublayer(x, self.encoder_attn_layer_norm, self.encoder_attn, speech, mask, lanes)
        x = self._sublayer(
            x, self.transcript_attn_layer_norm, self._attend_transcript, transcript, exists, lanes
        )
        return self._sublayer(x, self.final_layer_norm, self._feed_forward)

    def _attend_transcript(
        self, x: Tensor, keys: EncoderKeys, visibility: Visibility, lanes: Lanes
    ) -> Tensor:
        """``x`` ``(N, W, C)``; returns the same shape."""
        blind = lanes.collect(visibility.blind.transpose(0, 1))  # (N, 1, 1)
        return self.transcript_attn(x, keys, visibility.mask, lanes).masked_fill(blind, 0.0)
