"""Decoding of the two-stage model: the transcript's beam, then the translation's over its states."""

import torch
from torch import Tensor

from interactive_st.conventions import TRANSCRIPT
from interactive_st.models.two_stage_decoder import TwoStageDecoder
from interactive_st.modules.memory import EncoderOut, Memory
from interactive_st.search.ctc_prefix import CtcPrefixScorer
from interactive_st.search.ensemble import Ensemble
from interactive_st.search.hypotheses import NBest, TextHypothesis, make_hypotheses
from interactive_st.search.inputs import SearchInputs
from interactive_st.search.rank_search import RankSearch


class TwoStageSearch:
    """Two beam searches, one after the other.

    The second attends to the first decoder's states for the best transcript, so all translations of an n-best
    list have the same transcript.

    Args:
        decoders: those of the models of the ensemble.
        encoded: their encoders' outputs for the batch.
        inputs: what both searches begin with.
        ctc: CTC scores of the transcripts, or None.
    """

    def __init__(
        self,
        decoders: list[TwoStageDecoder],
        encoded: list[EncoderOut],
        inputs: SearchInputs,
        ctc: CtcPrefixScorer | None = None,
    ) -> None:
        self.decoders, self.encoded, self.inputs, self.ctc = decoders, encoded, inputs, ctc

    def run(self) -> list[NBest]:
        """Search to the end; result as that of ``DualSearch.run``."""
        speech = [Memory.of_speech(out) for out in self.encoded]
        first = [decoder.first for decoder in self.decoders]
        caches = [decoder.start([heard]) for decoder, heard in zip(first, speech, strict=True)]
        recognised = self.inputs.begin(RankSearch, Ensemble(first, caches), self.ctc).run()
        transcripts = [hypotheses[0]["transcript"] for hypotheses in recognised]

        tokens = self._as_input(transcripts)
        written = [
            decoder.first_stage(tokens, out)[1]
            for decoder, out in zip(self.decoders, self.encoded, strict=True)
        ]
        second = [decoder.second for decoder in self.decoders]
        caches = [decoder.start(memories) for decoder, *memories in zip(second, speech, written, strict=True)]
        translated = self.inputs.begin(RankSearch, Ensemble(second, caches)).run()
        return make_hypotheses(
            [
                [(transcript, hypothesis["translation"]) for hypothesis in hypotheses]
                for transcript, hypotheses in zip(transcripts, translated, strict=True)
            ]
        )

    def _as_input(self, transcripts: list[TextHypothesis]) -> Tensor:
        """Decoder input ``(1, B, L)`` of these hypotheses: tag, then all tokens but ``</s>``."""
        longest = max(len(transcript["tokens"]) for transcript in transcripts)
        tokens = torch.full((1, len(transcripts), longest), self.inputs.constraints.pad)
        for row, transcript in enumerate(transcripts):
            tokens[0, row, 1 : len(transcript["tokens"])] = transcript["tokens"][:-1]
        tokens = tokens.to(self.inputs.tags.device)
        tokens[0, :, 0] = self.inputs.tags[TRANSCRIPT]
        return tokens
