"""Checks before training, validation and decoding: the data has the texts or speech that loss and metrics
need, and the criterion handles two texts."""

from argparse import Namespace

from fairseq.criterions import CRITERION_REGISTRY, FairseqCriterion
from fairseq.criterions.cross_entropy import CrossEntropyCriterion
from fairseq.criterions.label_smoothed_cross_entropy import LabelSmoothedCrossEntropyCriterion
from fairseq.data import FairseqDataset

from interactive_st.conventions import STREAM_NAMES, TRANSCRIPT, TRANSLATION, option_name
from interactive_st.data.folder_layout import TEXT_COLUMNS, is_train
from interactive_st.errors import DataError
from interactive_st.modules.streams import Streams
from interactive_st.tasks.checkpoint_choice import JOINT, text_of

#: Options of the task that only matter for decoding; training and validation refuse them.
DECODING_OPTIONS = ("pairs_path", "mt_path", "mt_data", "mt_args")
#: Values of --ddp-backend that treat missing gradients as zero.
LEGACY_DDP_BACKENDS = ("legacy_ddp", "no_c10d")
#: torch's, which waits for them without --find-unused-parameters.
TORCH_DDP_BACKENDS = ("c10d", "pytorch_ddp")
#: Metrics that need speech: of what is decoded, or of the encoder.
SPEECH_METRICS = ("bleu", "wer", "ctc_loss")
#: fairseq's criteria that sum over tokens, which is right for two texts as well.
TOKEN_SUM_CRITERIA = (CrossEntropyCriterion, LabelSmoothedCrossEntropyCriterion)


def checked_criterion(criterion: FairseqCriterion, streams: Streams) -> FairseqCriterion:
    """Return a criterion, unless it is one of fairseq's that stumbles over batches of two texts.

    Args:
        criterion: any; those that are not fairseq's are taken to know what the task's batches are.
        streams: what the model writes.

    Raises:
        ValueError: it is one of those; the message names it.
    """
    kind = type(criterion)
    prefix = getattr(criterion, "ignore_prefix_size", 0)
    fits = kind in TOKEN_SUM_CRITERIA and len(streams) == 2 and not prefix
    if kind.__module__.startswith("fairseq.") and not fits:
        name = next(name for name, registered in CRITERION_REGISTRY.items() if registered is kind)
        raise ValueError(
            f"--criterion {name} expects batches of one text, and those of this task have two; give "
            f"--criterion {JOINT}, which has CTC as well (--ctc-weight)"
        )
    return criterion


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
                f"{option_name(option)} scores {STREAM_NAMES[stream]}s, which --arch {arch} does not write; "
                "leave it out"
            )


def check_options(args: Namespace) -> None:
    """Raise ``ValueError`` for options of decoding, or without effect.

    Args:
        args: the options of the training, or of fairseq-validate.
    """
    for name in DECODING_OPTIONS:
        if getattr(args, name, None) not in (None, "{}"):
            raise ValueError(
                f"{option_name(name)} has a meaning in decoding alone; leave it out here, and give it "
                "to fairseq-generate or fairseq-interactive"
            )
    if getattr(args, "finetune_from_model", None) and getattr(args, "load_pretrained_encoder_from", None):
        raise ValueError(
            "--load-pretrained-encoder-from has no effect beside --finetune-from-model, which replaces that "
            "encoder by its own; leave it out, or give it to the training that made that model"
        )
    if getattr(args, "combine_valid_subsets", False):
        raise ValueError(
            "--combine-valid-subsets cannot be honoured; leave it out, and name the subsets, as in "
            "--valid-subset dev,dev2"
        )
    _check_frozen_encoder(args)


def check_texts(split: str, dataset: FairseqDataset, streams: Streams, args: Namespace) -> None:
    """Raise `DataError` for a split that has nothing of what is learnt or measured.

    Args:
        split: its name; training data if that begins with ``train``.
        dataset: its rows.
        streams: the texts that the model writes.
        args: the options of the training.
    """
    trains = is_train(split)
    ctc = trains and getattr(args, "ctc_weight", 0.0)
    learnt = sorted({*streams, TRANSCRIPT} if ctc else set(streams))
    if not any(map(dataset.has_texts, learnt)):
        missing = " or a ".join(f"{STREAM_NAMES[stream]} ({TEXT_COLUMNS[stream]})" for stream in learnt)
        what = "nothing can be learnt from it" if trains else "it has no loss"
        raise DataError(f"{split}: no row has a {missing}, so {what}; name another subset, or another --arch")
    metric = getattr(args, "best_checkpoint_metric", None)
    stream = TRANSCRIPT if metric == "ctc_loss" else text_of(metric)
    needs_speech = metric in SPEECH_METRICS
    if not trains and stream is not None and not dataset.has_texts(stream, with_speech=needs_speech):
        raise DataError(
            f"{split}: no row {'with speech ' * needs_speech}has a {STREAM_NAMES[stream]} "
            f"({TEXT_COLUMNS[stream]}), so there is no {metric}, by which --best-checkpoint-metric chooses, "
            "and fairseq asks every validation subset for it; leave the subset out, or choose another metric"
        )


def check_text_alone(split: str, dataset: FairseqDataset, args: Namespace) -> None:
    """Raise ``ValueError`` where processes that have speech would wait for those that have text alone.

    Args:
        split: its name; training data if that begins with ``train``.
        dataset: its rows.
        args: the options of the training.
    """
    written = dataset.without_speech()
    backend = str(getattr(args, "ddp_backend", ""))
    waits = _has_several_processes(args) and backend not in (*LEGACY_DDP_BACKENDS, *TORCH_DDP_BACKENDS)
    if written and is_train(split) and waits:
        raise ValueError(
            f"{written[0]}: has text alone, whose batches do not use the encoder, and --ddp-backend "
            f"{backend} would wait for it; add --ddp-backend legacy_ddp"
        )


def _check_frozen_encoder(args: Namespace) -> None:
    """Raise ``ValueError`` where several processes would wait for gradients of an encoder that is frozen."""
    updates = getattr(args, "encoder_freezing_updates", None) or 0
    backend = str(getattr(args, "ddp_backend", ""))
    asks = backend in TORCH_DDP_BACKENDS and getattr(args, "find_unused_parameters", False)
    waits = _has_several_processes(args) and backend not in LEGACY_DDP_BACKENDS and not asks
    if updates > 0 and waits:
        raise ValueError(
            f"--encoder-freezing-updates {updates}: a frozen encoder has no gradient, and --ddp-backend "
            f"{backend} would wait for it; add --ddp-backend legacy_ddp"
        )


def _has_several_processes(args: Namespace) -> bool:
    return (getattr(args, "distributed_world_size", 1) or 1) > 1


def check_speech(dataset: FairseqDataset) -> None:
    """Raise `DataError` for a split that is to be decoded and has rows of text alone."""
    for row in dataset.without_speech():
        raise DataError(f"{row}: has text alone, and there is nothing to decode; name another --gen-subset")
