"""fairseq-train: what it logs and keeps, resuming, and the options that people combine."""

import math

import pytest
import torch
from commands.spoken import SPLITS

#: Nothing is left to chance from one run to the next but what the seed draws.
STEADY = {"dropout": 0, "attention-dropout": 0, "activation-dropout": 0}


def load(path):
    return torch.load(path, map_location="cpu")


def parameters(path):
    return load(path)["model"]


def completed(result):
    assert result.status == 0, result.output[-3000:]
    return result


@pytest.mark.parametrize("tag", ["train_inner", "train", "dev"])
def test_both_losses_ctc_and_accuracy_are_logged(trained, tag):
    names = {"asr_loss", "st_loss", "ctc_loss", "asr_nll_loss", "st_nll_loss", "asr_accuracy", "st_accuracy"}
    logged = trained.result.logs(tag)
    assert logged
    for values in logged:
        assert names | {"loss", "nll_loss", "accuracy"} <= values.keys()
        assert all(math.isfinite(values[name]) for name in names)


def test_training_learns(trained):
    first, last = trained.result.logs("dev")[0], trained.result.logs("dev")[-1]
    assert all(last[name] < first[name] - 0.5 for name in ("asr_loss", "st_loss", "ctc_loss"))


def test_best_checkpoint_is_the_one_of_the_lowest_wer(trained):
    rates = {int(values["num_updates"]): values["wer"] for values in trained.result.logs("dev")}
    assert len(set(rates.values())) > 1
    lowest = min(rates.values())
    kept = load(trained.best)
    assert kept["extra_state"]["best"] == lowest
    assert rates[kept["optimizer_history"][-1]["num_updates"]] == lowest
    assert trained.result.logs("dev")[-1]["best_wer"] == lowest


def test_best_checkpoint_by_bleu_and_partly_labelled_rows_alone(train, corpus, tmp_path):
    result = completed(
        train(
            corpus.data,
            tmp_path,
            train_subset="train_b",
            max_update=6,
            eval_bleu=True,
            best_checkpoint_metric="bleu",
            maximize_best_checkpoint_metric=True,
        )
    )
    scores = {int(values["num_updates"]): values["bleu"] for values in result.logs("dev")}
    assert len(set(scores.values())) > 1
    kept = load(tmp_path / "checkpoint_best.pt")
    assert kept["extra_state"]["best"] == max(scores.values())
    assert scores[kept["optimizer_history"][-1]["num_updates"]] == max(scores.values())
    assert not any("wer" in values for values in result.logs("dev"))


def test_resuming_continues_as_if_never_stopped(train, corpus, tmp_path):
    """To the last bit, with dropout and corruption of prefixes, whose draws depend on the update alone.

    With `shuffle` in the configuration fairseq breaks ties of length anew for the epoch it begins with.
    """
    options = {"prefix_corruption": 0.15, "ctc_weight": 0.3, "batch_size": 4}  # train_a is two batches
    options |= {"eval_wer": True, "best_checkpoint_metric": "wer"}
    options["config_yaml"] = corpus.configure("config_in_order.yaml", shuffle=False)
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    completed(train(corpus.data, whole, max_update=4, **options))
    first = completed(train(corpus.data, halves, max_update=2, **options))
    resumed = completed(train(corpus.data, halves, max_update=4, **options))
    assert "(epoch 2 @ 2 updates)" in resumed.output
    assert resumed.logs("dev")[0]["best_wer"] <= first.logs("dev")[0]["wer"]
    expected = parameters(whole / "checkpoint_last.pt")
    assert_close(parameters(halves / "checkpoint_last.pt"), expected, 0)


def test_update_freq_adds_batches_up(train, corpus, tmp_path):
    """Two batches of four an update are one batch of eight, whatever their lengths."""
    one, two = tmp_path / "one", tmp_path / "two"
    whole = completed(train(corpus.data, one, batch_size=8, **STEADY))
    parts = completed(train(corpus.data, two, batch_size=4, update_freq=2, **STEADY))
    assert [values["bsz"] for values in parts.logs("train_inner")] == [8.0, 8.0]
    assert [v["loss"] for v in parts.logs("train_inner")] == [v["loss"] for v in whole.logs("train_inner")]
    assert_close(parameters(two / "checkpoint_last.pt"), parameters(one / "checkpoint_last.pt"), 1e-4)


def test_several_train_subsets_are_one_corpus(train, corpus, tmp_path):
    options = {"train_subset": "train_a,train_b", "max_tokens": 9999, "required_batch_size_multiple": 1}
    result = completed(train(corpus.data, tmp_path, max_update=1, **options))
    assert result.logs("train_inner")[0]["bsz"] == SPLITS["train_a"] + SPLITS["train_b"]


def test_half_precision(train, corpus, tmp_path):
    """Where fairseq can without a GPU, which --fp16 wants; --bf16 wants a TPU of other architectures."""
    first, kinds = [], {"full": {}, "half": {"memory_efficient_fp16": True}, "bf16": {"bf16": True}}
    for name, options in kinds.items():
        result = completed(
            train(
                corpus.data, tmp_path / name, batch_size=8, ctc_weight=0.3, max_update=1, **options, **STEADY
            )
        )
        first.append(result.logs("train_inner")[0])
    assert "loss_scale" in first[1]
    for values in first[1:]:
        for name in ("asr_loss", "st_loss", "ctc_loss"):
            assert values[name] == pytest.approx(first[0][name], rel=0.01)
    for name in ("half", "bf16"):
        stored = parameters(tmp_path / name / "checkpoint_last.pt")
        assert all(value.isfinite().all() for value in stored.values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prefix_corruption": 1.5}, "--prefix-corruption 1.5"),
        ({"wait_k": "soon"}, "--wait-k must be a whole number"),
        ({"eval_bleu": True, "eval_bleu_args": "{'beam': 2}"}, "--eval-bleu-args"),
        ({"best_checkpoint_metric": "bleu"}, "--best-checkpoint-metric bleu needs --eval-bleu"),
        (  # fairseq's, where none is named
            {"arch": "asr_tiny", "criterion": None, "label_smoothing": None},
            "--criterion cross_entropy expects batches of one text",
        ),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(train, corpus, tmp_path, options, message):
    result = train(corpus.data, tmp_path, **options)
    assert result.status != 0
    assert message in result.stderr.splitlines()[-1]


def assert_close(actual, expected, tolerance):
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        if name.endswith("k_proj.bias"):
            continue  # moves all scores of a softmax alike: its gradient is rounding, which Adam blows up
        torch.testing.assert_close(actual[name], value, atol=tolerance, rtol=0, msg=name)


@pytest.mark.parametrize("arch", ["interactive_st_tiny", "two_stage_st_tiny"])
def test_texts_without_speech(train, with_text, tmp_path, arch):
    """They are read beside speech, and validated by their loss; what is decoded is the speech alone."""
    result = completed(
        train(
            with_text, tmp_path / "run", arch=arch, train_subset="train_a,train_text",
            valid_subset="dev,dev_text", max_update=None, max_epoch=1, ctc_weight=0.3, prefix_corruption=0.1,
            eval_bleu=True, eval_wer=True, encoder_freezing_updates=1,
        )
    )  # fmt: skip
    logs = result.logs("train_inner")
    assert all(math.isfinite(values["st_loss"]) for values in logs)
    assert [values["ctc_loss"] is None for values in logs] == [False, True]  # first a batch of speech
    assert "wer" in result.logs("dev")[-1]
    assert {"asr_loss", "st_loss"} <= result.logs("dev_text")[-1].keys()
    assert not {"wer", "bleu", "ctc_loss"} & result.logs("dev_text")[-1].keys()


@pytest.mark.parametrize("metric", ["wer", "ctc_loss"])
def test_texts_without_speech_are_not_scored(train, with_text, tmp_path, metric):
    result = train(
        with_text, tmp_path / "run", valid_subset="dev,dev_text", ctc_weight=0.3, eval_wer=True,
        best_checkpoint_metric=metric,
    )  # fmt: skip
    assert result.status != 0
    message = f"dev_text: no row with speech has a transcript (src_text), so there is no {metric}, by which"
    assert message in result.output
