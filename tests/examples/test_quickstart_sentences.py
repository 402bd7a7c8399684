"""What holds of every sentence of the quickstart's grammar: length, writing, words, agreement."""

import itertools

import pytest

from examples.quickstart import grammar
from examples.quickstart import lexicon as lx


@pytest.fixture(scope="module")
def many():
    """Enough sentences that the commoner ones are all among them."""
    return list(itertools.islice(grammar.stream(seed=7), 25000))


class TestSentences:
    def test_no_sentence_twice(self, many):
        assert len({pair.english for pair in many}) == len(many)
        assert len({pair.german for pair in many}) == len(many)

    def test_lengths(self, many):
        assert {len(pair.english.split()) for pair in many} == set(range(4, 11))

    def test_writing(self, many):
        for pair in many:
            assert pair.english == pair.english.lower()
            assert pair.english.replace(" ", "").isalpha()
            assert pair.german[0].isupper()
            assert pair.german[-1] in ".?"
            assert "  " not in pair.german
            assert not {" ,", " .", " ?"} & {pair.german[i : i + 2] for i in range(80)}

    def test_questions_are_marked(self, many):
        asking = ("where", "when", "how", "is ", "do you", "have you", "can you")
        for pair in many:
            assert (pair.german[-1] == "?") == pair.english.startswith(asking), pair

    def test_vocabulary_is_small(self, many):
        assert 120 <= len({word for pair in many for word in pair.english.split()}) <= 200


class TestArticles:
    def test_articles_agree_with_nouns(self, many):
        """der, die, das and their like stand before nouns of a gender that allows them."""
        gender = {noun.de: noun.gender for noun in lx.NOUNS.values()}
        # each word may be several cases: nominative, accusative or dative
        allowed = {
            "den": "m", "dem": "mn", "das": "n", "die": "f", "der": "mf",
            "einen": "m", "eine": "f", "ein": "mn", "meinen": "m", "meine": "f", "mein": "mn",
            "meinem": "mn", "meiner": "f", "keinen": "m", "keine": "f", "kein": "mn",
        }  # fmt: skip
        checked = 0
        for pair in many:
            tokens = pair.german.rstrip(".?").replace(",", " ,").split()
            for article, noun in itertools.pairwise(tokens):
                if noun in gender and article.lower() in allowed:
                    assert gender[noun] in allowed[article.lower()], pair.german
                    checked += 1
        assert checked > 10000

    def test_der_before_feminine_is_dative(self, many):
        feminine = {noun.de for noun in lx.NOUNS.values() if noun.gender == "f"}
        for pair in many:
            tokens = pair.german.rstrip(".?").split()
            for article, noun in itertools.pairwise(tokens):
                assert article not in ("Der", "der") or noun not in feminine, pair.german
