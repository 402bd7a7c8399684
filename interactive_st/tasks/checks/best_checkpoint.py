"""Checks --best-checkpoint-metric before training begins.

fairseq looks for it after the first validation, hours later, and stumbles.
"""

from argparse import Namespace

from interactive_st.conventions import CRITERION, STREAM_CODES, STREAM_NAMES, option_name
from interactive_st.errors import SettingError
from interactive_st.modules.streams import Streams
from interactive_st.scoring.metrics import METRICS
from interactive_st.wording import did_you_mean

#: What the criteria log whose values are known, beside the scores of the task.
LOSSES = ("loss", "nll_loss", "ppl")
OF_A_STREAM = ("loss", "nll_loss", "accuracy")
LOGGED = {
    "cross_entropy": LOSSES,
    "label_smoothed_cross_entropy": (*LOSSES, "accuracy"),
    CRITERION: (
        *LOSSES,
        "accuracy",
        "ctc_loss",
        *(f"{code}_{name}" for code in STREAM_CODES for name in OF_A_STREAM),
    ),
}
#: Of what is decoded in validation, each with the option ``--eval-…``.
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
        meant = did_you_mean(metric, (*SCORES, *logged))
        raise SettingError(
            f"--best-checkpoint-metric {metric}: validation has no such value"
            f"{f'; {meant}' if meant else '.'} It has {', '.join((*logged, *SCORES))}, the last two with "
            "--eval-bleu and --eval-wer"
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
    higher = METRICS[metric].higher_is_better if metric in SCORES else metric.endswith("accuracy")
    maximizes = bool(getattr(args, "maximize_best_checkpoint_metric", False))
    if higher != maximizes and metric in (*SCORES, *(logged or ())):
        way, advice = ("higher", "add") if higher else ("lower", "leave out")
        raise SettingError(
            f"--best-checkpoint-metric {metric}: the {way} the better, and the other end would be kept as "
            f"the best; {advice} --maximize-best-checkpoint-metric"
        )


def text_of(metric: str | None) -> int | None:
    """The text of the model that a metric is of; None: of both, or of the encoder."""
    if metric in SCORES:
        return METRICS[metric].stream
    for stream, code in enumerate(STREAM_CODES):
        if str(metric).startswith(f"{code}_"):
            return stream
    return None


def _computed_by(metric: str) -> str | None:
    if metric in SCORES:
        return f"eval_{metric}"
    if metric.endswith("accuracy"):
        return "report_accuracy"
    return "ctc_weight" if metric == "ctc_loss" else None
