"""Decoding of the two-stage model: the transcript's beam, then the translation's over its states."""

import torch
from torch import Tensor

from interactive_st.conventions import TRANSCRIPT
from interactive_st.models.decoder import StreamDecoder
from interactive_st.models.two_stage_decoder import TwoStageDecoder
from interactive_st.modules.decoding_cache import DecodingCache
from interactive_st.modules.memory import Memory
from interactive_st.search.beams import Beams
from interactive_st.search.constraints import Constraints
from interactive_st.search.ctc_prefix import CtcPrefixScorer
from interactive_st.search.encoding import EncoderOut
from interactive_st.search.ensemble import Ensemble
from interactive_st.search.hypotheses import NBest, TextHypothesis, make_hypotheses
from interactive_st.search.rank_search import RankSearch


class TwoStageSearch:
    """Two beam searches, one after the other.

    The second attends to the first decoder's states for the best transcript, so all translations of an n-best
    list have the same transcript.

    Args:
        decoders: those of the models of the ensemble.
        encoded: their encoders' outputs for the batch.
        constraints: which tokens are allowed; they hold the options.
        tags: ``(2, B)`` language tags.
        max_len: ``(B,)`` most tokens of a text, without ``</s>``.
        prefix_tokens: ``(B, P)`` forced beginning of the translation, or None.
        ctc: CTC scores of the transcripts, or None.
        on_device: as in `Beams`.
    """

    def __init__(
        self,
        decoders: list[TwoStageDecoder],
        encoded: list[EncoderOut],
        constraints: Constraints,
        tags: Tensor,
        max_len: Tensor,
        prefix_tokens: Tensor | None = None,
        ctc: CtcPrefixScorer | None = None,
        on_device: bool = False,
    ) -> None:
        self.decoders, self.encoded, self.constraints = decoders, encoded, constraints
        self.tags, self.max_len, self.prefix_tokens = tags, max_len, prefix_tokens
        self.ctc, self.on_device = ctc, on_device

    def run(self) -> list[NBest]:
        """Search to the end; result as that of ``DualSearch.run``."""
        speech = [Memory.of_speech(out) for out in self.encoded]
        first = [decoder.first for decoder in self.decoders]
        caches = [decoder.start([heard]) for decoder, heard in zip(first, speech, strict=True)]
        recognised = self._search(first, caches, self.ctc)
        transcripts = [hypotheses[0]["transcript"] for hypotheses in recognised]

        tokens = self._as_input(transcripts)
        written = [
            decoder.first_stage(tokens, out)[1]
            for decoder, out in zip(self.decoders, self.encoded, strict=True)
        ]
        second = [decoder.second for decoder in self.decoders]
        caches = [decoder.start(memories) for decoder, *memories in zip(second, speech, written, strict=True)]
        translated = self._search(second, caches)
        return make_hypotheses(
            [
                [(transcript, hypothesis["translation"]) for hypothesis in hypotheses]
                for transcript, hypotheses in zip(transcripts, translated, strict=True)
            ]
        )

    def _search(
        self,
        decoders: list[StreamDecoder],
        caches: list[DecodingCache],
        ctc: CtcPrefixScorer | None = None,
    ) -> list[NBest]:
        ensemble, options = Ensemble(decoders, caches), self.constraints.options
        beams = Beams(
            self.tags,
            options.beam_size,
            self.max_len,
            self.constraints.pad,
            ensemble.streams,
            ctc,
            self.on_device,
        )
        return RankSearch(ensemble, self.constraints, beams, self.prefix_tokens).run()

    def _as_input(self, transcripts: list[TextHypothesis]) -> Tensor:
        """Decoder input ``(1, B, L)`` of these hypotheses: tag, then all tokens but ``</s>``."""
        longest = max(len(transcript["tokens"]) for transcript in transcripts)
        tokens = torch.full((1, len(transcripts), longest), self.constraints.pad)
        for row, transcript in enumerate(transcripts):
            tokens[0, row, 1 : len(transcript["tokens"])] = transcript["tokens"][:-1]
        tokens = tokens.to(self.tags.device)
        tokens[0, :, 0] = self.tags[TRANSCRIPT]
        return tokens
