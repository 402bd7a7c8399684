"""The generator that fairseq's tools get from the task."""

from typing import Any

import torch
from fairseq.data import Dictionary
from torch import Tensor, nn

from interactive_st.batch import Batch
from interactive_st.conventions import JOINT, RANK
from interactive_st.errors import SettingError
from interactive_st.models.two_stage_decoder import TwoStageDecoder
from interactive_st.modules.memory import EncoderOut, Memory
from interactive_st.modules.wait_k import WaitK
from interactive_st.search.constraints import Constraints
from interactive_st.search.ctc_prefix import CtcPrefixScorer
from interactive_st.search.dual_search import DualSearch
from interactive_st.search.encoding import encode
from interactive_st.search.ensemble import Ensemble, common_wait_k, ctc_log_probs
from interactive_st.search.hypotheses import NBest
from interactive_st.search.inputs import SearchInputs
from interactive_st.search.joint_search import JointSearch
from interactive_st.search.model_checks import check_alike, check_ctc, check_kind
from interactive_st.search.options import SearchOptions
from interactive_st.search.rank_search import RankSearch
from interactive_st.search.two_stage_search import TwoStageSearch

SEARCH_CLASSES = {RANK: RankSearch, JOINT: JointSearch}


class DualBeamGenerator:
    """Writes transcript and translation of a batch of utterances, at the same time where the model can.

    The counterpart of fairseq's ``SequenceGenerator``, whose options keep their names and meaning. A model
    of one text has one beam, whatever ``search``; a two-stage model has one beam after the other.

    Args:
        models: one model, or the members of an ensemble.
        tgt_dict: the joint dictionary.
        search: ``rank`` (the paper's) or ``joint`` (exact scores of pairs). None: ``joint``, whose
            translations were better on every test set measured (``benchmarks/results/quality.md``), but
            ``rank`` without interaction, where separate beams find better hypotheses.
        default_tags: language tags of transcript and translation, for batches that bring none.
        symbols_to_strip_from_output: what fairseq's tools leave out when they print.
        ctc_weight: of the encoder's CTC scores in those of transcripts, 0 (none) to 1 (no attention).
        encoder_max_tokens: most frames per call of the encoder, padding included; None: the whole batch.
        wait_k: k of the wait-k policy; None: the models' own. Only of models whose texts read each other.
        cuda_graphs: on a GPU, capture decoding steps as CUDA graphs and replay them, which is faster; no
            effect if a step depends on the host (CTC scores, a forced prefix, blocked n-grams), or under
            autocast.
        options: see :class:`~interactive_st.search.options.SearchOptions`.

    Raises:
        SettingError: for an unknown search, options that contradict each other, or a model that is not of
            this package.
    """

    def __init__(
        self,
        models: list[nn.Module],
        tgt_dict: Dictionary,
        *,
        search: str | None = None,
        default_tags: tuple[int, int] | None = None,
        symbols_to_strip_from_output: set[int] | None = None,
        ctc_weight: float = 0.0,
        encoder_max_tokens: int | None = None,
        wait_k: WaitK | None = None,
        cuda_graphs: bool = True,
        **options: Any,
    ) -> None:
        if search is not None and search not in SEARCH_CLASSES:
            raise SettingError(f"--search must be one of {', '.join(SEARCH_CLASSES)}, not {search!r}")
        check_kind(models)
        self.search, self.tgt_dict, self.default_tags = search, tgt_dict, default_tags
        options = SearchOptions(**options)
        if options.temperature <= 0:
            raise SettingError("--temperature must be greater than 0")
        if options.beam_size < 1:
            raise SettingError(f"--beam must be at least 1, not {options.beam_size}")
        self.eos = tgt_dict.eos()
        self.symbols_to_strip_from_output = set(symbols_to_strip_from_output or ()) | {self.eos}
        self.models, self.ctc_weight, self.encoder_max_tokens = models, ctc_weight, encoder_max_tokens
        if self._kind() is not JointSearch:  # of texts as many as words, as in fairseq; there are more pairs
            options = options._replace(beam_size=min(options.beam_size, len(tgt_dict) - 1))
        self.options = options
        if encoder_max_tokens is not None and encoder_max_tokens < 1:
            raise SettingError(f"--encoder-max-tokens must be at least 1 frame, not {encoder_max_tokens}")
        self.wait_k, self.cuda_graphs = wait_k, cuda_graphs
        if ctc_weight:
            check_ctc(models, ctc_weight)
        for model in models:
            model.eval()

    @torch.no_grad()
    def generate(
        self,
        models: list[nn.Module],
        sample: Batch,
        prefix_tokens: Tensor | None = None,
        constraints: Tensor | None = None,
    ) -> list[NBest]:
        """Decode a batch.

        Args:
            models: ignored, as in fairseq; the generator has its models.
            sample: of which the speech is read, and ``lang_tags`` where there are any.
            prefix_tokens: ``(B, P)`` forced beginning of the translation, padded.
            constraints: fairseq's lexical ones, which are refused.

        Returns:
            of every utterance its hypotheses, best first

        Raises:
            SettingError: for lexical constraints, a minimum length above the maximum, missing language tags,
                models that cannot decode together, or an utterance without a finite score.
        """
        if constraints is not None:
            raise SettingError("--constraints cannot be honoured: the dual beam has no constrained search")
        return self.start(sample, prefix_tokens).run()

    @torch.no_grad()
    def start(
        self, sample: Batch, prefix_tokens: Tensor | None = None
    ) -> DualSearch | TwoStageSearch:
        """Encode a batch and set up its search, not yet run; arguments as those of :meth:`generate`."""
        check_alike(self.models, self.wait_k)
        net_input, tags = sample["net_input"], self._tags(sample)
        longest = min(model.max_decoder_positions() for model in self.models)
        max_len = self._max_len(net_input["src_lengths"], longest)  # synchronises: before the encoder runs
        constraints = Constraints(self.options, self.tgt_dict.pad(), self.tgt_dict.unk(), self.eos)
        decoders = [model.decoder for model in self.models]
        encoded = encode(self.models, net_input, self.encoder_max_tokens)
        on_device = self._is_on_device(tags.device, prefix_tokens)
        inputs = SearchInputs(constraints, tags, max_len, prefix_tokens, on_device)
        ctc = self._ctc_scorer(encoded)
        if isinstance(decoders[0], TwoStageDecoder):
            return TwoStageSearch(decoders, encoded, inputs, ctc)
        memories = [[Memory.of_speech(out)] for out in encoded]
        wait_k = common_wait_k(decoders) if self.wait_k is None else self.wait_k
        caches = [decoder.start(read, wait_k) for decoder, read in zip(decoders, memories, strict=True)]
        ensemble = Ensemble(decoders, caches)
        return inputs.begin(self._kind(), ensemble, ctc)

    def _kind(self) -> type[DualSearch]:
        """The search of these models: of a two-stage model, that of each stage."""
        decoders = [model.decoder for model in self.models]
        if len(decoders[0].streams) == 1 or isinstance(decoders[0], TwoStageDecoder):
            return RankSearch
        interacts = any(decoder.interacts for decoder in decoders)
        return SEARCH_CLASSES[self.search or (JOINT if interacts else RANK)]

    def _is_on_device(self, device: torch.device, prefix_tokens: Tensor | None) -> bool:
        """Whether decoding steps can and shall be captured. Not under autocast, which would cache cast
        weights in the graph's memory."""
        if device.type != "cuda" or not self.cuda_graphs or torch.is_autocast_enabled():
            return False
        return not (self.ctc_weight or self.options.no_repeat_ngram_size or prefix_tokens is not None)

    def _ctc_scorer(self, encoded: list[EncoderOut]) -> CtcPrefixScorer | None:
        if not self.ctc_weight:
            return None
        log_probs, lengths = ctc_log_probs(self.models, encoded)
        return CtcPrefixScorer(
            log_probs,
            lengths,
            blank=self.tgt_dict.bos(),
            eos=self.eos,
            width=self.options.beam_size,
            weight=self.ctc_weight,
            candidates=max(4 * self.options.beam_size, 20),
        )

    def _tags(self, sample: Batch) -> Tensor:
        src_lengths = sample["net_input"]["src_lengths"]
        if sample.get("lang_tags") is not None:
            return sample["lang_tags"].to(src_lengths.device)
        if self.default_tags is None:
            raise SettingError(
                "no language tags: the batch has none and no default was given; set source_lang and "
                "target_lang in the data folder's config, or --source-lang and --target-lang"
            )
        tags = torch.tensor(self.default_tags, device=src_lengths.device)
        return tags.unsqueeze(1).repeat(1, src_lengths.numel())

    def _max_len(self, src_lengths: Tensor, max_positions: int) -> Tensor:
        """``(B,)`` maximum length of each utterance by its own length, so that batching changes nothing; on
        the CPU. Where max_len_a · frames + max_len_b < min_len, min_len is used: one short utterance must not
        abort a batch.

        Raises:
            SettingError: no utterance may be as long as ``min_len``.
        """
        options = self.options
        at_most = max_positions - 1 if options.max_len_a > 0 else min(options.max_len_b, max_positions - 1)
        if at_most < options.min_len:
            raise SettingError(
                f"--min-len {options.min_len} is larger than the longest output allowed, {at_most} "
                f"(--max-len-a · frames + --max-len-b, at most {max_positions - 1}); lower the one or raise "
                "the other"
            )
        # in double precision, as Python computes it for fairseq
        longest = options.max_len_a * src_lengths.cpu().double() + options.max_len_b
        return longest.clamp(min=options.min_len, max=max_positions - 1).long()
