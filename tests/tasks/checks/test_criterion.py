"""Criteria that know one text are refused."""

import pytest
from fairseq.criterions import CRITERION_REGISTRY

from interactive_st.conventions import BOTH, TRANSCRIPT, TRANSLATION
from interactive_st.tasks.checks.criterion import checked_criterion


def made(name: str, **attributes: object) -> object:
    """A criterion of that name, which was not given its options."""
    kind = CRITERION_REGISTRY[name]
    criterion = kind.__new__(kind)
    vars(criterion).update(attributes)
    return criterion


def test_criteria_that_know_one_text_are_refused():
    refused = [
        (made("cross_entropy"), (TRANSCRIPT,)),
        (made("label_smoothed_cross_entropy", ignore_prefix_size=0), (TRANSLATION,)),
        (made("label_smoothed_cross_entropy", ignore_prefix_size=1), BOTH),
        (made("label_smoothed_cross_entropy_with_ctc", ignore_prefix_size=0), BOTH),
    ]
    for criterion, streams in refused:
        with pytest.raises(ValueError, match="give --criterion joint_label_smoothed_cross_entropy"):
            checked_criterion(criterion, streams)


def test_criteria_that_add_up_tokens_or_are_not_fairseq_s_are_taken():
    own = type("Own", (CRITERION_REGISTRY["cross_entropy"],), {"__module__": "my.criteria"})
    taken = [
        (made("cross_entropy"), BOTH),
        (made("label_smoothed_cross_entropy", ignore_prefix_size=0), BOTH),
        (made("joint_label_smoothed_cross_entropy", ignore_prefix_size=0), (TRANSCRIPT,)),
        (own.__new__(own), (TRANSCRIPT,)),
    ]
    for criterion, streams in taken:
        assert checked_criterion(criterion, streams) is criterion
