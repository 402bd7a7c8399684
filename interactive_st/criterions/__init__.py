"""Training objectives; importing this package registers them with fairseq."""

from interactive_st.criterions.joint_cross_entropy import (
    JointLabelSmoothedCrossEntropyConfig,
    JointLabelSmoothedCrossEntropyCriterion,
)

__all__ = [
    "JointLabelSmoothedCrossEntropyConfig",
    "JointLabelSmoothedCrossEntropyCriterion",
]
