"""Options of fairseq that two texts at once cannot honour."""

import pytest

REFUSED = {
    "sampling": (["--sampling", "--beam", "1"], "draws nothing"),
    "diverse_beam_groups": (["--diverse-beam-groups", "2"], "no diverse beams"),
    "constraints": (["--constraints"], "no lexical constraints"),
    "print_alignment": (["--print-alignment"], "aligns no words"),
    "score_reference": (["--score-reference"], "does not score given texts"),
    "match_source_len": (["--match-source-len"], "frames of speech"),
    "nbest": (["--nbest", "4"], "--beam is 3"),
    "lenpen": (["--lenpen", "nan"], "a finite number"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name_with_the_reason(generate, corpus, trained, tmp_path, name):
    words, reason = REFUSED[name]
    result = generate(corpus.data, trained.best, *words, pairs_path=tmp_path / "pairs.jsonl")
    assert result.status != 0
    message = result.stderr.splitlines()[-1]
    assert message.startswith(f"interactive_st.errors.SettingError: --{name.replace('_', '-')} ")
    assert reason in message
    assert not result.lines("H")
    assert not list(tmp_path.iterdir())


def test_a_language_model_is_refused(generate, corpus, trained):
    """fairseq loads it before anybody is asked, so any model serves."""
    result = generate(corpus.data, trained.best, lm_path=trained.last)
    assert result.status != 0
    assert result.stderr.splitlines()[-1].startswith("interactive_st.errors.SettingError: --lm-path ")


def test_text_alone_is_not_decoded(generate, with_text, trained):
    result = generate(with_text, trained.best, gen_subset="dev_text")
    assert result.status != 0
    message = result.stderr.splitlines()[-1]
    assert "dev_text.tsv:2 (2): has text alone, and there is nothing to decode" in message
