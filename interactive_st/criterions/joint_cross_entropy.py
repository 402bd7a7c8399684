"""Loss of both streams under teacher forcing, with an optional CTC loss on the encoder.

    loss = asr_weight * asr + st_weight * st + ctc_weight * ctc

Each term is a sum over tokens (CTC: over utterances), as in fairseq's label-smoothed criterion. The term
of a stream that the model does not write is absent.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from fairseq import utils
from fairseq.criterions import register_criterion
from fairseq.criterions.label_smoothed_cross_entropy import (
    LabelSmoothedCrossEntropyCriterion,
    LabelSmoothedCrossEntropyCriterionConfig,
)
from fairseq.dataclass import ChoiceEnum
from fairseq.logging import metrics
from fairseq.tasks import FairseqTask
from torch import Tensor, nn

from interactive_st.batch import Batch
from interactive_st.conventions import BOTH, CRITERION, STREAM_CODES, TRANSCRIPT
from interactive_st.criterions.ctc_loss import ctc_loss
from interactive_st.criterions.prefix_corruption import (
    corrupt,
    partner_targets,
    partner_views,
    regular_tokens,
)
from interactive_st.criterions.smoothed_cross_entropy import RowLosses, smoothed_cross_entropy
from interactive_st.errors import SettingError
from interactive_st.modules.streams import Streams
from interactive_st.modules.token_rows import TokenRows


@dataclass
class JointLabelSmoothedCrossEntropyConfig(LabelSmoothedCrossEntropyCriterionConfig):
    """Options of `joint_label_smoothed_cross_entropy`, beside fairseq's own."""

    asr_weight: float = field(default=1.0, metadata={"help": "weight of the transcript's cross entropy"})
    st_weight: float = field(default=1.0, metadata={"help": "weight of the translation's cross entropy"})
    ctc_weight: float = field(
        default=0.0,
        metadata={"help": "weight of the encoder's CTC loss against the transcript; 0 leaves it out"},
    )
    prefix_corruption: float = field(
        default=0.0,
        metadata={
            "help": "share of the decoder's input tokens replaced at random while training (0 <= share < 1)"
        },
    )
    prefix_corruption_of: ChoiceEnum(["both", "partner"]) = field(
        default="both",
        metadata={
            "help": "which streams see the corrupted prefix of a stream: both, or only its partner (twice "
            "the decoder work)"
        },
    )


NO_PREFIX = (
    "language tags are inputs and never targets here, so a target left out would be a word; leave the option "
    "at 0"
)


@register_criterion(CRITERION, dataclass=JointLabelSmoothedCrossEntropyConfig)
class JointLabelSmoothedCrossEntropyCriterion(LabelSmoothedCrossEntropyCriterion):
    """Weighted sum of the streams' label-smoothed cross entropies and of CTC.

    A stream that an utterance lacks is padding throughout: it has no loss and is not counted.

    Raises:
        SettingError: an option is out of its range.
    """

    def __init__(
        self,
        task: FairseqTask,
        sentence_avg: bool,
        label_smoothing: float,
        ignore_prefix_size: int = 0,
        report_accuracy: bool = False,
        asr_weight: float = 1.0,
        st_weight: float = 1.0,
        ctc_weight: float = 0.0,
        prefix_corruption: float = 0.0,
        prefix_corruption_of: str = "both",
    ) -> None:
        super().__init__(task, sentence_avg, label_smoothing, ignore_prefix_size, report_accuracy)
        if ignore_prefix_size != 0:
            raise SettingError(f"--ignore-prefix-size {ignore_prefix_size}: {NO_PREFIX}")
        weights = {"asr": asr_weight, "st": st_weight, "ctc": ctc_weight}
        for name, weight in weights.items():
            if not (math.isfinite(weight) and weight >= 0):
                raise SettingError(f"--{name}-weight {weight}: must be a number of at least 0")
        if not any(weights.values()):
            raise SettingError(
                "--asr-weight, --st-weight and --ctc-weight are all 0: there is nothing to train"
            )
        if not 0 <= prefix_corruption < 1:
            raise SettingError(
                f"--prefix-corruption {prefix_corruption}: a share of tokens, must be at least 0 and below 1"
            )
        self.asr_weight = asr_weight
        self.st_weight = st_weight
        self.ctc_weight = ctc_weight
        self.prefix_corruption = prefix_corruption
        self.prefix_corruption_of = str(prefix_corruption_of)
        self.blank_idx = task.target_dictionary.bos()
        # A buffer follows the criterion to its device; what it holds is the dictionary's.
        candidates = regular_tokens(task.target_dictionary) if prefix_corruption > 0 else None
        self.register_buffer("candidates", candidates, persistent=False)

    def forward(
        self, model: nn.Module, sample: Batch, reduce: bool = True
    ) -> tuple[Tensor, int, dict[str, Any]]:
        """Loss of one batch of `joint_speech_to_text`.

        Args:
            model: called with ``prev_output_tokens`` (S, r·B, L) of its S ``streams`` (both if it has no such
                attribute), the ``rows`` that are tokens and, if they are fewer, those ``wanted``; returns
                ``(logits (N, V), …)`` of the wanted ones. r is 2 with ``--prefix-corruption-of partner``.
            sample: the batch, with texts.
            reduce: must be True.

        Returns:
            The summed loss, what its gradient is divided by (target tokens of the model's streams, and of
            transcripts that have CTC alone; or utterances with --sentence-avg), and sums to log, in nats.

        Raises:
            SettingError: `reduce` is False, or the model does not predict its streams.
        """
        if not reduce:
            raise SettingError(
                f"{CRITERION} adds token losses and utterance losses (CTC) and has no unreduced form: call "
                "it with reduce=True"
            )
        streams = getattr(model, "streams", BOTH)
        prefixes, targets = self._inputs_and_targets(sample, streams, model.training)
        counts = [sample["ntokens_by_stream"][stream] for stream in streams]
        versions = prefixes.size(1) // sample["targets"].size(1)
        wanted = TokenRows.of(targets.ne(self.padding_idx), counts)
        inputs = {"prev_output_tokens": prefixes, "rows": wanted}
        if versions > 1:  # only one version of each sentence has targets
            rows = TokenRows.of(prefixes.ne(self.padding_idx), [versions * count for count in counts])
            inputs |= {"rows": rows, "wanted": wanted}
        net_output = model(**{**sample["net_input"], **inputs})
        logits, labels = net_output[0], wanted.take(targets)
        if logits.shape[:-1] != labels.shape:
            raise SettingError(
                f"the model returned logits of shape {tuple(logits.shape)} for {labels.numel()} target "
                f"tokens: {CRITERION} needs a model that says which streams it writes, such as --arch "
                "interactive_st or e2e_st"
            )
        token_losses = smoothed_cross_entropy(logits, labels, self.eps, with_correct=self.report_accuracy)
        losses = _by_stream(token_losses.loss, counts)
        weights = (self.asr_weight, self.st_weight)
        loss = sum(weights[stream] * losses[i] for i, stream in enumerate(streams))
        codes = [STREAM_CODES[stream] for stream in streams]
        log = _log_of_streams(codes, counts, losses.detach(), token_losses)
        if self.ctc_weight > 0:
            ctc, ctc_tokens = self._ctc(model, net_output, sample)
            loss = loss + self.ctc_weight * ctc
            log |= {"ctc_loss": ctc.detach(), "ctc_ntokens": ctc_tokens}
        nsentences = sample["nsentences"]
        ntokens = sum(counts) + self._ntokens_of_ctc_alone(streams, sample)
        sample_size = nsentences if self.sentence_avg else ntokens
        log |= {"loss": loss.detach(), "nsentences": nsentences, "sample_size": sample_size}
        return loss, sample_size, log

    def _inputs_and_targets(
        self, sample: Batch, streams: Streams, training: bool
    ) -> tuple[Tensor, Tensor]:
        """Decoder inputs of S streams and what they are to predict, both (S, B, L) or (2, 2B, L)."""
        prefixes, targets = sample["net_input"]["prev_output_tokens"], sample["targets"]
        if streams != BOTH:  # the padding that only the other text needs is cut off
            [stream] = streams
            longest = max(sample["longest_by_stream"][stream], 1)
            prefixes, targets = (text[stream : stream + 1, :, :longest] for text in (prefixes, targets))
        if not training or self.prefix_corruption == 0:
            return prefixes, targets
        if streams != BOTH and self.prefix_corruption_of == "partner":
            return prefixes, targets  # there is no partner to see it
        pad = self.padding_idx
        candidates = self.candidates.to(prefixes.device)
        corrupted = corrupt(prefixes, self.prefix_corruption, candidates, pad)
        if self.prefix_corruption_of == "both":
            return corrupted, targets
        return partner_views(prefixes, corrupted), partner_targets(targets, pad)

    def _ntokens_of_ctc_alone(self, streams: Streams, sample: Batch) -> int:
        """Tokens of transcripts from which a model of translations learns by CTC, having no translation."""
        spoken = sample["net_input"]["src_tokens"].size(1) > 0
        by_ctc_alone = self.ctc_weight > 0 and TRANSCRIPT not in streams and spoken
        return sample["ntokens_alone"][TRANSCRIPT] if by_ctc_alone else 0

    def _ctc(self, model: nn.Module, net_output: tuple, sample: Batch) -> tuple[Tensor, Tensor]:
        """CTC loss of transcripts, summed over utterances, and their tokens without </s>; 0 of text alone."""
        if net_output[1]["encoder_out"] is None:
            zero = net_output[0].new_zeros((), dtype=torch.float32)
            return zero, zero.long()
        logits, input_lengths = model.get_ctc_logits(net_output[1]["encoder_out"])
        present = sample["transcript_lengths"].gt(0)
        target_lengths = (sample["transcript_lengths"] - 1).clamp(min=0)
        # Utterances without a transcript are computed with an empty target and then left out:
        # the head stays in the graph (DDP wants a gradient) and nothing of size V is copied.
        losses = ctc_loss(logits, input_lengths, sample["transcript"], target_lengths, self.blank_idx)
        return losses.masked_fill(~present, 0.0).sum(), target_lengths.sum()

    @classmethod
    def reduce_metrics(cls, logging_outputs: list[dict[str, Any]]) -> None:
        """Log averages from the sums of all workers, in bits (accuracy: per cent).

        Each value is weighted with what it was divided by, so that averages over batches are
        averages over tokens, and a batch in which a stream is absent does not move its values.
        """

        def total(key: str) -> float:
            return utils.item(sum(log.get(key, 0) for log in logging_outputs))

        if total("ntokens") > 0:
            super().reduce_metrics(logging_outputs)
        else:  # CTC alone; the trainer expects a loss even of a batch that has nothing to learn from
            size = total("sample_size")
            loss = total("loss") / size / math.log(2) if size > 0 else 0.0
            metrics.log_scalar("loss", loss, weight=size, round=3)
        with_accuracy = any("total" in log for log in logging_outputs)
        for name in (*STREAM_CODES, "ctc"):
            tokens = total(f"{name}_ntokens")
            if tokens == 0:
                continue
            metrics.log_scalar(f"{name}_loss", total(f"{name}_loss") / tokens / math.log(2), tokens, round=3)
            if name == "ctc":
                continue
            metrics.log_scalar(
                f"{name}_nll_loss",
                total(f"{name}_nll_loss") / tokens / math.log(2),
                tokens,
                round=3,
            )
            if with_accuracy:
                correct = total(f"{name}_n_correct")
                metrics.log_scalar(f"{name}_accuracy", correct * 100.0 / tokens, tokens, round=3)

    @staticmethod
    def logging_outputs_can_be_summed() -> bool:
        """True: everything logged is a plain sum."""
        return True


def _by_stream(values: Tensor, counts: Sequence[int]) -> Tensor:
    """Sums (S,) of N ``values``, the first ``counts[0]`` of stream 0 and so on."""
    return torch.stack([part.sum() for part in values.split(counts)])


def _log_of_streams(
    names: Sequence[str], counts: Sequence[int], losses: Tensor, token_losses: RowLosses
) -> dict[str, Any]:
    """Sums to log over the ``counts`` tokens of each of S streams, by their ``names``, and over all:
    ``losses`` (S,), and what else there is in ``token_losses``."""
    nll = _by_stream(token_losses.nll, counts)
    log: dict[str, Any] = {"nll_loss": nll.sum(), "ntokens": sum(counts)}
    for index, name in enumerate(names):
        log |= {
            f"{name}_loss": losses[index],
            f"{name}_nll_loss": nll[index],
            f"{name}_ntokens": counts[index],
        }
    if token_losses.correct is not None:
        correct = _by_stream(token_losses.correct.long(), counts)
        log |= {"n_correct": correct.sum(), "total": sum(counts)}
        log |= {f"{name}_n_correct": correct[index] for index, name in enumerate(names)}
    return log
