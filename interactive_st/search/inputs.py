"""What all searches of a batch begin with."""

from dataclasses import dataclass

from torch import Tensor

from interactive_st.search.beams import Beams
from interactive_st.search.constraints import Constraints
from interactive_st.search.ctc_prefix import CtcPrefixScorer
from interactive_st.search.dual_search import DualSearch
from interactive_st.search.ensemble import Ensemble


@dataclass(frozen=True)
class SearchInputs:
    """A batch, apart from its speech, and the rules of its searches.

    Attributes:
        constraints: which tokens are allowed; they hold the options.
        tags: ``(2, B)`` language tags.
        max_len: ``(B,)`` most tokens of a text, without ``</s>``; on the CPU.
        prefix_tokens: ``(B, P)`` forced beginning of the translation, padded, or None.
        on_device: as in `Beams`.
    """

    constraints: Constraints
    tags: Tensor
    max_len: Tensor
    prefix_tokens: Tensor | None = None
    on_device: bool = False

    def begin(
        self, kind: type[DualSearch], ensemble: Ensemble, ctc: CtcPrefixScorer | None = None
    ) -> DualSearch:
        """Set up a search, not yet run.

        Args:
            kind: of search.
            ensemble: the models, with the caches of the batch.
            ctc: CTC scores of the transcripts, or None.
        """
        beams = Beams(
            self.tags,
            self.constraints.options.beam_size,
            self.max_len,
            self.constraints.pad,
            streams=ensemble.streams,
            ctc=ctc,
            on_device=self.on_device,
        )
        return kind(ensemble, self.constraints, beams, self.prefix_tokens)
