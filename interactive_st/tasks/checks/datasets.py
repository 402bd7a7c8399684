"""Whether a split has the texts that are learnt or measured, and the speech that is decoded."""

from argparse import Namespace

from fairseq.data import FairseqDataset

from interactive_st.conventions import STREAM_NAMES, TRANSCRIPT
from interactive_st.data.folder.layout import TEXT_COLUMNS, is_train
from interactive_st.errors import DataError
from interactive_st.modules.streams import Streams
from interactive_st.tasks.checks.best_checkpoint import SCORES, text_of

#: Metrics that need speech: of what is decoded, or of the encoder.
SPEECH_METRICS = (*SCORES, "ctc_loss")


def check_texts(
    split: str, dataset: FairseqDataset, streams: Streams, args: Namespace, is_training: bool = True
) -> None:
    """Raise `DataError` for a split that has nothing of what is learnt or measured.

    Args:
        split: its name; training data if that begins with ``train``.
        dataset: its rows.
        streams: the texts that the model writes.
        args: the options of the training.
        is_training: it is what runs, and chooses checkpoints; fairseq-validate has its options as well.
    """
    trains = is_train(split)
    ctc = trains and getattr(args, "ctc_weight", 0.0)
    learnt = sorted({*streams, TRANSCRIPT} if ctc else set(streams))
    if not any(map(dataset.has_texts, learnt)):
        missing = " or a ".join(f"{STREAM_NAMES[stream]} ({TEXT_COLUMNS[stream]})" for stream in learnt)
        what = "nothing can be learnt from it" if trains else "it has no loss"
        raise DataError(f"{split}: no row has a {missing}, so {what}; name another subset, or another --arch")
    validates = not trains or split in (getattr(args, "valid_subset", None) or "").split(",")
    validates = validates and is_training
    metric = getattr(args, "best_checkpoint_metric", None)
    stream = TRANSCRIPT if metric == "ctc_loss" else text_of(metric)
    needs_speech = metric in SPEECH_METRICS
    if validates and stream is not None and not dataset.has_texts(stream, with_speech=needs_speech):
        raise DataError(
            f"{split}: no row {'with speech ' * needs_speech}has a {STREAM_NAMES[stream]} "
            f"({TEXT_COLUMNS[stream]}), so there is no {metric}, by which --best-checkpoint-metric chooses, "
            "and fairseq asks every validation subset for it; leave the subset out, or choose another metric"
        )


def check_speech(dataset: FairseqDataset) -> None:
    """Raise `DataError` for a split that is to be decoded and has rows of text alone."""
    for row in dataset.without_speech():
        raise DataError(f"{row}: has text alone, and there is nothing to decode; name another --gen-subset")
