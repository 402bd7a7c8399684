"""Refusing, before a training begins, losses and scores of texts that are not there."""

from argparse import Namespace

from fairseq.data import FairseqDataset

from interactive_st.data.errors import DataError
from interactive_st.modules.streams import Streams
from interactive_st.modules.wait_k import TRANSCRIPT, TRANSLATION

NAMES = ("transcript", "translation")
COLUMNS = ("src_text", "tgt_text")


def check_scores(args: Namespace, arch: str, streams: Streams) -> None:
    """Raise ``ValueError`` where validation is to score a text that the model does not write.

    Args:
        args: the options of the task.
        arch: the model's architecture.
        streams: what it writes.
    """
    for option, stream in (("eval_wer", TRANSCRIPT), ("eval_bleu", TRANSLATION)):
        if getattr(args, option, False) and stream not in streams:
            raise ValueError(
                f"--{option.replace('_', '-')} scores {NAMES[stream]}s, which --arch {arch} does not write; "
                "leave it out"
            )


def check_texts(split: str, dataset: FairseqDataset, streams: Streams, args: Namespace) -> None:
    """Raise `DataError` for a split that has nothing of what is learnt or measured.

    Args:
        split: its name; training data if that begins with ``train``.
        dataset: its rows.
        streams: the texts that the model writes.
        args: the options of the training.
    """
    trains = split.startswith("train")
    ctc = trains and getattr(args, "ctc_weight", 0.0)
    learnt = sorted({*streams, TRANSCRIPT} if ctc else set(streams))
    if not any(map(dataset.has_texts, learnt)):
        missing = " or a ".join(f"{NAMES[stream]} ({COLUMNS[stream]})" for stream in learnt)
        what = "nothing can be learnt from it" if trains else "it has no loss"
        raise DataError(f"{split}: no row has a {missing}, so {what}; name another subset, or another --arch")
    metric = getattr(args, "best_checkpoint_metric", None)
    stream = _measured(metric)
    if not trains and stream is not None and not dataset.has_texts(stream):
        raise DataError(
            f"{split}: no row has a {NAMES[stream]} ({COLUMNS[stream]}), so it has no {metric}, by which "
            "--best-checkpoint-metric chooses, and fairseq asks every validation subset for it; leave the "
            "subset out, or choose another metric"
        )


def _measured(metric: str | None) -> int | None:
    """The text that a metric is of; None: of any."""
    if metric in ("wer", "ctc_loss") or str(metric).startswith("asr_"):
        return TRANSCRIPT
    if metric == "bleu" or str(metric).startswith("st_"):
        return TRANSLATION
    return None
