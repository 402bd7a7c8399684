"""Counts of errors and what is significant, of texts that were made by hand."""

import json

import numpy as np
import pytest
from faulty_texts import sentences, with_errors
from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest

from benchmarks.quality import counts, significance
from interactive_st.scoring.corpus_scores import score_pairs


def compare(metric, reference, other, truth, resamples=1000):
    """As `significance.compare`, of texts by seed."""
    counted = ([counts.count(metric, texts, truth) for texts in system] for system in (reference, other))
    return significance.compare(metric, *counted, resamples)


@pytest.mark.parametrize("metric", ["wer", "bleu", "chrf"])
def test_scores_in_comparisons_are_the_usual_ones(metric):
    truth = sentences(30)
    one, other = with_errors(truth, 5, 1), with_errors(truth, 3, 2)
    found = compare(metric, [one], [other], truth, 50)
    for text, value in ((one, found.reference), (other, found.other)):
        pairs = [
            {"transcript": t, "reference_transcript": r, "translation": t, "reference_translation": r}
            for t, r in zip(text, truth, strict=True)
        ]
        assert value == pytest.approx(score_pairs(pairs)[metric])


def test_p_is_that_of_sacrebleu_on_texts():
    """Counting first and comparing then changes nothing of what sacrebleu's test of two systems says."""
    truth = sentences(30)
    one, other = with_errors(truth, 5, 1), with_errors(truth, 4, 2)
    systems = [("a", one), ("b", other)]
    usual = PairedTest(systems, {"bleu": BLEU()}, [truth], test_type="bs", n_samples=200)()[1]["BLEU"]
    assert compare("bleu", [one], [other], truth, 200) == (usual[0].score, usual[1].score, usual[1].p_value)


@pytest.mark.parametrize("metric", ["wer", "bleu", "chrf"])
def test_equal_and_very_different_systems(metric):
    truth = sentences(60)
    good, same, bad = with_errors(truth, 20, 1), with_errors(truth, 20, 2), with_errors(truth, 2, 3)
    assert compare(metric, [good], [bad], truth).p < 0.01
    assert compare(metric, [good], [same], truth).p > 0.1
    assert compare(metric, [good], [good], truth).p == 1.0


def test_several_seeds_give_one_score_and_more_seeds_are_no_more_utterances():
    """With the same texts in every seed nothing is known that one seed did not say: p stays what it was, and
    does not become smaller as it does where seeds are strung together."""
    truth = sentences(40)
    one, other = with_errors(truth, 6, 1), with_errors(truth, 4, 4)
    single = compare("wer", [one], [other], truth)
    assert 0.001 < single.p < 0.2
    assert compare("wer", [one] * 3, [other] * 3, truth) == single
    strung = compare("wer", [one * 3], [other * 3], truth * 3)
    assert strung.p < single.p
    third = with_errors(truth, 2, 5)
    both = compare("wer", [one, third], [other, other], truth)
    alone = compare("wer", [third], [other], truth)
    assert both.reference == pytest.approx((single.reference + alone.reference) / 2)


def test_by_hand():
    """Two utterances of one and three words, the first wrong in one system: 25 % of the words. Two draws
    are the first twice (100 %), each once (25 %, twice as often) or the second twice (0 %): the mean is
    37.5 %, which only the first exceeds by more than the observed 25 %, in a quarter of the draws."""
    found = compare("wer", [["a", "b c d"]], [["x", "b c d"]], ["a", "b c d"], 2000)
    assert (found.reference, found.other) == (0.0, 25.0)
    assert found.p == pytest.approx(1 / 4, abs=0.03)


def test_other_errors_but_as_many_are_no_difference():
    assert compare("wer", [["x", "b"]], [["y", "b"]], ["a", "b"]) == (50.0, 50.0, 1.0)


def test_what_cannot_be_paired_is_refused():
    with pytest.raises(ValueError, match="1 and 2 seeds"):
        compare("wer", [["a"]], [["a"], ["a"]], ["a"])
    one, two = (counts.count("wer", texts, texts) for texts in (["a"], ["a", "b"]))
    with pytest.raises(ValueError, match="other numbers of utterances"):
        significance.compare("wer", [one], [two])
    with pytest.raises(ValueError, match="nothing to pair"):
        significance.compare("wer", [one[:0]], [one[:0]])


def test_references_without_a_word():
    assert counts.WordErrorRate()._compute_score_from_stats([0, 0]).score == 0.0


def test_counts_as_json():
    truth = sentences(20)
    for metric in counts.CLASSES:
        found = counts.count(metric, with_errors(truth, 4), truth)
        packed = json.loads(json.dumps(counts.pack(found)))
        assert np.array_equal(counts.unpack(packed), found)


@pytest.mark.parametrize("largest", [100, 1000, 100_000])
def test_counts_of_any_size(largest):
    found = np.random.default_rng(1).integers(0, largest, (7, 18))
    packed = counts.pack(found)
    assert packed["stored"] == {100: "|i1", 1000: "<i2", 100_000: "<i4"}[largest]
    assert np.array_equal(counts.unpack(packed), found)


def test_counts_of_pairs():
    """Of a score whose text a system does not write, or whose reference is unknown, nothing is counted."""
    pair = {"transcript": "one too", "reference_transcript": "one two", "translation": None}
    found = counts.count_pairs([pair | {"reference_translation": "eins"}])
    assert list(found) == ["wer"]
    assert found["wer"].tolist() == [[1, 2]]
    assert counts.count_pairs([pair | {"reference_transcript": None}]) == {}
