"""By which tokeniser BLEU of a language is counted."""

import logging

import pytest

from interactive_st.scoring import bleu_tokenizer
from interactive_st.scoring.bleu_tokenizer import tokenizer_for


@pytest.fixture(autouse=True)
def forgetful():
    """The answers of other tests are forgotten, and so are those of these."""
    bleu_tokenizer._of_language.cache_clear()
    yield
    bleu_tokenizer._of_language.cache_clear()


@pytest.mark.parametrize(
    ("languages", "name"),
    [(["de"], "13a"), ([None], "13a"), ([], "13a"), (["zh"], "zh"), ([None, "", "zh"], "zh"),
     (["zh-TW", "zh_CN", "ZH"], "zh"),
     (["yue"], "zh"), (["th"], "char"), (["zh", "de"], "13a"), (["de", "fr"], "13a")],
)  # fmt: skip
def test_by_language(languages, name):
    assert tokenizer_for(languages) == name


@pytest.mark.parametrize(
    ("language", "usual", "instead"), [("ja", "ja-mecab", "char"), ("ko", "ko-mecab", "13a")]
)
def test_what_is_not_installed(language, usual, instead, monkeypatch, caplog):
    monkeypatch.setattr(bleu_tokenizer, "BLEU", lambda tokenize: None)
    assert tokenizer_for([language]) == usual
    bleu_tokenizer._of_language.cache_clear()

    def fail(tokenize):
        raise RuntimeError("requires extra dependencies")

    monkeypatch.setattr(bleu_tokenizer, "BLEU", fail)
    with caplog.at_level(logging.WARNING):
        assert [tokenizer_for([language]) for _ in range(2)] == [instead] * 2
    assert len(caplog.messages) == 1
    assert f"{instead}, as {usual} is not installed: pip install 'sacrebleu[{language}]'" in caplog.text
