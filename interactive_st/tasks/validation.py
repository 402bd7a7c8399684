"""Validation that decodes: BLEU of the translations and word error rate of the transcripts."""

from argparse import Namespace
from collections.abc import Callable
from typing import Any

import torch

from interactive_st.batch import Batch
from interactive_st.conventions import TRANSLATION
from interactive_st.modules.streams import Streams
from interactive_st.search import DualBeamGenerator
from interactive_st.tasks.detokenise import Detokeniser
from interactive_st.tasks.precision import in_precision_of
from interactive_st.tasks.search_settings import parse_generation_options
from interactive_st.tasks.validation_metrics import ValidationMetrics


class DecodesInValidation:
    """For the task: with ``--eval-bleu`` or ``--eval-wer``, batches of validation are decoded as well.

    The task brings ``args``, its options, ``detokenise``, and ``_build_search``, which makes a generator of
    models and generation options.
    """

    args: Namespace
    streams: Streams
    _trains: bool
    detokenise: Detokeniser
    _build_search: Callable[[list[torch.nn.Module], Namespace], DualBeamGenerator]
    _validation: ValidationMetrics | None = None
    _validation_generator: DualBeamGenerator | None = None

    def _prepare_validation(self, model: torch.nn.Module) -> None:
        """Make ready to decode with a model, if ``--eval-bleu`` or ``--eval-wer`` is given.

        Raises:
            SettingError: ``--eval-bleu-args`` cannot be honoured.
        """
        bleu, wer = getattr(self.args, "eval_bleu", False), getattr(self.args, "eval_wer", False)
        if bleu or wer:
            # a model that is trained keeps the options that it was trained with
            translates = TRANSLATION in self.streams or not self._trains
            options = parse_generation_options(self.args.eval_bleu_args, "--eval-bleu-args", translates)
            self._validation_generator = self._build_search([model], options)
            shown = self.args.eval_bleu_print_samples
            self._validation = ValidationMetrics(self.detokenise, bleu, wer, print_samples=shown)

    def valid_step(
        self, sample: Batch, model: torch.nn.Module, criterion: torch.nn.Module
    ) -> tuple[torch.Tensor, int, dict[str, Any]]:
        """As fairseq's; with ``--eval-bleu`` or ``--eval-wer`` the batch is decoded as well. It is empty
        where a process of fairseq-validate has fewer batches than others."""
        if not sample:
            return torch.zeros(()), 0, {}
        sample = in_precision_of(model, sample)
        loss, sample_size, logging_output = super().valid_step(sample, model, criterion)
        if self._validation is not None:
            spoken = sample["net_input"]["src_tokens"].size(1) > 0
            decoded = self._validation_generator.generate([model], sample) if spoken else []
            logging_output |= self._validation.statistics(sample, decoded)
        return loss, sample_size, logging_output

    def reduce_metrics(self, logging_outputs: list[dict[str, Any]], criterion: torch.nn.Module) -> None:
        """As fairseq's, and log ``bleu`` and ``wer``."""
        super().reduce_metrics(logging_outputs, criterion)
        if self._validation is not None:
            self._validation.reduce(logging_outputs)
