"""Decodes utterances in batches, as ``fairseq-interactive`` does."""

from __future__ import annotations

import copy
import logging
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from interactive_st.batch import Batch
from interactive_st.conventions import FRAMES_PER_SECOND, STREAM_NAMES
from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.features.settings import FBANK
from interactive_st.data.languages import language_tag, tag_language
from interactive_st.errors import DataError, SettingError
from interactive_st.inference.decoding_lock import decoding_lock
from interactive_st.inference.options import MAX_SEGMENT, OptionError, Options
from interactive_st.inference.quieting import quiet
from interactive_st.inference.results import Hypothesis
from interactive_st.inference.torch_defaults import made_on_cpu
from interactive_st.modules.wait_k import WaitK, parse_wait_k
from interactive_st.search.hypotheses import NBest, PairHypothesis
from interactive_st.search.model_checks import check_ctc

if TYPE_CHECKING:
    from interactive_st.tasks import JointSpeechToTextTask

UNTRAINED_K = "wait_k {} was not trained, {}: translations may be far worse (--train-wait-k)"

logger = logging.getLogger(__name__)


def check_languages(task: JointSpeechToTextTask, languages: Sequence[str | None]) -> None:
    """Make sure that a model knows the languages of the speech and of its translation.

    Raises:
        OptionError: one of them is not known, or none.
    """
    for option, language in zip(("source_lang", "target_lang"), languages, strict=True):
        if not language or language_tag(language) not in task.tgt_dict:
            known = [tag_language(task.tgt_dict[i]) for i in sorted(task.tag_ids)]
            reason = f"the model does not know it; choose one of {', '.join(known)}"
            raise OptionError(option, language, reason)


def known_wait_k(model: nn.Module, wanted: int | float | str) -> WaitK:
    """Return the number that an option means.

    Raises:
        OptionError: it is none, or the texts of the model do not read each other.
    """
    if not model.decoder.interacts:
        raise OptionError("wait_k", wanted, "it is for models whose texts read each other; leave it out")
    try:
        return parse_wait_k(wanted)
    except SettingError as error:
        raise OptionError("wait_k", wanted, "a whole number or inf is needed") from error


class Decoding:
    """A model with the options by which it decodes.

    Args:
        task: the task of the model.
        model: in evaluation mode, on its device.
        options: how to decode.

    Raises:
        SettingError: the options contradict each other or the model.
    """

    def __init__(self, task: JointSpeechToTextTask, model: nn.Module, options: Options) -> None:
        self.model, self.options = model, options
        args = Namespace(**vars(task.args))
        args.search = options.search or args.search
        if options.ctc_weight is not None:
            self._check_ctc(options.ctc_weight)
            args.decoding_ctc_weight = options.ctc_weight
        args.no_cuda_graphs = not options.cuda_graphs
        args.source_lang = options.source_lang or args.source_lang
        args.target_lang = options.target_lang or args.target_lang
        self.config = task.data_cfg.with_languages(args.source_lang, args.target_lang)
        # the same task with these options, which other calls do not see
        self.task = copy.copy(task)
        self.task.args, self.task.data_cfg = args, self.config
        check_languages(self.task, (self.config.source_lang, self.config.target_lang))
        self.max_segment = self._max_segment(args.max_source_positions)
        if options.wait_k is not None:
            self.task.decoding_wait_k = self._wait_k(options.wait_k)
        self.generator = self.task.build_generator([model], options.generation())

    def _check_ctc(self, weight: float) -> None:
        try:
            if weight > 0:
                check_ctc([self.model], weight)
        except SettingError as error:  # which begins with the name that fairseq's tools have for it
            reason = str(error).removeprefix("--decoding-ctc-weight ")
            raise OptionError("ctc_weight", weight, f"it {reason}") from error

    def _wait_k(self, wanted: int | float | str) -> WaitK:
        wait_k, trained = known_wait_k(self.model, wanted), self.model.decoder.trained_wait_k
        if wait_k not in trained:
            others = f"{', '.join(map(str, trained))} {'was' if len(trained) == 1 else 'were'}"
            logger.warning(UNTRAINED_K.format(wait_k, others))
        return wait_k

    def _max_segment(self, max_frames: int) -> float:
        limit = max_frames / FRAMES_PER_SECOND
        wanted = self.options.max_segment
        if wanted is not None and wanted > limit:
            raise OptionError("max_segment", wanted, f"the model reads at most {limit:g} s; lower it")
        return min(MAX_SEGMENT, limit) if wanted is None else wanted

    def __call__(
        self,
        features: Sequence[np.ndarray],
        decoded: Callable[[Sequence[int]], None] = lambda numbers: None,
    ) -> list[tuple[Hypothesis, ...]]:
        """Decode utterances.

        Args:
            features: of each utterance, (T, F) float32.
            decoded: is told the numbers of each batch of utterances once it is decoded.

        Returns:
            for each utterance the `nbest` hypotheses, best first.
        """
        with made_on_cpu():
            return self._decode(features, decoded)

    def _decode(
        self, features: Sequence[np.ndarray], decoded: Callable[[Sequence[int]], None]
    ) -> list[tuple[Hypothesis, ...]]:
        lengths = [len(utterance) for utterance in features]
        with quiet():
            dataset = self.task.build_dataset_for_inference(features, lengths)
        frames = max(round(self.options.batch_seconds * FRAMES_PER_SECOND), *lengths)
        batches = dataset.batch_by_size(
            dataset.ordered_indices(), max_tokens=frames, required_batch_size_multiple=1
        )
        results: dict[int, tuple[Hypothesis, ...]] = {}
        for numbers in batches:
            sample = dataset.collater([dataset[int(number)] for number in numbers])
            for number, nbest in zip(sample["id"].tolist(), self.search(sample), strict=True):
                results[number] = tuple(self._describe(each) for each in nbest[: self.options.nbest])
            decoded([int(number) for number in numbers])
        return [results[number] for number in range(len(features))]

    def _describe(self, hypothesis: PairHypothesis) -> Hypothesis:
        texts = [hypothesis[name] for name in STREAM_NAMES]
        return Hypothesis(
            *("" if text is None else self.task.detokenise(text["tokens"]) for text in texts),
            *(None if text is None else float(text["score"]) for text in texts),
            float(hypothesis["pair_score"]),
        )

    def search(self, sample: Batch) -> list[NBest]:
        """Search the texts of a batch of ``task``'s dataset, which is moved to the model's device."""
        like = next(self.model.parameters())
        net_input = sample["net_input"]
        net_input["src_tokens"] = net_input["src_tokens"].to(like)
        net_input["src_lengths"] = net_input["src_lengths"].to(like.device)
        sample["lang_tags"] = sample["lang_tags"].to(like.device)
        with decoding_lock(self.model), torch.no_grad():
            return self.generator.generate([self.model], sample)


def check_features(config: JointDataConfig) -> None:
    """Refuse models that cannot read audio.

    Raises:
        DataError: the features of the model were computed elsewhere.
    """
    if config.features.get("type") != FBANK:
        raise DataError(
            f"the model reads features of type {config.features.get('type')!r} that were computed "
            "elsewhere, not audio; decode a data folder of such features by fairseq-generate"
        )
