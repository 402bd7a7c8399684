"""The two decoders of the two-stage model."""

import math
from argparse import Namespace

import torch
from fairseq.data import Dictionary
from fairseq.models import FairseqDecoder
from torch import Tensor, nn

from interactive_st.conventions import BOTH
from interactive_st.models.decoder import InteractiveDecoder, StreamDecoder
from interactive_st.models.sizes import NO_INTERACTION
from interactive_st.models.teacher_forcing import TeacherForced
from interactive_st.modules.memory import EncoderOut, Memory
from interactive_st.modules.second_decoder_layer import SecondDecoderLayer
from interactive_st.modules.streams import Streams
from interactive_st.modules.token_rows import TokenRows, put_rows
from interactive_st.modules.visibility import Visibility


class SecondDecoder(StreamDecoder):
    """Writes the translation; every layer attends to the speech and to the first decoder's states."""

    layer_class = SecondDecoderLayer


class TwoStageDecoder(TeacherForced, FairseqDecoder):
    """A decoder for the transcript, then one for the translation that attends to the first one's states.

    Both share one tied embedding table. Each is decoded by itself (``first.step``, ``second.step``).
    """

    wait_k = math.inf
    interacts = False
    reads_other_text = True
    streams: Streams = BOTH

    def __init__(self, args: Namespace, dictionary: Dictionary, embed_tokens: nn.Embedding) -> None:
        super().__init__(dictionary)
        self.args = args
        self.first = InteractiveDecoder(_of_one_stream(args, "asr"), dictionary, embed_tokens)
        self.second = SecondDecoder(_of_one_stream(args, "st"), dictionary, embed_tokens)
        self.second.output_projection = self.first.output_projection

    @property
    def output_projection(self) -> nn.Module:
        """The tied embedding table as output projection, which is also the CTC head."""
        return self.first.output_projection

    def states(
        self,
        prev_output_tokens: Tensor,
        encoder_out: EncoderOut | None,
        rows: TokenRows | None = None,
    ) -> Tensor:
        inputs = prev_output_tokens.split(1)
        parts = (None, None) if rows is None else rows.split()
        first, transcript = self.first_stage(inputs[0], encoder_out, parts[0])
        memories = [Memory.of_speech(encoder_out), transcript]
        return torch.cat([first, self.second.features(inputs[1], memories, parts[1])])

    def output_layer(self, features: Tensor) -> Tensor:
        """Logits ``(…, V)`` of ``features`` ``(…, C)``, of either stage."""
        return self.first.output_layer(features)

    def first_stage(
        self,
        prev_output_tokens: Tensor,
        encoder_out: EncoderOut | None,
        rows: TokenRows | None = None,
    ) -> tuple[Tensor, Memory]:
        """Teacher-force the first decoder.

        Args:
            prev_output_tokens: ``(1, r·B, T)`` tag and transcript; all padding where it is missing.
            encoder_out: the encoder's, of B sentences; ``None`` = no speech.
            rows: positions of the R tokens; ``None`` = all positions.

        Returns:
            its states ``(1, r·B, T, C)``, with ``rows`` ``(R, C)``, and the same as the memory that the
            second decoder reads
        """
        features = self.first.states(prev_output_tokens, encoder_out, rows)
        exists = prev_output_tokens[0].ne(self.first.padding_idx).unsqueeze(1)
        states = put_rows(features, rows)[0].transpose(0, 1)
        return features, Memory(states, Visibility.of(exists))

    def max_positions(self) -> int:
        """Longest text of either stage."""
        return min(self.first.max_positions(), self.second.max_positions())


def _of_one_stream(args: Namespace, streams: str) -> Namespace:
    """The options of one stage: a decoder of one stream, which has no interaction."""
    return Namespace(**{**vars(args), **NO_INTERACTION, "streams": streams})
