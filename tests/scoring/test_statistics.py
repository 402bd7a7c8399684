import pytest
from sacrebleu.metrics import BLEU

from interactive_st.scoring.statistics import BleuCounts, word_error_statistics

HEARD = ["das ist ein kleiner Test", "noch ein Satz der lang ist", ""]
WANTED = ["das ist ein großer Test", "noch ein Satz der kurz ist", "nichts"]


def summed(parts):
    return sum(parts, BleuCounts()).score()


def test_bleu_of_summed_batches_is_bleu_of_the_corpus():
    parts = [BleuCounts.of([heard], [wanted]) for heard, wanted in zip(HEARD, WANTED, strict=True)]
    assert summed(parts) == pytest.approx(BLEU().corpus_score(HEARD, [WANTED]).score)
    assert 0 < summed(parts) < 100
    assert summed([*parts, BleuCounts.of([], [])]) == summed(parts)


def test_empty_hypotheses_score_zero():
    assert summed([BleuCounts.of([""], ["nichts"])]) == 0


def test_word_errors_add_up():
    assert word_error_statistics(["a x", ""], ["a b c", "d"]) == (3, 4)
    assert word_error_statistics([], []) == (0, 0)


def test_any_white_space_parts_words():
    assert word_error_statistics(["ah ! oui", "a\u3000b"], ["ah\u00a0! oui", "a c"]) == (1, 5)


def test_orders_without_a_match_are_smoothed_as_sacrebleu_does():
    """Early in a training no 4-gram is right; BLEU is small then, and not 0."""
    heard, wanted = ["das ist kein guter Satz", "noch einer"], ["das ist ein kurzer Satz", "noch eines"]
    expected = BLEU().corpus_score(heard, [wanted]).score
    assert expected > 1
    parts = [BleuCounts.of([h], [w]) for h, w in zip(heard, wanted, strict=True)]
    assert summed(parts) == pytest.approx(expected)
