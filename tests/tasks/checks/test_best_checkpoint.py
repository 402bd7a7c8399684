"""What checkpoints can be chosen by, asked before the training rather than after the first validation."""

from argparse import Namespace

import pytest

from interactive_st.conventions import BOTH, CRITERION
from interactive_st.modules.streams import STREAMS
from interactive_st.tasks.checks.best_checkpoint import LOGGED, SCORES, check_best_checkpoint_metric

HIGHER = ("bleu", "accuracy", "asr_accuracy", "st_accuracy")
ALL = {"eval_bleu": True, "eval_wer": True, "report_accuracy": True, "ctc_weight": 0.3}


def check(metric, streams="both", criterion=CRITERION, **options):
    args = Namespace(best_checkpoint_metric=metric, criterion=criterion, **options)
    check_best_checkpoint_metric(args, "model", STREAMS[streams])


@pytest.mark.parametrize("metric", [*LOGGED[CRITERION], *SCORES])
def test_every_metric_that_is_logged_is_taken_in_its_own_direction(metric):
    right = metric in HIGHER
    check(metric, maximize_best_checkpoint_metric=right, **ALL)
    advice = "add" if right else "leave out"
    with pytest.raises(ValueError, match=f"the {'higher' if right else 'lower'} the better.*{advice} --max"):
        check(metric, maximize_best_checkpoint_metric=not right, **ALL)


@pytest.mark.parametrize(
    ("metric", "option"),
    [("bleu", "eval-bleu"), ("wer", "eval-wer"), ("st_accuracy", "report-accuracy"),
     ("accuracy", "report-accuracy"), ("ctc_loss", "ctc-weight")],
)  # fmt: skip
def test_what_computes_it_has_to_be_asked_for(metric, option):
    with pytest.raises(ValueError, match=f"{metric} needs --{option}, without which"):
        check(metric, maximize_best_checkpoint_metric=metric in HIGHER)
    check(metric, disable_validation=True)


@pytest.mark.parametrize(
    ("metric", "streams", "texts"),
    [("asr_loss", "st", "transcripts"), ("asr_accuracy", "st", "transcripts"), ("wer", "st", "transcripts"),
     ("st_nll_loss", "asr", "translations"), ("bleu", "asr", "translations")],
)  # fmt: skip
def test_the_model_has_to_write_what_it_measures(metric, streams, texts):
    maximizes = metric in HIGHER
    with pytest.raises(ValueError, match=f"{metric} is of {texts}, which --arch model does not write"):
        check(metric, streams, maximize_best_checkpoint_metric=maximizes, **ALL)
    check(metric, maximize_best_checkpoint_metric=maximizes, **ALL)


def test_the_encoder_hears_for_every_model():
    check("ctc_loss", "st", **ALL)


@pytest.mark.parametrize(
    ("metric", "criterion", "close"),
    [("blue", CRITERION, r"; did you mean bleu\?"), ("st_loss", "label_smoothed_cross_entropy", ""),
     ("accuracy", "cross_entropy", ""), ("x", CRITERION, "")],
)  # fmt: skip
def test_an_unknown_metric_is_named_with_those_there_are(metric, criterion, close):
    message = rf"--best-checkpoint-metric {metric}: validation has no such value{close}.* It has loss, .*wer"
    with pytest.raises(ValueError, match=message):
        check(metric, criterion=criterion, **ALL)


def test_cross_entropy_has_two_values_where_they_differ():
    check("loss", criterion="cross_entropy")
    check("nll_loss", criterion="cross_entropy", sentence_avg=True)
    with pytest.raises(ValueError, match=r"nll_loss: validation has no such value.* It has loss, ppl,"):
        check("nll_loss", criterion="cross_entropy")


def test_criteria_of_others_may_log_anything():
    check("f1", criterion="of_a_plug_in", maximize_best_checkpoint_metric=True)
    check("accuracy", criterion="of_a_plug_in")
    with pytest.raises(ValueError, match="bleu needs --eval-bleu"):
        check("bleu", criterion="of_a_plug_in", maximize_best_checkpoint_metric=True)
    check_best_checkpoint_metric(Namespace(), "model", BOTH)
