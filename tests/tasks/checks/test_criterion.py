"""Criteria that know one text are refused."""

from argparse import Namespace
from types import SimpleNamespace

import pytest
import tiny
from fairseq.criterions import CRITERION_REGISTRY

from interactive_st.conventions import BOTH, TRANSCRIPT, TRANSLATION
from interactive_st.tasks.checks.criterion import check_same_criterion, checked_criterion


def made(name: str, **attributes: object) -> object:
    """A criterion of that name, which was not given its options."""
    kind = CRITERION_REGISTRY[name]
    criterion = kind.__new__(kind)
    vars(criterion).update(attributes)
    return criterion


def joint(**attributes: object) -> object:
    usual = {"asr_weight": 1.0, "st_weight": 1.0, "ctc_weight": 0.0, "prefix_corruption": 0.0}
    return made("joint_label_smoothed_cross_entropy", **usual | {"prefix_corruption_of": "both"} | attributes)


def test_criteria_that_know_one_text_are_refused():
    refused = [
        (made("cross_entropy"), (TRANSCRIPT,)),
        (made("label_smoothed_cross_entropy", ignore_prefix_size=0), (TRANSLATION,)),
        (made("label_smoothed_cross_entropy_with_ctc", ignore_prefix_size=0), BOTH),
    ]
    for criterion, streams in refused:
        with pytest.raises(ValueError, match="give --criterion joint_label_smoothed_cross_entropy"):
            checked_criterion(criterion, streams)


def test_a_criterion_that_makes_a_class_of_its_own_is_refused_by_name():
    task = SimpleNamespace(build_criterion=lambda args: made("cross_entropy", task=None))
    args = Namespace(criterion="composite_loss", underlying_criterion="cross_entropy", sentence_avg=False)
    criterion = CRITERION_REGISTRY["composite_loss"].build_criterion(args, task)
    with pytest.raises(ValueError, match="--criterion composite_loss expects batches of one text"):
        checked_criterion(criterion, BOTH)


def test_a_prefix_that_is_ignored_would_be_a_word():
    with pytest.raises(ValueError, match="--ignore-prefix-size 1: language tags are inputs"):
        checked_criterion(made("label_smoothed_cross_entropy", ignore_prefix_size=1), BOTH)


@pytest.mark.parametrize(
    ("options", "streams", "message"),
    [
        ({"st_weight": 0}, (TRANSLATION,), "--st-weight 0 leaves nothing to train"),
        ({"asr_weight": 0}, (TRANSCRIPT,), "--asr-weight 0 leaves nothing to train"),
        ({"asr_weight": 5}, (TRANSLATION,), "--asr-weight 5: the model writes no transcript, and the option"),
        ({"st_weight": 0.5}, (TRANSCRIPT,), "--st-weight 0.5: the model writes no translation"),
    ],
)
def test_weights_without_effect_are_refused(options, streams, message):
    with pytest.raises(ValueError, match=message):
        checked_criterion(joint(**options), streams)


@pytest.mark.parametrize(
    ("options", "streams"),
    [
        ({"st_weight": 0, "ctc_weight": 0.3}, (TRANSLATION,)),  # CTC alone teaches the encoder
        ({"asr_weight": 0}, (TRANSLATION,)),
        ({"asr_weight": 0.2}, BOTH),
        ({"asr_weight": 0}, BOTH),
    ],
)
def test_weights_that_say_what_happens_are_taken(options, streams):
    criterion = joint(**options)
    assert checked_criterion(criterion, streams) is criterion


def test_prefixes_are_not_corrupted_for_a_text_that_nobody_reads():
    criterion = joint(prefix_corruption=0.1, prefix_corruption_of="partner")
    assert checked_criterion(criterion, BOTH, reads_other_text=True) is criterion
    with pytest.raises(ValueError, match="--prefix-corruption-of partner corrupts what the other text reads"):
        checked_criterion(criterion, BOTH, reads_other_text=False)
    off = joint(prefix_corruption=0.0, prefix_corruption_of="partner")
    assert checked_criterion(off, BOTH, reads_other_text=False) is off


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("interactive_st", True),
        ("two_stage_st", True),
        ("multitask_st", False),
        ("e2e_st", False),
        ("asr", False),
    ],
)
def test_which_systems_read_the_other_text(name, reads):
    assert tiny.system(name).decoder.reads_other_text == reads


def test_criteria_that_add_up_tokens_or_are_not_fairseq_s_are_taken():
    own = type("Own", (CRITERION_REGISTRY["cross_entropy"],), {"__module__": "my.criteria"})
    taken = [
        (made("cross_entropy"), BOTH),
        (made("label_smoothed_cross_entropy", ignore_prefix_size=0), BOTH),
        (joint(), (TRANSCRIPT,)),
        (own.__new__(own), (TRANSCRIPT,)),
    ]
    for criterion, streams in taken:
        assert checked_criterion(criterion, streams) is criterion


def test_a_trained_model_keeps_what_it_was_trained_with():
    """fairseq-validate makes its criterion of the options that the checkpoint holds."""
    criterion = joint(asr_weight=0.5, prefix_corruption=0.1, prefix_corruption_of="partner")
    assert checked_criterion(criterion, (TRANSLATION,), reads_other_text=False, trains=False) is criterion


def test_another_criterion_than_that_of_the_training_is_refused():
    """fairseq-validate takes the one of the training, whatever it is told."""
    used = Namespace(_name="joint")
    with pytest.raises(ValueError, match="--criterion other changes nothing in fairseq-validate, which"):
        check_same_criterion(Namespace(path="a.pt", criterion="other"), used)
    check_same_criterion(Namespace(path="a.pt", criterion="joint"), used)
    check_same_criterion(Namespace(criterion="other"), used)  # a training has one
    check_same_criterion(Namespace(path="a.pt", criterion="other"))
