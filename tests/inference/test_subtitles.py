import io
import itertools

import av
import pysubs2
import pytest
import webvtt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from interactive_st.inference.results import Hypothesis, Recording, Segment
from interactive_st.inference.subtitles import SHOWN, readable, segment_cues
from interactive_st.inference.text_parts import lines

LONG = (
    "and so my fellow americans ask not what your country can do for you, ask what you can do for your "
    "country and then let us go forth to lead the land we love, asking his blessing and his help"
)
LANG = (
    "und so meine mitbürger fragt nicht was euer land für euch tun kann, fragt was ihr für euer land "
    "tun könnt"
)


def segment(start=0.0, end=4.0, transcript="hello there", translation="hallo du", speech=()):
    return Segment(start, end, (Hypothesis(transcript, translation, -1.0, -1.0, -2.0),), speech)


def recording(*segments):
    return Recording("talk.wav", 60.0, "en", "de", segments)


def read_srt(text):
    return list(pysubs2.SSAFile.from_string(text, format_="srt"))


def read_vtt(text):
    """webvtt-py raises an error for what is not well formed."""
    return list(webvtt.from_buffer(io.StringIO(text)))


def test_both_texts_are_lines_of_one_cue():
    (cue,) = segment_cues(segment(1.0, 3.0))
    assert (cue.start, cue.end, cue.texts) == (1.0, 3.0, ("hello there", "hallo du"))


@pytest.mark.parametrize(
    ("shown", "texts"), [("transcript", ("hello there",)), ("translation", ("hallo du",))]
)
def test_one_text_alone(shown, texts):
    (cue,) = segment_cues(segment(), shown)
    assert cue.texts == texts


def test_one_text_alone_is_in_its_own_language():
    (cue,) = segment_cues(segment(), "translation", ("en", "zh"))
    assert cue.languages == ("zh",)


def test_unknown_text():
    with pytest.raises(ValueError, match="choose one of both, transcript, translation"):
        list(segment_cues(segment(), "all"))


def test_no_text_no_cue():
    assert list(segment_cues(segment(transcript="", translation=" "))) == []
    (cue,) = segment_cues(segment(transcript=""))
    assert cue.texts == ("hallo du",)


def test_cues_keep_to_speech():
    (cue,) = segment_cues(segment(0.0, 10.0, speech=((2.0, 3.0), (3.5, 5.5))))
    assert (cue.start, cue.end) == (2.0, 5.5)


def test_much_text_is_split_alike_and_in_time():
    cues = list(segment_cues(segment(10.0, 24.0, LONG, LANG)))
    assert len(cues) == 3
    assert cues[0].texts[0].startswith("and so my fellow")
    assert cues[0].texts[1].startswith("und so meine")
    assert " ".join(cue.texts[0] for cue in cues) == LONG
    assert " ".join(cue.texts[1] for cue in cues) == LANG
    assert (cues[0].start, cues[-1].end) == (10.0, 24.0)
    assert all(before.end == after.start for before, after in itertools.pairwise(cues))
    assert all(3.0 < cue.end - cue.start < 6.5 for cue in cues)


def test_a_long_segment_is_split():
    cues = list(
        segment_cues(segment(0.0, 17.5, "one two three four five six", "eins zwei drei vier fünf sechs"))
    )
    assert len(cues) == 3
    assert [cue.texts for cue in cues] == [
        ("one two", "eins zwei"),
        ("three four", "drei vier"),
        ("five six", "fünf sechs"),
    ]


def test_pauses_part_cues():
    """Half the text is said before the pause, half after it; nothing is shown in the pause."""
    text = "one two three four"
    cues = list(segment_cues(segment(0.0, 12.0, text, text, speech=((0.5, 3.5), (8.0, 11.0)))))
    assert [(cue.start, cue.end) for cue in cues] == [(0.5, 3.5), (8.0, 11.0)]


def test_speech_far_from_a_pause_is_cut_where_it_is():
    text = "one two three four"
    cues = list(segment_cues(segment(0.0, 12.0, text, text, speech=((0.5, 1.0), (2.2, 9.2)))))
    assert len(cues) == 2
    assert cues[0].end == cues[1].start == pytest.approx(2.2 + 7.5 * 8 / 19 - 0.5)


def test_much_text_in_little_time_stays_readable():
    cues = list(segment_cues(segment(0.0, 2.5, LONG, LANG)))
    assert len(cues) == 2
    assert all(cue.end - cue.start > 0.9 for cue in cues)


def test_more_than_can_be_read_is_cut_between_sentences():
    text = f"{'one ' * 11}one. {'two ' * 33}two."
    cues = segment_cues(segment(0.0, 2.5, text, text))
    assert [cue.texts[0].count("two") for cue in cues] == [0, 34]


def test_nothing_is_shown_in_a_long_pause():
    """1.8 s of speech, 14 s of silence, 0.6 s of speech."""
    speech = ((0.4, 2.2), (16.2, 16.8))
    cues = list(segment_cues(segment(0.0, 17.0, "one two three four", "eins zwei drei vier", speech)))
    assert [(cue.start, cue.end) for cue in cues] == list(speech)
    assert [cue.texts for cue in cues] == [("one two three", "eins zwei drei"), ("four", "vier")]


def test_a_word_is_not_cut_into_letters():
    (cue,) = segment_cues(segment(0.0, 20.0, "Yes.", "Ja.", ((0.5, 1.5), (18.0, 19.0))))
    assert (cue.start, cue.end, cue.texts) == (0.5, 1.5, ("Yes.", "Ja."))
    (cue,) = segment_cues(segment(0.0, 20.0, "Yes.", "Ja."))
    assert (cue.start, cue.end, cue.texts) == (0.0, 7.0, ("Yes.", "Ja."))


def test_without_a_transcript_translations_share_the_time():
    first, second = segment_cues(segment(0.0, 9.0, "", "eins zweiundzwanzig"))
    assert (first.texts, second.texts) == (("eins",), ("zweiundzwanzig",))
    assert first.end == second.start == pytest.approx(9 * 5 / (5 + 15))


def test_what_takes_no_millisecond_has_no_cue():
    assert list(segment_cues(segment(1.0, 1.0003))) == []


def test_parts_of_both_texts_are_the_same_sentences():
    transcript = "He is late again. I will tell you the rest of the story as soon as we are alone."
    translation = "Er hat sich wie immer um mehrere Stunden verspätet. Den Rest erzähle ich dir bald."
    first, second = segment_cues(segment(0.0, 9.0, transcript, translation))
    assert first.texts == ("He is late again.", "Er hat sich wie immer um mehrere Stunden verspätet.")
    assert second.texts[1] == "Den Rest erzähle ich dir bald."


def test_a_cue_stays_until_it_can_be_read():
    short, *_ = segment_cues(segment(1.0, 1.03))
    assert readable(short, None).end == 2.0
    long, *_ = segment_cues(segment(1.0, 2.5, LONG[:68]))
    assert readable(long, None).end == pytest.approx(5.0)
    (following,) = segment_cues(segment(3.0, 4.0))
    assert readable(long, following).end == pytest.approx(2.92)
    assert readable(following, following).end == 4.0, "never earlier than its words end"


def test_no_cue_outlasts_the_recording():
    (cue,) = segment_cues(segment(1.0, 1.03))
    assert readable(cue, None, 1.6).end == 1.6
    assert readable(cue, None, 1.5999).end == 1.599, "written in milliseconds it does not either"
    assert readable(cue, None, 9.0).end == 2.0
    ending = Recording("talk.wav", 60.0, "en", "de", (segment(59.5, 59.9),))
    assert "00:00:59,500 --> 00:01:00,000" in ending.render("srt")


def test_no_cue_outlasts_the_recording_by_rounding():
    (cue,) = segment_cues(segment(0.0, 0.7855))
    assert readable(cue, None, 0.78549).end == 0.785


def test_chinese_and_japanese_have_shorter_lines():
    translation = "请不要问你的国家能为你做什么，而要问你能为你的国家做什么。"
    segments = (segment(0.0, 6.0, "ask what", translation),)
    written = Recording("a.wav", 9.0, "en", "zh-TW", segments).render("srt").splitlines()
    assert written[2:5] == ["ask what", "请不要问你的国家能为你做什么，", "而要问你能为你的国家做什么。"]


class TestDocuments:
    def test_srt(self):
        text = recording(segment(0.5, 2.0), segment(3661.25, 3663.0)).render("srt")
        assert text == (
            "1\n00:00:00,500 --> 00:00:02,000\nhello there\nhallo du\n\n"
            "2\n01:01:01,250 --> 01:01:03,000\nhello there\nhallo du\n\n"
        )
        assert [(cue.start, cue.end, cue.text) for cue in read_srt(text)] == [
            (500, 2000, r"hello there\Nhallo du"),
            (3661250, 3663000, r"hello there\Nhallo du"),
        ]

    def test_vtt(self):
        text = recording(segment(0.5, 2.0, "a < b & c --> d")).render("vtt")
        assert text.startswith("WEBVTT\n\n00:00:00.500 --> 00:00:02.000\na &lt; b &amp; c --&gt; d\n")
        (cue,) = read_vtt(text)
        assert (cue.start, cue.end, cue.lines[1]) == ("00:00:00.500", "00:00:02.000", "hallo du")

    def test_no_segments(self):
        assert recording().render("srt") == ""
        assert read_vtt(recording().render("vtt")) == []

    def test_arrows_do_not_break_srt(self):
        text = recording(segment(0.0, 2.0, "x --> y\n\n7", "z")).render("srt")
        assert [cue.text for cue in read_srt(text)] == [r"x → y 7\Nz"]

    @pytest.mark.parametrize(
        ("text", "written"),
        [
            ("a <b>c</b> d", "a <\u2060b>c<\u2060/b> d"),
            ("3 < 4 > 1 <>", "3 <\u2060 4 > 1 <\u2060>"),
            (r"up {\an8} {y:i} {b}", r"up (\an8) (y:i) (b)"),
        ],
    )
    def test_no_tags_in_srt(self, tmp_path, text, written):
        """As FFmpeg reads it, with which most players do; the braces would come to libass."""
        path = tmp_path / "a.srt"
        path.write_text(recording(segment(0.0, 2.0, text, "")).render("srt"), encoding="utf-8")
        with av.open(str(path)) as file:
            (shown,) = (each.ass.decode() for packet in file.demux() for each in packet.decode())
        assert shown.split(",,")[-1] == written
        assert [cue.text for cue in read_srt(path.read_text(encoding="utf-8"))] == [written]

    def test_wrapped_lines(self):
        text = recording(segment(0.0, 5.0, LONG[:80], "kurz")).render("srt")
        lines = text.splitlines()[2:]
        assert lines[-2:] == ["kurz", ""]
        assert [len(line) for line in lines[:2]] == pytest.approx([40, 40], abs=8)


    def test_a_cue_has_the_time_before_the_next_segment(self):
        text = recording(segment(0.0, 0.5), segment(0.9, 1.0), segment(9.0, 9.1)).render("vtt")
        times = [(cue.start, cue.end) for cue in read_vtt(text)]
        assert times == [
            ("00:00:00.000", "00:00:00.820"),
            ("00:00:00.900", "00:00:01.900"),
            ("00:00:09.000", "00:00:10.000"),
        ]


words = st.text(alphabet=st.sampled_from("ab, .ü请<>&-\n\t0"), max_size=260)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.03, 25.0), st.floats(0.0, 3.0), words, words), max_size=5))
def test_both_formats_can_be_read_whatever_the_text(rows):
    segments, time = [], 0.0
    for seconds, pause, transcript, translation in rows:
        segments.append(segment(time, time + seconds, transcript, translation))
        time += seconds + pause
    raw = [cue for each in segments for cue in segment_cues(each)]
    whole = recording(*segments)
    cues = [readable(*pair, whole.duration) for pair in itertools.zip_longest(raw, raw[1:])]
    times = [time for cue in cues for time in (cue.start, cue.end)]
    assert times == sorted(times)
    srt, vtt = (whole.render(form) for form in ("srt", "vtt"))
    assert len(read_vtt(vtt)) == len(cues) == srt.count(" --> ")
    read = read_srt(srt)
    assert [cue.start for cue in read] == [round(cue.start * 1000) for cue in cues]
    assert [cue.end for cue in read] == [round(cue.end * 1000) for cue in cues]
    assert all(cue.end > cue.start for cue in read)


sentences = st.lists(
    st.text(alphabet=st.sampled_from("abcdefgü,.!"), min_size=1, max_size=20), min_size=1, max_size=60
).map(" ".join)
speeches = st.lists(st.tuples(st.floats(0.3, 9.0), st.floats(0.2, 4.0)), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(sentences, sentences, speeches, st.sampled_from(SHOWN))
# three sentences in both, that of 53 characters beside one of a full stop
@example(". . . a", f"a a a a {'a' * 14} {'a' * 20} a a a a a a a a . aa . a. a", [(1, 1), (3, 1)], "both")
@example(". . . a", f"a a a {'a' * 16} {'a' * 20} a a a a a a a a a . . . a", [(1, 2), (3, 1)], "both")
def test_cues_keep_to_lines_and_seconds(transcript, translation, rows, shown):
    """Of all that is said at a speed at which it can be: 20 characters a second."""
    spans, time = [], 0.0
    for seconds, pause in rows:
        spans.append((time, time + seconds))
        time += seconds + pause
    room = int(20 * sum(end - start for start, end in spans))
    each = segment(0.0, time, transcript[:room], translation[:room], tuple(spans))
    for cue in segment_cues(each, shown):
        assert cue.end - cue.start <= 7.0 + 1e-6
        for text in cue.texts:
            parts = lines(text)
            assert len(parts) <= 2
            assert all(len(part) <= 42 for part in parts)
            assert " ".join(parts) == text
