import pytest
import torch
from fairseq.data import Dictionary
from fairseq.logging import metrics
from sacrebleu.metrics import BLEU

from interactive_st.tasks.detokenise import Detokeniser
from interactive_st.tasks.validation_metrics import ValidationMetrics

WORDS = ["a", "b", "c", "d", "e"]
# references and hypotheses of transcript and translation; the second has no transcript, the
# third no translation
SENTENCES = [
    ("a b c", "a c", "a b c d e", "a b c d d"),
    ("", "d", "e d c b", "e d c b"),
    ("b", "b b", "", "a"),
    ("<unk>", "<unk>", "a b c d", "a b <unk> d"),
]


@pytest.fixture
def dictionary():
    dictionary = Dictionary()
    for word in WORDS:
        dictionary.add_symbol(word)
    return dictionary


def encode(dictionary, text):
    return torch.tensor([*(dictionary.index(word) for word in text.split()), 2])


def batch(dictionary, sentences, language="<s>"):
    targets = torch.ones(2, len(sentences), 8, dtype=torch.long)
    hypotheses = []
    for row, (said, heard, meant, translated) in enumerate(sentences):
        for stream, text in enumerate((said, meant)):
            if text:
                ids = encode(dictionary, text)
                targets[stream, row, : len(ids)] = ids
        transcript, translation = ({"tokens": encode(dictionary, text)} for text in (heard, translated))
        best = translation | {"transcript": transcript, "translation": translation}
        hypotheses.append([best, {"tokens": torch.tensor([2])}])
    tags = torch.full((2, len(sentences)), dictionary.index(language))
    return {"targets": targets, "lang_tags": tags}, hypotheses


def logged(scores, outputs):
    with metrics.aggregate(new_root=True) as aggregator:
        for output in outputs:
            scores.reduce(output)
        return aggregator.get_smoothed_values()


def test_sums_over_batches_and_workers_give_the_scores_of_the_corpus(dictionary):
    scores = ValidationMetrics(Detokeniser(dictionary, []), bleu=True, wer=True)
    parts = [
        scores.statistics(*batch(dictionary, sentences))
        for sentences in (SENTENCES[:1], SENTENCES[1:3], SENTENCES[3:])
    ]
    assert parts[0].keys() == parts[1].keys() == parts[2].keys()
    # two validation steps: one of two workers, one of one
    values = logged(scores, [parts[:2], parts[2:]])
    # errors: 1 deletion of 3, 1 insertion of 1, an unknown word that matches nothing
    assert values["wer"] == pytest.approx(100 * 3 / 5)
    translated = ["a b c d d", "e d c b", "a b UNKNOWNTOKENINHYP d"]
    meant = ["a b c d e", "e d c b", "a b c d"]
    assert values["bleu"] == pytest.approx(BLEU().corpus_score(translated, [meant]).score, abs=0.01)
    assert 0 < values["bleu"] < 100
    # as the workers' sums come back: one dictionary of tensors
    summed = {key: torch.tensor(sum(part[key] for part in parts)) for key in parts[0]}
    assert logged(scores, [[summed]]) == values
    # a worker that had fewer batches than others has nothing to add
    assert logged(scores, [[*parts[:2], {}], parts[2:]]) == values


def test_only_what_is_asked_for_is_scored(dictionary):
    detokenise = Detokeniser(dictionary, [])
    for bleu, wer in ((True, False), (False, True)):
        scores = ValidationMetrics(detokenise, bleu=bleu, wer=wer)
        part = scores.statistics(*batch(dictionary, SENTENCES))
        values = logged(scores, [[part]])
        assert ("bleu" in values, "wer" in values) == (bleu, wer)
        assert {key.split("_")[1] for key in part} == ({"bleu"} if bleu else {"wer"})


def test_without_references_nothing_is_logged_and_empty_hypotheses_score_zero(dictionary):
    scores = ValidationMetrics(Detokeniser(dictionary, []), bleu=True, wer=True)
    none = scores.statistics(*batch(dictionary, [("", "a", "", "a")]))
    assert logged(scores, [[none]]) == {}
    silent = scores.statistics(*batch(dictionary, [("a", "", "a b c d", "")]))
    values = logged(scores, [[none, silent]])
    assert values["bleu"] == 0
    assert values["wer"] == 100


def test_samples_are_logged_on_request(dictionary, caplog):
    caplog.set_level("INFO")
    for wanted in (False, True):
        scores = ValidationMetrics(Detokeniser(dictionary, []), True, True, wanted)
        scores.statistics(*batch(dictionary, SENTENCES))
        assert ("example transcript hypothesis: a c" in caplog.text) is wanted
    assert "example translation reference: a b c d e" in caplog.text


def test_languages_without_spaces_are_counted_by_characters(dictionary):
    """Each sentence by the tokeniser of its own language, whatever is in the batch with it."""
    for symbol in ("<lang:zh>", "<lang:de>", "我喜欢读书", "我喜欢看书"):
        dictionary.add_symbol(symbol)
    scores = ValidationMetrics(Detokeniser(dictionary, []), bleu=True, wer=False)
    chinese, german = ("a", "a", "我喜欢读书", "我喜欢看书"), ("a", "a", "a b c d e", "a b c d d")
    alone = [
        scores.statistics(*batch(dictionary, [chinese], "<lang:zh>")),
        scores.statistics(*batch(dictionary, [german], "<lang:de>")),
    ]
    assert alone[0]["_bleu_ref_len"] == alone[1]["_bleu_ref_len"] == 5
    assert alone[0]["_bleu_counts_0"] == 4
    no_reference = ("a", "a", "", "a")
    sample, hypotheses = batch(dictionary, [no_reference, chinese, german], "<lang:de>")
    sample["lang_tags"][1, 1] = dictionary.index("<lang:zh>")
    assert scores.statistics(sample, hypotheses) == {key: alone[0][key] + alone[1][key] for key in alone[0]}
