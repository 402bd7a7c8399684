import json
import math

import pytest

from interactive_st.inference.documents import Writer
from interactive_st.inference.results import Hypothesis, Recording, Segment
from interactive_st.scoring.pairs_file import read_pairs

BEST = Hypothesis("one\ttwo", "eins zwei", -0.5, -0.25, -0.75)
SECOND = Hypothesis("one", "eins", -1.0, -1.5, -2.5)
RECORDING = Recording(
    "a/talk.wav",
    70.0,
    "en",
    "de",
    (Segment(0.0, 2.5, (BEST, SECOND)), Segment(61.0, 62.345, (SECOND,))),
)


def test_text():
    assert RECORDING.render("text") == (
        "[0:00:00.00 - 0:00:02.50]\nen: one two\nde: eins zwei\n\n"
        "[0:01:01.00 - 0:01:02.34]\nen: one\nde: eins\n\n"
    )


@pytest.mark.parametrize(("shown", "line"), [("transcript", "en: one two"), ("translation", "de: eins zwei")])
def test_text_of_one_stream(shown, line):
    first = RECORDING.render("text", shown).split("\n\n")[0]
    assert first == f"[0:00:00.00 - 0:00:02.50]\n{line}"
    for form in ("jsonl", "tsv"):
        assert RECORDING.render(form, shown) == RECORDING.render(form)


@pytest.mark.parametrize("form", ["text", "vtt"])
def test_what_cannot_be_shown(form):
    with pytest.raises(ValueError, match="choose one of both, transcript, translation"):
        RECORDING.render(form, "all")


def test_text_that_is_not_written_is_left_out():
    alone = Hypothesis("", "eins", None, -1.0, -1.0)
    recording = Recording(None, 1.0, "en", "de", (Segment(0.0, 1.0, (alone,)),))
    assert recording.render("text") == "[0:00:00.00 - 0:00:01.00]\nde: eins\n\n"
    assert json.loads(recording.render("jsonl"))["transcript"] is None
    assert recording.nbest == (alone,)


def test_jsonl_is_a_pairs_file(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text(RECORDING.render("jsonl"), encoding="utf-8")
    first, second = read_pairs(path)
    assert (first["id"], second["id"]) == ("talk.wav-00000", "talk.wav-00001")
    assert (first["audio"], first["start"], first["end"]) == ("a/talk.wav", 0.0, 2.5)
    assert (first["transcript"], first["translation"], first["score"]) == ("one\ttwo", "eins zwei", -0.75)
    assert (first["src_lang"], first["tgt_lang"]) == ("en", "de")
    assert [entry["transcript"] for entry in first["nbest"]] == ["one\ttwo", "one"]
    assert (second["start"], second["end"]) == (61.0, 62.345)


def test_jsonl_is_json():
    """Which has no infinite numbers, though Python writes and reads them."""
    endless = Hypothesis("", "eins", None, -math.inf, -math.inf)
    recording = Recording(None, 1.0, "en", "de", (Segment(0.0, 1.0, (endless,)),))
    with pytest.raises(ValueError, match="JSON compliant"):
        recording.render("jsonl")


def test_ids_begin_with_a_given_name():
    ids = [json.loads(line)["id"] for line in RECORDING.render("jsonl", name="x/a.wav").splitlines()]
    assert ids == ["x/a.wav-00000", "x/a.wav-00001"]


def test_tsv():
    header, first, second = (line.split("\t") for line in RECORDING.render("tsv").splitlines())
    assert header == ["audio", "start", "end", "transcript", "translation", "score"]
    assert first == ["a/talk.wav", "0.000", "2.500", "one two", "eins zwei", "-0.7500"]
    assert second[:3] == ["a/talk.wav", "61.000", "62.345"]


def test_tsv_keeps_the_path():
    name = "my  talk at\u202f10.mov"
    line = Writer("tsv", ("en", "de")).add(name, RECORDING.segments[0]).splitlines()[-1]
    assert line.split("\t")[0] == name
    assert Writer("tsv", ("en", "de")).add("a\tb\n.wav", RECORDING.segments[0]).count("a b .wav\t") == 1


def test_unknown_form():
    with pytest.raises(ValueError, match="choose one of text, jsonl, srt, vtt, tsv"):
        RECORDING.render("doc")


def test_writer_names_recordings_and_numbers_cues():
    text, srt = (Writer(form, ("en", "de"), named=True) for form in ("text", "srt"))
    segment = RECORDING.segments[0]
    assert text.add("a.wav", segment).startswith("a.wav\n\n[0:00")
    assert text.add("a.wav", segment).startswith("[0:00")
    assert text.add("b.wav", segment).startswith("b.wav\n\n[0:00")
    assert srt.add("a.wav", segment) == "", "held back: how long it is shown depends on the next"
    assert srt.add("a.wav", segment).startswith("1\n")
    assert srt.finish().startswith("2\n")
    assert srt.finish() == text.finish() == ""


class TestRecording:
    def test_joins_segments(self):
        assert RECORDING.transcript == "one\ttwo one"
        assert RECORDING.translation == "eins zwei eins"
        assert RECORDING.score == (-0.75 - 2.5) / 2

    def test_nbest_joins_by_rank(self):
        best, second = RECORDING.nbest
        assert (best.transcript, best.translation_score) == ("one\ttwo one", (-0.25 - 1.5) / 2)
        assert (second.transcript, second.score) == ("one one", -2.5)

    def test_a_segment_of_fewer_hypotheses_gives_its_last_one(self):
        segments = (Segment(0.0, 2.5, (BEST, SECOND)), Segment(3.0, 4.0, (BEST, BEST, BEST)))
        third = Recording(None, 9.0, "en", "de", segments).nbest[2]
        assert third.translation == "eins eins zwei"

    def test_languages_without_spaces(self):
        """Nothing stands between sentences, unless words that are parted by spaces would meet."""

        def joined(language, *texts):
            hypotheses = [Hypothesis(text, text, -1.0, -1.0, -1.0) for text in texts]
            segments = tuple(Segment(i, i + 1.0, (own,)) for i, own in enumerate(hypotheses))
            return Recording(None, 9.0, language, "en", segments).transcript

        assert joined("zh", "買東西。", "謝謝") == "買東西。謝謝"
        assert joined("zh-TW", "買 iPhone", "Mac 或 PC") == "買 iPhone Mac 或 PC"
        assert joined("ja", "iPhone", "を買う", "", "2026") == "iPhoneを買う2026"
        assert joined("ko", "좋아요.", "감사합니다.") == "좋아요. 감사합니다."
        assert joined("th", "สวัสดี", "ลาก่อน") == "สวัสดี ลาก่อน"

    def test_nothing_said(self):
        silent = Recording(None, 1.0, "en", "de")
        assert (silent.transcript, silent.translation, silent.score, silent.nbest) == ("", "", None, ())
