"""Alignment with the reference, and its marks."""

import pytest

from interactive_st.report.word_diff import (
    ADDED,
    EQUAL,
    MISSING,
    REPLACED,
    Piece,
    compare,
    distance,
    is_unspaced,
    legend_for_terminal,
    to_html,
    to_plain,
    to_terminal,
)


def test_all_kinds():
    difference = compare("a x c d e", "a b c e f")
    assert to_plain(difference) == "a [-b-] {+x+} c {+d+} e [-f-]"
    assert (difference.errors, difference.length, difference.error_rate) == (3, 5, 60.0)


def test_equal_texts_have_no_marks():
    difference = compare("ja gut", "ja gut")
    assert difference.pieces == [Piece(EQUAL, "ja gut", "ja gut")]
    assert to_plain(difference) == to_html(difference) == "ja gut"
    assert difference.error_rate == 0


@pytest.mark.parametrize(
    ("hypothesis", "reference", "plain", "rate"),
    [
        ("", "ja gut", "[-ja gut-]", 100.0),
        ("ja", "", "{+ja+}", None),
        ("", "", "", None),
        ("nein", "ja", "[-ja-] {+nein+}", 100.0),
        ("a  b", "a b", "a b", 0.0),
    ],
)
def test_edges(hypothesis, reference, plain, rate):
    difference = compare(hypothesis, reference)
    assert to_plain(difference) == plain
    assert difference.error_rate == rate


def test_scripts_without_spaces_are_compared_by_character():
    difference = compare("今日は雨", "今日は晴れ")
    assert to_plain(difference).startswith("今日は[-晴")
    assert " " not in to_plain(compare("今日", "今日は"))
    assert (difference.errors, difference.length) == (2, 5)


@pytest.mark.parametrize(
    ("text", "unspaced"),
    [
        ("the sign 水 means water", False),
        ("das Zeichen「水」bedeutet Wasser", False),
        ("물 (水)", False),
        ("2024年3月", True),
        ("「はい。」", True),
        ("人々", True),
        ("น้ำ ที่นี่", True),
        ("我们用 GPU 训练模型", True),
        ("1 2 3 …", False),
        ("", False),
    ],
)
def test_the_script_is_that_of_most_letters(text, unspaced):
    assert is_unspaced(text) == unspaced


def test_a_single_character_leaves_the_words_whole():
    difference = compare("the sign 火 means fire", "the sign 水 means water")
    assert to_plain(difference) == "the sign [-水-] {+火+} means [-water-] {+fire+}"
    assert (difference.errors, difference.length) == (2, 5)


def test_distance_splits_both_texts_alike():
    one, other = "我们 water", "the water is here now"
    assert distance(one, other) == distance(other, one) == 0.8
    assert distance("我们看见", "OK") == distance("OK", "我们看见") == 1.0
    assert distance("我们看见水", "我们 OK 水") == distance("我们 OK 水", "我们看见水") == 0.4


def test_html_is_escaped_and_marked_by_element_and_class():
    html = to_html(compare("<b> x & y", "a x y"))
    assert "<b>" not in html
    assert '<mark class="replaced" title="reference: a">&lt;b&gt;</mark>' in html
    assert '<ins class="added" title="added">&amp;</ins>' in html
    html = to_html(compare("x", '"a" x'))
    assert html == '<del class="missing" title="missing">&quot;a&quot;</del> x'


def test_terminal_marks_are_more_than_colour():
    text = to_terminal(compare("b c d", "a b x d"))
    styles = {text.plain[span.start : span.end]: str(span.style) for span in text.spans}
    assert "strike" in styles["a"]
    assert "underline" in styles["c"]
    assert "reverse" in str(to_terminal(compare("a b", "a")).spans[0].style)
    assert text.plain == "a b c d"


def test_legends_name_all_kinds():
    for plain in (True, False):
        assert "missing" in legend_for_terminal(plain).plain
        assert "added" in legend_for_terminal(plain).plain


def test_distance():
    assert distance("a b", "a b") == 0.0
    assert distance("a b c d", "a b c x") == 0.25
    assert distance("", "a") == 1.0
    assert distance("a", "b c d") == 1.0
    assert distance("a b", "b a c d") == distance("b a c d", "a b")


def test_kinds_of_pieces():
    kinds = {piece.kind for piece in compare("a x c d", "a b c").pieces}
    assert kinds == {EQUAL, REPLACED, ADDED}
    assert {piece.kind for piece in compare("a", "a b").pieces} == {EQUAL, MISSING}


def test_added_words_count_beyond_all_of_the_reference():
    assert compare("a b c d e", "a x").error_rate == 200.0
