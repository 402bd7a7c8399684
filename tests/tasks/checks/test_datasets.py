"""Splits without the text that is learnt or scored are refused before a training begins."""

import pytest

from interactive_st.errors import DataError


@pytest.mark.parametrize(
    ("split", "model", "message"),
    [
        ("train_asr", "st", r"train_asr: no row has a translation \(tgt_text\), so nothing can be learnt"),
        ("train_st", "asr", r"train_st: no row has a transcript \(src_text\), so nothing can be learnt"),
        ("dev_asr", "st", r"dev_asr: no row has a translation \(tgt_text\), so it has no loss"),
    ],
)
def test_splits_that_say_nothing_of_the_model_are_refused(load, split, model, message):
    with pytest.raises(DataError, match=message):
        load(split, model)
    load(split, "both")
    load(split, model, decodes=True)


def test_ctc_learns_from_transcripts_alone(load):
    load("train_asr", "st", ctc_weight=0.3)
    with pytest.raises(DataError, match="it has no loss"):
        load("dev_asr", "st", ctc_weight=0.3)


@pytest.mark.parametrize(
    ("split", "metric"),
    [("dev_asr", "bleu"), ("dev_asr", "st_loss"), ("dev_st", "wer"), ("dev_st", "asr_accuracy")],
)
def test_the_metric_that_chooses_has_to_be_there(load, split, metric):
    with pytest.raises(DataError, match=rf"{split}: .* no {metric}, by which --best-checkpoint-metric"):
        load(split, "both", metric=metric)
    load(split, "both", metric="loss")
    load(split, "both", metric=metric, from_checkpoint=True)  # as fairseq-validate, which chooses nothing
    load(split.replace("dev", "train"), "both", metric=metric)


@pytest.mark.parametrize("metric", ["wer", "bleu", "ctc_loss"])
def test_text_alone_has_no_score_of_speech(load, silent, metric):
    silent("dev_text"), silent("train_text")
    text = r"translation \(tgt_text\)" if metric == "bleu" else r"transcript \(src_text\)"
    message = f"dev_text: no row with speech has a {text}, so there is no {metric}, by which"
    with pytest.raises(DataError, match=message):
        load("dev_text", "both", metric=metric)
    load("train_text", "both", metric=metric)
    with pytest.raises(DataError, match="train_text: no row with speech has a"):
        load("train_text", "both", metric=metric, valid_subset="dev,train_text")
    load("dev_text", "both", metric="st_loss")
    load("dev_asr,dev_text", "both", metric="wer")
    with pytest.raises(DataError, match="dev_st,dev_text: no row with speech has a transcript"):
        load("dev_st,dev_text", "both", metric="wer")


def test_text_alone_is_not_decoded(load, silent):
    load(silent("train_text"), "both")
    with pytest.raises(DataError, match=r"train_text.tsv:2 \(a\): has text alone, and there is nothing"):
        load("train_text", "both", decodes=True)
