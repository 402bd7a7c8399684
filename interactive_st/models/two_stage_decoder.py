"""The two decoders of the two-stage model."""

import math
from argparse import Namespace
from typing import NamedTuple

import torch
from fairseq.data import Dictionary
from fairseq.models import FairseqDecoder
from torch import Tensor, nn

from interactive_st.conventions import BOTH
from interactive_st.modules.decoding_cache import DecodingCache
from interactive_st.modules.fast.joined_linear import prepare_linears
from interactive_st.modules.interactive_decoder_layer import EncoderKeys
from interactive_st.modules.second_decoder_layer import SecondDecoderLayer
from interactive_st.modules.streams import Streams
from interactive_st.modules.token_rows import TokenRows, put_rows
from interactive_st.modules.visibility import Visibility, score_mask

from .decoder import InteractiveDecoder, encoder_states_and_mask
from .interactive_st import NO_INTERACTION


class TranscriptStates(NamedTuple):
    """The first decoder's states, which the second attends to.

    ``states`` ``(positions, B, C)``; ``visibility`` over ``(B, 1, 1, positions)``: those that hold a token.
    """

    states: Tensor
    visibility: Visibility


class SecondCache(DecodingCache):
    """`DecodingCache` whose ``encoder_keys`` (per layer) and ``encoder_mask`` are (speech, transcript)
    pairs."""

    encoder_keys: list[tuple[EncoderKeys, EncoderKeys]]
    encoder_mask: tuple[Tensor | None, Visibility]  # the former added to scores

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences`` (``(kept,)`` long)."""

        def kept(x: Tensor) -> Tensor:
            return x.index_select(0, sentences)

        self.encoder_keys = [
            tuple((kept(key), kept(value)) for key, value in layer) for layer in self.encoder_keys
        ]
        speech, transcript = self.encoder_mask
        self.encoder_mask = (None if speech is None else kept(speech), Visibility(*map(kept, transcript)))
        for layer in self.layers:
            layer.keep(sentences)

    def _keys(self) -> Tensor:
        return self.encoder_keys[0][0][0]


class SecondDecoder(InteractiveDecoder):
    """Writes the translation; every layer attends to the speech and to the first decoder's states."""

    layer_class = SecondDecoderLayer

    def states(
        self,
        prev_output_tokens: Tensor,
        encoder_out: dict[str, list[Tensor]],
        rows: TokenRows | None,
        transcript: TranscriptStates,
    ) -> Tensor:
        """Teacher-forced features ``(1, r·B, T, C)``, with ``rows`` ``(R, C)``.

        Args:
            prev_output_tokens: ``(1, r·B, T)`` tag and translation, right-padded.
            encoder_out: the encoder's, of B sentences; ``None`` = no speech.
            rows: positions of the R tokens; ``None`` = all positions.
            transcript: from :meth:`TwoStageDecoder.first_stage`, of r·B entries.
        """
        x = self._embed_all(prev_output_tokens, rows)
        encoder_states, encoder_mask = encoder_states_and_mask(encoder_out)
        visibility = transcript.visibility
        visibility = visibility._replace(mask=score_mask(visibility.mask, x))
        for layer in self.layers:
            x = layer(x, encoder_states, encoder_mask, transcript.states, visibility, rows)
        return self._finish(x)

    def start(self, encoder_out: dict[str, list[Tensor]], transcript: TranscriptStates) -> SecondCache:
        """Begin decoding a batch: project keys and values of every layer once, of speech and transcript."""
        prepare_linears(self)
        encoder_states, encoder_mask = self._memory(encoder_out)
        keys = [
            (
                layer.encoder_attn.project_encoder(encoder_states),
                layer.transcript_attn.project_encoder(transcript.states),
            )
            for layer in self.layers
        ]
        steps = [layer.for_steps() for layer in self.layers]
        return SecondCache(steps, keys, (encoder_mask, transcript.visibility))


class TwoStageDecoder(FairseqDecoder):
    """A decoder for the transcript, then one for the translation that attends to the first one's states.

    Both share one tied embedding table. Each is decoded by itself (``first.step``, ``second.step``).
    """

    wait_k = math.inf
    interacts = False
    reads_other_text = True
    streams: Streams = BOTH

    def __init__(self, args, dictionary: Dictionary, embed_tokens: nn.Embedding) -> None:
        super().__init__(dictionary)
        self.args = args
        self.first = InteractiveDecoder(_of_one_stream(args, "asr"), dictionary, embed_tokens)
        self.second = SecondDecoder(_of_one_stream(args, "st"), dictionary, embed_tokens)
        self.second.output_projection = self.first.output_projection

    @property
    def output_projection(self) -> nn.Module:
        """The tied embedding table as output projection, which is also the CTC head."""
        return self.first.output_projection

    def forward(
        self,
        prev_output_tokens: Tensor,
        encoder_out: dict[str, list[Tensor]],
        features_only: bool = False,
        rows: TokenRows | None = None,
        wanted: TokenRows | None = None,
    ) -> tuple[Tensor, dict[str, dict[str, list[Tensor]]]]:
        """Teacher forcing of both stages; arguments and result as those of ``InteractiveDecoder``."""
        inputs = prev_output_tokens.split(1)
        parts = (None, None) if rows is None else rows.split()
        first, transcript = self.first_stage(inputs[0], encoder_out, parts[0])
        second = self.second.states(inputs[1], encoder_out, parts[1], transcript)
        x = torch.cat([first, second])
        if wanted is not None:
            x = rows.take_among(x, wanted)
        return (x if features_only else self.first.output_layer(x)), {"encoder_out": encoder_out}

    extract_features = InteractiveDecoder.extract_features

    def first_stage(
        self, prev_output_tokens: Tensor, encoder_out: dict[str, list[Tensor]], rows: TokenRows | None = None
    ) -> tuple[Tensor, TranscriptStates]:
        """Teacher-force the first decoder.

        Args:
            prev_output_tokens: ``(1, r·B, T)`` tag and transcript; all padding where it is missing.
            encoder_out: the encoder's, of B sentences; ``None`` = no speech.
            rows: positions of the R tokens; ``None`` = all positions.

        Returns:
            its states ``(1, r·B, T, C)``, with ``rows`` ``(R, C)``, and the same in the form that the second
            decoder attends to
        """
        features = self.first.states(prev_output_tokens, encoder_out, rows)
        exists = prev_output_tokens[0].ne(self.first.padding_idx).unsqueeze(1)
        states = put_rows(features, rows)[0].transpose(0, 1)
        return features, TranscriptStates(states, Visibility.of(exists))

    def max_positions(self) -> int:
        """Longest text of either stage."""
        return min(self.first.max_positions(), self.second.max_positions())


def _of_one_stream(args, streams: str) -> Namespace:
    """The options of one stage: a decoder of one stream, which has no interaction."""
    return Namespace(**{**vars(args), **NO_INTERACTION, "streams": streams})
