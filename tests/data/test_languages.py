"""Codes of languages and their tags."""

import pytest
from small_corpus import make_rows, run

from interactive_st.cli.main import main
from interactive_st.data.corpora.by_name import read_corpus
from interactive_st.data.languages import (
    UNSPACED,
    WIDE,
    base_language,
    check_language,
    find_tag,
    language_tag,
    tag_language,
)
from interactive_st.errors import DataError


def test_tags():
    assert find_tag("a <lang:en> b") == "<lang:en>"
    assert find_tag("a <lang> b <b:lang:en x>") is None
    assert tag_language(language_tag("pt-BR")) == "pt-BR"
    assert tag_language("a<lang:en>") is None


@pytest.mark.parametrize("language", ["en", "pt-BR", "zh_TW", "deu", "x1"])
def test_codes(language):
    check_language("--source-lang", language)


def test_codes_of_three_letters():
    """As FLEURS and Tatoeba have them: scores and subtitles go by what they know of the language."""
    assert base_language("cmn_hans_cn") == base_language("zho") == base_language("zh-TW") == "zh"
    named = {base_language(code) for code in ("jpn", "kor", "khm", "lao", "mya", "tha", "yue", "cmn")}
    assert named == UNSPACED | WIDE
    assert base_language("deu") == "deu"


@pytest.mark.parametrize("language", ["../x", "de at", "d>e", "", "-", "d.e", "dé"])
def test_what_is_no_code_is_refused_everywhere(tmp_path, language, capsys):
    rows = make_rows(tmp_path, 2)
    message = "is not a language code such as en"
    for option in ("source_lang", "target_lang"):
        with pytest.raises(DataError, match=f"--{option[:6]}-lang .*{message}"):
            run(tmp_path, rows, **{option: language})
    with pytest.raises(DataError, match=f"--lang .*{message}"):
        read_corpus("mustc", tmp_path, [language], progress=False)
    assert not (tmp_path / "out").exists()
    if language:
        arguments = ["--source-lang", "en", f"--target-lang={language}", "--out", "o"]
        assert main(["join", str(tmp_path), *arguments]) == 2
        assert message in capsys.readouterr().err
        with pytest.raises(DataError, match=f"tgt_lang .*{message}"):
            run(tmp_path, [{**row, "tgt_lang": language} for row in rows])
