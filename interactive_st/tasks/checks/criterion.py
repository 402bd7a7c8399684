"""Refuses the criteria of fairseq that know batches of one text."""

from fairseq.criterions import CRITERION_REGISTRY, FairseqCriterion
from fairseq.criterions.cross_entropy import CrossEntropyCriterion
from fairseq.criterions.label_smoothed_cross_entropy import LabelSmoothedCrossEntropyCriterion

from interactive_st.modules.streams import Streams

#: The criterion of this package.
JOINT = "joint_label_smoothed_cross_entropy"
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
