"""Refuses criteria that know batches of one text, and options of ours that have no effect on a model."""

from argparse import Namespace

from fairseq.criterions import CRITERION_REGISTRY, FairseqCriterion
from fairseq.criterions.cross_entropy import CrossEntropyCriterion
from fairseq.criterions.label_smoothed_cross_entropy import LabelSmoothedCrossEntropyCriterion

from interactive_st.conventions import BOTH, CRITERION, STREAM_CODES, STREAM_NAMES
from interactive_st.criterions.joint_cross_entropy import NO_PREFIX, JointLabelSmoothedCrossEntropyCriterion
from interactive_st.errors import SettingError
from interactive_st.modules.streams import Streams

#: fairseq's criteria that sum over tokens, which is right for two texts as well.
TOKEN_SUM_CRITERIA = (CrossEntropyCriterion, LabelSmoothedCrossEntropyCriterion)


def checked_criterion(
    criterion: FairseqCriterion, streams: Streams, reads_other_text: bool = True, trains: bool = True
) -> FairseqCriterion:
    """Return a criterion, unless it does not suit a model.

    Args:
        criterion: any; those that are neither fairseq's nor ours are taken to know the task's batches.
        streams: what the model writes.
        reads_other_text: whether one of its texts is written by reading the other.
        trains: the model is new. One that is trained keeps the options that it was trained with.

    Raises:
        SettingError: it is one of fairseq's that stumbles over batches of two texts, or an option of ours
            leaves nothing to train or has no effect on such a model.
    """
    if trains and isinstance(criterion, JointLabelSmoothedCrossEntropyCriterion):
        _check_weights(criterion, streams)
        if not reads_other_text:
            _check_corruption(criterion)
    kind = type(criterion)
    prefix = getattr(criterion, "ignore_prefix_size", 0)
    if kind in TOKEN_SUM_CRITERIA and streams == BOTH and prefix:
        raise SettingError(f"--ignore-prefix-size {prefix}: {NO_PREFIX}")
    fits = kind in TOKEN_SUM_CRITERIA and len(streams) == 2 and not prefix
    if kind.__module__.startswith("fairseq.") and not fits:
        names = (name for name, registered in CRITERION_REGISTRY.items() if registered is kind)
        name = next(names, kind.__module__.rpartition(".")[2])  # composite_loss makes a class of its own
        raise SettingError(
            f"--criterion {name} expects batches of one text, and those of this task have two; give "
            f"--criterion {CRITERION}, which has CTC as well (--ctc-weight)"
        )
    return criterion


def check_same_criterion(args: Namespace, used: object = None) -> None:
    """Raise ``SettingError`` where fairseq-validate is told of another criterion than that of the training,
    which it uses.

    Args:
        args: the options of a training, or of fairseq-validate, which has those of the training as well.
        used: the options of the criterion that is built.
    """
    given, name = getattr(args, "criterion", None), getattr(used, "_name", None)
    if getattr(args, "path", None) and given and name and given != name:
        raise SettingError(
            f"--criterion {given} changes nothing in fairseq-validate, which takes {name}, that of the "
            "training; leave it out"
        )


def _check_weights(criterion: JointLabelSmoothedCrossEntropyCriterion, streams: Streams) -> None:
    weights = {stream: getattr(criterion, f"{STREAM_CODES[stream]}_weight") for stream in BOTH}
    for stream in set(BOTH) - set(streams):
        if weights[stream] not in (0, 1):  # 1 is what it is without the option
            raise SettingError(
                f"--{STREAM_CODES[stream]}-weight {weights[stream]:g}: the model writes no "
                f"{STREAM_NAMES[stream]}, and the option has no effect; leave it out"
            )
    if not criterion.ctc_weight and not any(weights[stream] for stream in streams):
        options = " and ".join(f"--{STREAM_CODES[stream]}-weight" for stream in streams)
        raise SettingError(
            f"{options} 0 leaves nothing to train: the model writes nothing else; leave it out"
        )


def _check_corruption(criterion: JointLabelSmoothedCrossEntropyCriterion) -> None:
    if criterion.prefix_corruption > 0 and criterion.prefix_corruption_of == "partner":
        raise SettingError(
            "--prefix-corruption-of partner corrupts what the other text reads, and no text of this model "
            "reads the other; leave it out"
        )
