import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interactive_st.inference.text_parts import lines, places, split


def parts(text, count, language=None):
    return [part for (part,) in split((text,), [1.0] * count, (language,))]


def test_cuts_come_after_punctuation():
    assert parts("one two three, four five six seven", 2) == ["one two three,", "four five six seven"]
    assert parts("one two, three four five six", 2) == ["one two,", "three four five six"]
    assert parts("one, two three four five six", 2) == ["one, two three", "four five six"], "too far off"


def test_cuts_come_between_sentences_that_are_near_for_the_shorter_part():
    text = "one two three four. five six seven eight nine"
    assert [part for (part,) in split((text,), [1.0, 1.0], (None,))] == [text[:19], text[20:]]
    assert [part for (part,) in split((text,), [1.0, 6.0], (None,))] == ["one two", text[8:]]


def test_a_word_as_long_as_a_line_is_cut_behind_its_space():
    assert places("a" * 42 + " b") == [43]
    assert places("a" * 43 + " b") == [42, 44]


def test_text_without_spaces():
    assert parts("请不要问你的国家", 2, "zh") == ["请不要问", "你的国家"]
    assert parts("请不要，问你的国家", 2, "zh") == ["请不要，", "问你的国家"]


def test_words_in_other_letters_stay_whole():
    assert parts("我的iPhone15手机", 2, "zh") in (["我的", "iPhone15手机"], ["我的iPhone15", "手机"])


def test_characters_keep_their_marks():
    assert places("あか\u3099う", "ja") == [1, 3]


def test_lines_end_after_punctuation_that_is_near_the_middle():
    text = "one two three four five, six seven eight nine ten eleven"
    assert lines(text) == ["one two three four five,", "six seven eight nine ten eleven"]
    assert lines(text.replace(",", "")) == ["one two three four five six", "seven eight nine ten eleven"]


def test_fewer_words_than_parts():
    assert parts("one two", 4).count("") == 2
    assert parts("", 3) == ["", "", ""]


def test_shares():
    texts = ("one two three four", "eins zwei drei vier")
    assert split(texts, [3.0, 1.0], ("en", "de")) == [("one two three", "eins zwei drei"), ("four", "vier")]


def test_a_place_within_a_sentence_corresponds():
    """Half of the first text is in its second sentence, and so is the cut of the other."""
    texts = ("Ja. " + "ab " * 20 + "ab.", "cd " * 20 + "cd. Nein nein nein.")
    _, second = split(texts, [1.0, 1.0], (None, None))
    assert second[1] in ("Nein nein nein.", "nein nein.", "nein.")


@pytest.mark.parametrize(
    "text",
    [
        "Er hat Wein. Sie mögen Äpfel. Ich bin auf dem Weg dorthin. Wir rufen Sie an.",
        "a" * 42 + " " + "b" * 42,
        "a" * 84,
        "ab " * 28,
    ],
)
def test_two_lines(text):
    assert len(lines(text.strip())) == 2
    assert max(map(len, lines(text.strip()))) <= 42


texts = st.text(alphabet=st.sampled_from("aü,. 请，<«!」「เ"), max_size=300)


@settings(max_examples=200, deadline=None)
@given(texts, st.sampled_from([None, "en", "fr", "zh", "th"]))
def test_lines_are_never_too_long_and_nothing_is_lost(text, language):
    text = " ".join(text.split())
    found = lines(text, language)
    assert max(map(len, found)) <= (16 if language == "zh" else 42)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")
    assert places(text, language) == sorted(set(places(text, language)))


def test_no_line_begins_with_closing_punctuation_or_ends_with_opening():
    text = "他说「好」，走了。"
    assert [text[:place] for place in places(text, "zh")] == [
        "他",
        "他说",
        "他说「好」，",
        "他说「好」，走",
    ]
    wrapped = lines("一二三四五六七八九十一二三四五六。一二三", "zh")
    assert not any(line[0] in "。，」" for line in wrapped)


@pytest.mark.parametrize(("shares", "expected"), [((1.0, 3.0), ["", "Danke"]), ((3.0, 1.0), ["Danke", ""])])
def test_a_single_word_goes_where_more_time_is(shares, expected):
    assert [part[1] for part in split(("thank you so much", "Danke"), shares, ("en", "de"))] == expected


@pytest.mark.parametrize(
    ("text", "language", "parts"),
    [
        ("きゅうり", "ja", ["きゅ", "う", "り"]),
        ("メートル々", "ja", ["メー", "ト", "ル々"]),
        ("共3.5%，U.S.", "zh", ["共", "3.5%，", "U.S."]),
        ("ของเยอรมนี", "th", ["ข", "อ", "ง", "เย", "อ", "ร", "ม", "นี"]),
        ("ข้าวแล้ว", "th", ["ข้า", "ว", "แล้", "ว"]),
        ("ខ្មែរ", "km", ["ខ្មែ", "រ"]),
        ("ເດັກ", "lo", ["ເດັ", "ກ"]),
        ("ဓမ္မ", "my", ["ဓ", "မ္မ"]),
        ("约５％・人", "zh", ["约", "５％・", "人"]),
    ],
)
def test_what_is_read_as_one_is_not_parted(text, language, parts):
    """Of small letters, long vowels, numbers, and vowels that are written before or behind a consonant."""
    cuts = [0, *places(text, language), len(text)]
    assert [text[start:end] for start, end in itertools.pairwise(cuts)] == parts


def test_punctuation_that_has_spaces_stays_where_it_is():
    """As French has it, with the spaces that sentencepiece makes of narrow ones."""
    text = "« Oui ! » dit-il : non ?"
    assert [text[:place] for place in places(text, "fr")] == ["« Oui ! » ", "« Oui ! » dit-il : "]
    before, after = "abcd " * 8, "a ! " + "efgh " * 7 + "efg"
    assert lines(before + after, "fr") == [before.rstrip(), after]
    assert parts("« Je pars demain ! » Il est parti.", 2, "fr") == ["« Je pars demain ! »", "Il est parti."]
    german = "Er sagte »Ja« und – ging."
    assert len(places(german, "de")) == german.count(" "), "there the same marks have no spaces"


@pytest.mark.parametrize(
    ("text", "language", "parts"),
    [
        ("घर है । और", "hi", ["घर ", "है । ", "और"]),
        ("نعم ، أنت هنا ؟", "ar", ["نعم ، ", "أنت ", "هنا ؟"]),
        ("「 好 」 。 人 ，", "zh", ["「 好 」 。 ", "人 ，"]),
    ],
)
def test_punctuation_of_other_scripts_that_has_spaces(text, language, parts):
    """As tokenised corpora have it, and Hindi ones often."""
    cuts = [0, *places(text, language), len(text)]
    assert [text[start:end] for start, end in itertools.pairwise(cuts)] == parts


@pytest.mark.parametrize("mark", "،؛؟।۔")
def test_cuts_come_after_punctuation_of_other_scripts(mark):
    assert parts(f"one two{mark} three four five six", 2) == [f"one two{mark}", "three four five six"]
    sentence = f"one two three four{mark} five six seven eight nine"
    assert parts(sentence, 2)[0] == f"one two three four{mark}"


def test_korean_is_as_wide_as_japanese():
    text = "뉘른베르크와 퓌르트 사이에서 시작되었습니다."
    assert lines(text, "ko") == ["뉘른베르크와 퓌르트", "사이에서 시작되었습니다."]


def test_a_cut_is_as_free_as_the_parts_beside_it():
    """However short another part is."""
    text = "one two three four five six. seven eight nine ten"
    assert split((text,), [5.0, 5.0, 0.5], ("en",))[0] == ("one two three four five six.",)


def test_a_latin_word_in_japanese_is_not_cut_at_its_accents():
    assert places("これはMüllerです", "ja") == [1, 2, 3, 9, 10]
