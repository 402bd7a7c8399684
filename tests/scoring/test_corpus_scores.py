import subprocess
import sys

import pytest
from sacrebleu.metrics import BLEU, CHRF

from interactive_st.scoring.columns import cells
from interactive_st.scoring.corpus_scores import score_pairs


def pair(transcript, reference, translation="a", translated="a", speaker=None):
    return {
        "transcript": transcript,
        "reference_transcript": reference,
        "translation": translation,
        "reference_translation": translated,
        "speaker": speaker,
    }


def test_error_rates_are_those_counted_by_hand():
    # substitution, deletion, insertion among 4 + 2 words; characters: a→x, " d", " y"
    scores = score_pairs([pair("x b c", "a b c d"), pair("e f y", "e f")])
    assert scores["wer"] == pytest.approx(100 * 3 / 6)
    assert scores["cer"] == pytest.approx(100 * (1 + 2 + 2) / (7 + 3))
    assert (scores["words"], scores["characters"]) == (6, 10)
    errors = [scores[kind] for kind in ("substitutions", "deletions", "insertions")]
    assert errors == [1, 1, 1]
    assert scores["sentences"] == scores["transcripts_scored"] == 2


def test_bleu_and_chrf_are_those_of_sacrebleu_with_their_signatures():
    heard = ["das ist ein kleiner Test", "noch ein Satz, der lang ist"]
    wanted = ["das ist ein großer Test", "noch ein Satz, der kurz ist"]
    pairs = [pair("a", "a", *texts) for texts in zip(heard, wanted, strict=True)]
    bleu, chrf = BLEU(tokenize="char"), CHRF()
    scores = score_pairs(pairs, sacrebleu_tokenizer="char")
    assert scores["bleu"] == pytest.approx(bleu.corpus_score(heard, [wanted]).score)
    assert scores["chrf"] == pytest.approx(chrf.corpus_score(heard, [wanted]).score)
    assert scores["bleu_signature"] == bleu.get_signature().format()
    assert "tok:char" in scores["bleu_signature"]
    assert "nc:6" in scores["chrf_signature"]


def test_normalisation_is_optional_and_stated():
    pairs = [pair("Hello there.", "hello, there"), pair("a", "…")]
    assert score_pairs(pairs)["wer"] == pytest.approx(100)
    assert score_pairs(pairs)["wer_normalisation"].startswith("none")
    scores = score_pairs(pairs, wer_lowercase=True, wer_remove_punctuation=True)
    assert scores["wer"] == 0
    assert scores["transcripts_scored"] == 1  # nothing is left of the second reference
    assert scores["wer_normalisation"].startswith("lower case, punctuation removed")


def test_each_normalisation_does_what_it_says():
    pairs = [pair("Hello there.", "hello there"), pair("ah!", "ah")]
    lower = score_pairs(pairs, wer_lowercase=True)
    bare = score_pairs(pairs, wer_remove_punctuation=True)
    assert score_pairs(pairs)["substitutions"] == 3, "case counts, and punctuation"
    assert (lower["substitutions"], bare["substitutions"]) == (2, 1)
    assert lower["wer_normalisation"].startswith("lower case (jiwer")
    assert bare["wer_normalisation"].startswith("punctuation removed (jiwer")
    assert (lower["exact"]["transcripts"], bare["exact"]["transcripts"]) == (0, 1)


def test_errors_are_shares_of_the_reference():
    scores = score_pairs([pair("ab cd", "ab cd ef gh")])
    assert (scores["wer"], scores["cer"]) == pytest.approx((100 * 2 / 4, 100 * 6 / 11))


@pytest.mark.parametrize("space", ["\u00a0", "\u2009", "\u3000", "\t", "  "])
def test_any_white_space_parts_words(space):
    """As fairseq and sacrebleu have it; French has no-break spaces before its marks."""
    scores = score_pairs([pair("ah ! oui", f"ah{space}! oui"), pair(f"b{space}c", "b c")])
    assert (scores["wer"], scores["cer"], scores["words"]) == (0, 0, 5)
    assert scores["exact"]["transcripts"] == 2
    spaced = [pair("a", "a", f"ah{space}! oui", "ah ! oui")]
    assert score_pairs(spaced)["exact"]["translations"] == 1


def test_missing_references_are_left_out_and_counted():
    pairs = [pair("a", "a", "b", None), pair("x", None, "b", "b"), pair("y", "", "c", "")]
    scores = score_pairs(pairs)
    assert (scores["transcripts_scored"], scores["translations_scored"]) == (1, 1)
    assert scores["wer"] == 0
    nothing = score_pairs([pair("a", None, "b", None)])
    assert nothing["wer"] is nothing["cer"] is nothing["bleu"] is nothing["chrf"] is None
    assert nothing["bleu_signature"] is None


def test_speakers_are_scored_apart():
    pairs = [pair("a", "a", speaker="theo"), pair("b", "a", speaker="lucas"), pair("a", "a")]
    speakers = score_pairs(pairs, per_speaker=True)["speakers"]
    assert [(name, own["wer"]) for name, own in speakers.items()] == [("", 0), ("lucas", 100), ("theo", 0)]
    assert "speakers" not in score_pairs(pairs)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"no tokeniser 'klingon'; choose one of .*13a"):
        score_pairs([pair("a", "a")], sacrebleu_tokenizer="klingon")
    with pytest.raises(ValueError, match="no pairs"):
        score_pairs([])


def test_scoring_needs_neither_torch_nor_fairseq():
    code = (
        "import sys, interactive_st_cli, interactive_st.scoring.corpus_scores, "
        "interactive_st.scoring.statistics; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'fairseq')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_text_that_was_not_written_has_no_score():
    written = {"transcript": None, "translation": "ein haus", "reference_transcript": "a house"}
    scores = score_pairs([written | {"reference_translation": "ein haus"}] * 2)
    assert (scores["wer"], scores["cer"], scores["transcripts_scored"]) == (None, None, 0)
    assert scores["translations_scored"] == 2
    heard = {"transcript": "a house", "translation": None, "reference_transcript": "a house"}
    scores = score_pairs([heard | {"reference_translation": "ein haus"}])
    assert (scores["wer"], scores["bleu"], scores["chrf"]) == (0.0, None, None)


def test_what_is_right_to_the_letter_is_counted_pair_by_pair():
    pairs = [
        pair("a b", "a b", "c", "c"),
        pair("A b.", "a b", "c", "c"),
        pair("a", "a", "c", "C"),
        pair("a", "b", "c", "d"),
        pair("a", None, "c", "c"),  # without both references: not counted
        pair("a", "a", None, "c"),
    ]
    assert score_pairs(pairs)["exact"] == {"pairs": 4, "transcripts": 2, "translations": 2, "both": 1}
    lenient = score_pairs(pairs, wer_lowercase=True, wer_remove_punctuation=True)["exact"]
    assert lenient == {"pairs": 4, "transcripts": 3, "translations": 2, "both": 2}
    assert score_pairs(pairs[4:])["exact"] is None


def test_bleu_of_languages_without_spaces():
    rows = [pair("a", "a", "我喜欢读书", "我喜欢看书") | {"tgt_lang": "zh-CN"}]
    scores = score_pairs(rows)
    assert "tok:zh" in scores["bleu_signature"]
    assert scores["bleu"] == score_pairs(rows, sacrebleu_tokenizer="zh")["bleu"] > 30
    assert score_pairs(rows, sacrebleu_tokenizer="13a")["bleu"] == 0


def test_a_text_that_came_out_empty_counts_as_all_wrong():
    """Only one that the model does not write at all (null) is left out."""
    scores = score_pairs([pair("a b", "a b", "c d", "c d"), pair("", "e f", "", "g h")])
    assert (scores["transcripts_scored"], scores["translations_scored"]) == (2, 2)
    assert (scores["wer"], scores["deletions"]) == (50.0, 2)
    assert scores["bleu"] == pytest.approx(BLEU().corpus_score(["c d", ""], [["c d", "g h"]]).score)
    assert scores["exact"] == {"pairs": 2, "transcripts": 1, "translations": 1, "both": 1}


def test_a_reference_of_spaces_is_none():
    scores = score_pairs([pair("a b", "a b", "c d", "c d"), pair("e", " ", "f", " \u3000")])
    assert (scores["transcripts_scored"], scores["translations_scored"]) == (1, 1)
    assert scores["exact"]["pairs"] == 1


def test_a_score_of_nothing_is_no_score_of_zero():
    assert cells({"wer": 0.0, "cer": None, "bleu": 12.345}) == ["0.00", "–", "12.35", "–"]
