"""Matching and ordering of several systems' utterances."""

import pytest

from interactive_st.errors import DataError
from interactive_st.report.compare_page import build_page
from interactive_st.report.comparison import match
from interactive_st.report.orders import in_order, natural


def pair(name, transcript="a b", translation="c d", reference="a b", **more):
    return {
        "id": name,
        "transcript": transcript,
        "translation": translation,
        "reference_transcript": reference,
        "reference_translation": "c d",
        **more,
    }


def test_matched_by_id_in_any_order_and_missing_ones_reported():
    one = [pair("u1"), pair("u2"), pair("u3")]
    other = [pair("u3"), pair("u4"), pair("u1")]
    comparison = match({"one": one, "other": other})
    assert [u.id for u in comparison.utterances] == ["u1", "u3"]
    assert comparison.missing == {"one": ["u4"], "other": ["u2"]}
    assert comparison.notes == []
    assert comparison.scores["one"]["sentences"] == 2


def test_difference_is_between_systems_not_from_the_reference():
    wrong = pair("u", "x y", "x y")
    assert match({"a": [wrong], "b": [wrong]}).utterances[0].difference == 0.0
    (utterance,) = match({"a": [pair("u")], "b": [pair("u", "a x")]}).utterances
    assert utterance.difference == 0.25  # half of one of the two streams
    assert match({"a": [wrong]}).utterances[0].difference == 0.0


def test_scores_of_an_utterance():
    (utterance,) = match({"a": [pair("u", "a x")], "b": [pair("u", translation="q")]}).utterances
    assert utterance.wer == {"a": 50.0, "b": 0.0}
    assert utterance.bleu["a"] == pytest.approx(100)
    assert utterance.bleu["b"] == 0.0
    bare = {"id": "u", "transcript": "a", "translation": "b"}
    (utterance,) = match({"a": [bare]}).utterances
    assert utterance.wer == utterance.bleu == {"a": None}
    assert utterance.marked("a", "transcript") is None


def test_one_system_differs_from_none():
    (alone,) = match({"a": [pair("u", "a x") | {"speaker": "s"}]}).utterances
    assert alone.about == "s"
    (two,) = match({"a": [pair("u", "a x")], "b": [pair("u", "a x")]}).utterances
    assert two.about == "difference 0.00"


@pytest.fixture
def utterances():
    one = [pair("u10", "a b"), pair("u2", "a x"), pair("u1", "x y"), pair("u3", reference=None)]
    other = [pair("u10", "a b", "z"), pair("u2", "a b"), pair("u1", "x y"), pair("u3", reference=None)]
    return match({"one": one, "other": other}).utterances


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        ("id", ["u1", "u2", "u3", "u10"]),
        ("difference", ["u10", "u2", "u1", "u3"]),
        ("wer", ["u1", "u2", "u10", "u3"]),
        ("bleu", ["u10", "u1", "u2", "u3"]),
    ],
)
def test_orders(utterances, order, ids):
    assert [u.id for u in in_order(utterances, order)] == ids


def test_numbers_in_ids_count_as_numbers():
    assert sorted(["a_10", "a_9", "b", "a", "1"], key=natural) == ["1", "a", "a_9", "a_10", "b"]
    assert sorted(["1²", "1"], key=natural) == ["1", "1²"]  # a digit, but no number to int()


def test_an_id_of_more_digits_than_a_number_may_have_is_text():
    long = "9" * 5000
    assert sorted([long, "10", "9"], key=natural) == ["9", "10", long]


def test_errors_among_characters_are_called_so():
    texts = {"transcript": "我们听见", "reference": "我们看见"}
    chinese, english = match({"a": [pair("u", **texts), pair("v")]}).utterances
    assert (chinese.error_rate, chinese.wer["a"]) == ("CER", 25.0)
    assert english.error_rate == "WER"
    quoted = {"transcript": "the sign 火 means water", "reference": "the sign 水 means water"}
    (utterance,) = match({"a": [pair("w", **quoted)]}).utterances
    assert (utterance.error_rate, utterance.wer["a"]) == ("WER", 20.0)
    page = build_page(match({"a": [pair("u", **texts)]}), "t", "id", None)
    assert "CER 25.0 · BLEU" in page


def test_reference_of_the_first_file_that_has_one():
    one = pair("u", reference=None, speaker="theo")
    (utterance,) = match({"one": [one], "other": [pair("u")]}).utterances
    assert utterance.reference("transcript") == "a b"
    assert utterance.field("speaker") == "theo"


def test_a_system_whose_file_lacks_references_is_scored_on_as_many_utterances():
    one = [pair("u1", "a b"), pair("u2", "x y", "x y")]
    other = [pair("u1", "a b"), pair("u2", "x y", "x y", reference=None, reference_translation="")]
    comparison = match({"one": one, "other": other})
    assert comparison.scores["other"] == comparison.scores["one"]
    assert comparison.scores["other"]["wer"] == 50.0
    assert comparison.notes == []


def test_other_references_are_noted():
    comparison = match({"a": [pair("u")], "b": [pair("u", reference="a b c")]})
    assert len(comparison.notes) == 1
    assert "reference transcripts for 1 utterance, such as u" in comparison.notes[0]
    [utterance] = comparison.utterances
    rates = {system: scores["wer"] for system, scores in comparison.scores.items()}
    assert utterance.wer["b"] != rates["b"], "against the first file's, and against its own"
    assert "an utterance's marks and scores are against the first file's, corpus" in comparison.notes[0]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a": [pair("u")], "b": [pair("v")]}, "no utterance is in all files"),
        ({"a": [pair("u"), pair("u")]}, "a: the id u is used 2 times"),
        ({"a": [pair("u"), pair(None)]}, "a: pair 2 has no id"),
    ],
)
def test_what_cannot_be_compared(files, message):
    with pytest.raises(DataError, match=message):
        match(files)


def test_a_system_that_writes_one_text():
    silent = pair("u", translation="c x") | {"transcript": None}
    (utterance,) = (comparison := match({"e2e": [silent], "ours": [pair("u")]})).utterances
    assert utterance.difference == 0.5  # of the translations alone
    assert utterance.wer == {"e2e": None, "ours": 0.0}
    assert utterance.marked("e2e", "transcript") is None
    assert comparison.scores["e2e"]["wer"] is None
    assert "<dt>transcript</dt><dd>–</dd>" in build_page(comparison, "t", "difference")
    (utterance,) = match({"asr": [pair("u") | {"translation": None}], "e2e": [silent]}).utterances
    assert utterance.difference == 0.0
    assert utterance.bleu["asr"] is None


def test_the_page_says_by_what_scores_were_counted():
    page = build_page(match({"a": [pair("u")]}), "t", "id", None)
    for text in ("BLEU nrefs:1", "chrF nrefs:1", "WER, normalisation none (jiwer"):
        assert f"<li><code>{text}" in page


def test_all_systems_are_scored_by_one_tokeniser():
    texts = {"translation": "我们 必须 今天 签", "reference_translation": "我们必须今天签合同"}
    known, unknown = pair("u", **texts, tgt_lang="zh"), pair("u", **texts)
    comparison = match({"known": [known], "unknown": [unknown]})
    assert comparison.scores["known"] == comparison.scores["unknown"]
    assert "tok:zh" in comparison.scores["unknown"]["bleu_signature"]
    assert comparison.utterances[0].bleu["known"] == comparison.utterances[0].bleu["unknown"] > 20


def test_what_was_counted_is_of_all_systems():
    heard = pair("u", translation=None)
    page = build_page(match({"asr": [heard], "interactive": [pair("u")]}), "t", "id")
    for name in ("BLEU nrefs:1", "chrF nrefs:1", "WER, normalisation none"):
        assert page.count(f"<code>{name}") == 1
