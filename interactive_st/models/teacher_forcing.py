"""What fairseq asks of a decoder under teacher forcing."""

from torch import Tensor

from interactive_st.modules.memory import EncoderOut
from interactive_st.modules.token_rows import TokenRows

#: Logits (or features), and ``{"encoder_out": …}``, what the encoder gave.
NetOutput = tuple[Tensor, dict[str, EncoderOut | None]]


class TeacherForced:
    """Mixin for decoders: fairseq's ``forward`` and ``extract_features``, by :meth:`states`."""

    def forward(
        self,
        prev_output_tokens: Tensor,
        encoder_out: EncoderOut | None,
        features_only: bool = False,
        rows: TokenRows | None = None,
        wanted: TokenRows | None = None,
    ) -> NetOutput:
        """Teacher forcing.

        Args:
            prev_output_tokens: ``(S, r·B, T)`` language tag, then tokens, right-padded; a stream that is
                missing from a row is all padding there. The batch may hold r versions of the B sentences:
                entries v·B … (v+1)·B − 1 are version v (r > 1 only for ``--prefix-corruption-of partner``).
            encoder_out: the encoder's, of B sentences; ``None`` = no speech.
            features_only: leave out the projection to the vocabulary.
            rows: positions of the R tokens; padding is then not computed. ``None`` = all positions.
            wanted: the N of the ``rows`` whose logits are returned; ``None`` = all. Only with ``rows``.

        Returns:
            logits ``(S, r·B, T, V)``, with ``rows`` ``(R, V)``, with ``wanted`` ``(N, V)`` (or features, C
            instead of V), and ``{"encoder_out": …}``
        """
        x = self.states(prev_output_tokens, encoder_out, rows)
        if wanted is not None:
            x = rows.take_among(x, wanted)
        return (x if features_only else self.output_layer(x)), {"encoder_out": encoder_out}

    def extract_features(
        self,
        prev_output_tokens: Tensor,
        encoder_out: EncoderOut | None,
        rows: TokenRows | None = None,
        wanted: TokenRows | None = None,
    ) -> NetOutput:
        """:meth:`forward` without the projection to the vocabulary."""
        return self.forward(prev_output_tokens, encoder_out, True, rows, wanted)

    def states(
        self,
        prev_output_tokens: Tensor,
        encoder_out: EncoderOut | None,
        rows: TokenRows | None = None,
    ) -> Tensor:
        """Teacher-forced features ``(S, r·B, T, C)``, with ``rows`` ``(R, C)``; arguments as in
        :meth:`forward`."""
        raise NotImplementedError
