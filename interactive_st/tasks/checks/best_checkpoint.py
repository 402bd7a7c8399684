"""Checks --best-checkpoint-metric before training begins.

fairseq looks for it after the first validation, hours later, and stumbles.
"""

from argparse import Namespace
from difflib import get_close_matches

from interactive_st.conventions import STREAM_NAMES, TRANSCRIPT, TRANSLATION, option_name
from interactive_st.errors import SettingError
from interactive_st.modules.streams import Streams
from interactive_st.tasks.checks.criterion import JOINT

#: What the criteria log whose values are known, beside the scores of the task.
LOSSES = ("loss", "nll_loss", "ppl")
BY_STREAM = {TRANSCRIPT: ("asr_loss", "asr_nll_loss"), TRANSLATION: ("st_loss", "st_nll_loss")}
LOGGED = {
    "cross_entropy": LOSSES,
    "label_smoothed_cross_entropy": (*LOSSES, "accuracy"),
    JOINT: (
        *LOSSES, "accuracy", "ctc_loss", *BY_STREAM[TRANSCRIPT], "asr_accuracy",
        *BY_STREAM[TRANSLATION], "st_accuracy",
    ),
}  # fmt: skip
SCORES = ("bleu", "wer")


def check_best_checkpoint_metric(args: Namespace, arch: str, streams: Streams) -> None:
    """Refuse a metric that validation does not log, or the wrong direction of one that it does.

    Args:
        args: the options of the training. Those of a criterion that is not known here may log anything.
        arch: the model's architecture, for messages.
        streams: the texts that the model writes.

    Raises:
        SettingError: naming the option, and what to add, leave out or choose.
    """
    metric = getattr(args, "best_checkpoint_metric", None)
    logged = LOGGED.get(getattr(args, "criterion", None))
    if metric is None or getattr(args, "disable_validation", False):
        return
    if getattr(args, "criterion", None) == "cross_entropy" and not getattr(args, "sentence_avg", False):
        logged = ("loss", "ppl")  # its nll_loss would be the same
    if metric not in (*SCORES, *(logged or (metric,))):
        close = get_close_matches(metric, (*SCORES, *logged), n=1)
        meant = f"; did you mean {close[0]}?" if close else "."
        raise SettingError(
            f"--best-checkpoint-metric {metric}: validation has no such value{meant} It has "
            f"{', '.join((*logged, *SCORES))}, the last two with --eval-bleu and --eval-wer"
        )
    stream = text_of(metric)
    if stream is not None and stream not in streams:
        raise SettingError(
            f"--best-checkpoint-metric {metric} is of {STREAM_NAMES[stream]}s, which --arch {arch} does not "
            "write; choose another metric, such as loss"
        )
    option = _computed_by(metric) if logged or metric in SCORES else None
    if option and not getattr(args, option, False):
        raise SettingError(
            f"--best-checkpoint-metric {metric} needs {option_name(option)}, without which validation "
            "has no such value; add it, or choose another metric"
        )
    higher = metric == "bleu" or metric.endswith("accuracy")
    maximizes = bool(getattr(args, "maximize_best_checkpoint_metric", False))
    if higher != maximizes and metric in (*SCORES, *(logged or ())):
        way, advice = ("higher", "add") if higher else ("lower", "leave out")
        raise SettingError(
            f"--best-checkpoint-metric {metric}: the {way} the better, and the other end would be kept as "
            f"the best; {advice} --maximize-best-checkpoint-metric"
        )


def text_of(metric: str | None) -> int | None:
    """The text of the model that a metric is of; None: of both, or of the encoder."""
    if metric == "wer" or str(metric).startswith("asr_"):
        return TRANSCRIPT
    if metric == "bleu" or str(metric).startswith("st_"):
        return TRANSLATION
    return None


def _computed_by(metric: str) -> str | None:
    if metric in SCORES:
        return f"eval_{metric}"
    if metric.endswith("accuracy"):
        return "report_accuracy"
    return "ctc_weight" if metric == "ctc_loss" else None
