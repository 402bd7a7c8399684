"""Attention of both streams to the encoder, with keys and values computed once for all that ask."""

from fairseq.modules import MultiheadAttention
from torch import Tensor

from .dropout import attention
from .token_rows import TokenRows, put_rows, take_rows


class EncoderAttention(MultiheadAttention):
    """fairseq's encoder-decoder attention with streams and hypotheses folded into the query dimension.

    The same parameters; the keys and values of a sentence are projected once and read by both streams
    and every hypothesis, never copied.
    """

    def project_encoder(self, encoder_out: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values, each ``(B, heads, T, head_dim)``, of ``encoder_out`` ``(T, B, C)``."""
        return tuple(
            proj(encoder_out).unflatten(-1, (self.num_heads, self.head_dim)).permute(1, 2, 0, 3)
            for proj in (self.k_proj, self.v_proj)
        )

    def forward(
        self,
        x: Tensor,
        encoder_keys: tuple[Tensor, Tensor],
        encoder_mask: Tensor | None,
        rows: TokenRows | None = None,
    ) -> Tensor:
        """Attend to the encoder.

        Args:
            x: ``(S, r·B, T, C)`` queries of S streams; T = positions in training, hypotheses in decoding;
                r = 1 unless each sentence is asked by several versions of its streams, block by block.
            encoder_keys: what :meth:`project_encoder` gave for the B sentences.
            encoder_mask: ``(B, 1, 1, frames)`` bool, True = visible; ``None`` = no padding.
            rows: where ``x`` holds these positions only, ``(R, C)``.

        Returns:
            like ``x``
        """
        query = put_rows(self.q_proj(x), rows)
        shape, batch = query.shape, encoder_keys[0].size(0)
        query = query.view(-1, batch, shape[2], self.num_heads, self.head_dim)
        askers = query.size(0)
        query = query.permute(1, 3, 0, 2, 4).flatten(2, 3)
        p = self.dropout_module.p if self.training else 0.0
        context = attention(query, *encoder_keys, encoder_mask, p)
        context = context.unflatten(2, (askers, shape[2])).permute(2, 0, 3, 1, 4)
        return self.out_proj(take_rows(context.reshape(shape), rows))
