import io
import itertools

import pysubs2
import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from interactive_st.inference.results import Hypothesis, Recording, Segment
from interactive_st.inference.subtitles import segment_cues, split_evenly

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
        segment_cues(segment(0.0, 20.0, "one two three four five six", "eins zwei drei vier fünf sechs"))
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
    cues = list(segment_cues(segment(0.0, 12.0, text, text, speech=((0.5, 1.0), (4.0, 11.0)))))
    assert len(cues) == 2
    assert cues[0].end == cues[1].start == pytest.approx(4.0 + 7.5 * 8 / 19 - 0.5)


def test_much_text_in_little_time_stays_readable():
    cues = list(segment_cues(segment(0.0, 2.5, LONG, LANG)))
    assert len(cues) == 2
    assert all(cue.end - cue.start > 0.9 for cue in cues)


def test_cuts_come_after_punctuation():
    assert split_evenly("one two three, four five six seven", 2) == ["one two three,", "four five six seven"]


def test_text_without_spaces():
    assert split_evenly("请不要问你的国家", 2) == ["请不要问", "你的国家"]


def test_fewer_words_than_parts():
    assert split_evenly("one two", 4).count("") == 2
    assert split_evenly("", 3) == ["", "", ""]


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

    def test_wrapped_lines(self):
        text = recording(segment(0.0, 5.0, LONG[:80], "kurz")).render("srt")
        lines = text.splitlines()[2:]
        assert lines[-2:] == ["kurz", ""]
        assert [len(line) for line in lines[:2]] == pytest.approx([40, 40], abs=8)


words = st.text(alphabet=st.sampled_from("ab, .ü请<>&-\n\t0"), max_size=260)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.03, 25.0), st.floats(0.0, 3.0), words, words), max_size=5))
def test_both_formats_can_be_read_whatever_the_text(rows):
    segments, time = [], 0.0
    for seconds, pause, transcript, translation in rows:
        segments.append(segment(time, time + seconds, transcript, translation))
        time += seconds + pause
    cues = [cue for each in segments for cue in segment_cues(each)]
    times = [time for cue in cues for time in (cue.start, cue.end)]
    assert times == sorted(times)
    srt, vtt = (recording(*segments).render(form) for form in ("srt", "vtt"))
    assert len(read_vtt(vtt)) == len(cues) == srt.count(" --> ")
    read = read_srt(srt)
    assert [cue.start for cue in read] == [round(cue.start * 1000) for cue in cues]
    assert [cue.end for cue in read] == [round(cue.end * 1000) for cue in cues]
    assert all(cue.end > cue.start for cue in read)
