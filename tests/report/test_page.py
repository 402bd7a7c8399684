"""The report of a run: what is in it, and that it needs nothing from outside."""

import base64
import io
import re
import shutil
import sys

import pytest
import soundfile
from training_log import json_lines, stamped, write_log

from interactive_st.errors import DataError
from interactive_st.plots.fairseq_log import parse_log
from interactive_st.report.audio_clips import Recordings
from interactive_st.report.curves import curves_html
from interactive_st.report.page import build_page
from interactive_st.report.run_contents import read_contents
from interactive_st.scoring.pairs_file import write_pairs


@pytest.fixture(scope="module")
def html(run_folder, matplotlib):
    page, notes = build_page(read_contents(run_folder), "Spoken <digits>", examples=4, clip_seconds=1.0)
    assert notes == []
    return page


def test_contents_of_a_run(run_folder, pairs):
    contents = read_contents(run_folder)
    assert contents.name == "digits"
    assert [log.name for log in contents.logs] == ["digits"]
    assert contents.pairs == {"test": pairs}
    assert contents.data == {"train": (4, 0.2)}


def test_what_was_trained_and_how_well(html):
    for text in (
        "Spoken &lt;digits&gt;", "interactive_st_tiny", "1,234", "40 updates", "trained for 1.5 min",
        "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:", "wait-k", "warm-up (updates)", "lucas",
        "fairseq_cli.train data --arch &#x27;interactive_st_tiny&#x27;", "2.13.0", "0.20",
    ):  # fmt: skip
        assert text in html, text


def test_options_that_are_off_are_not_shown(html):
    assert "end (updates)" not in html


def test_examples_are_marked_and_escaped(html):
    assert '<mark class="replaced" title="reference: one">&lt;b&gt;</mark>' in html
    assert "<b>" not in html
    assert html.count('class="utterance"') == 4
    assert '<dd lang="de">' in html


def test_texts_are_laid_out_in_the_direction_of_their_script(html):
    assert re.search(r"\.said dd {[^}]*unicode-bidi: plaintext", html), "else Arabic ends at the wrong side"


def test_nothing_comes_from_outside(html):
    without_data = re.sub(r"data:[a-z]+/[a-z]+;base64,[A-Za-z0-9+/=]+", "", html)
    assert re.findall(r'(?:src|href)="(?!#)[^"]+"', without_data) == []
    assert "@import" not in html
    assert "url(http" not in html
    assert "default-src 'none'" in html


def test_curves_follow_the_page_colours(html):
    assert html.count("<figure>") == 4
    assert "currentColor" in html
    assert "var(--transcript)" in html
    ids = re.findall(r'\bid="(c\d[^"]*)"', html)
    assert ids
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)


def test_clips_are_playable_and_cut(html):
    clips = re.findall(r'src="data:audio/flac;base64,([^"]+)"', html)
    lengths = [soundfile.info(io.BytesIO(base64.b64decode(clip))).duration for clip in clips]
    assert lengths == [1.0, 0.5, 0.5, 0.5]
    assert html.count("the first 1 s") == 1


def test_a_recording_that_is_gone_or_broken_leaves_the_rest(run_folder, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    (tmp_path / "test.tsv").write_text("id\taudio\nu\tbad.wav\nv\tgone.wav\nw\ttrain.zip:0:9\n")
    recordings = Recordings([tmp_path / "test.tsv"])
    assert "not readable as audio" in recordings.player("u", 1.0)
    assert recordings.player("v", 1.0) == recordings.player("w", 1.0) == recordings.player("x", 1.0) == ""


@pytest.mark.parametrize(
    ("times", "reason"), [("1,5\t", "offset &#x27;1,5&#x27;"), ("\t0", "duration &#x27;0&#x27;")]
)
def test_a_time_that_is_no_number_is_named_by_its_row(run_folder, tmp_path, times, reason):
    soundfile.write(tmp_path / "good.wav", [0.0] * 8000, 16000)
    table = tmp_path / "test.tsv"
    table.write_text(f"id\taudio\toffset\tduration\nu\tgood.wav\t0.1\t \nv\tgood.wav\t{times}\n")
    recordings = Recordings([table])
    assert f"no recording: {table}:3: {reason} must be a number of seconds" in recordings.player("v", 1.0)
    assert "<audio" in recordings.player("u", 1.0)


def test_worst_examples_first(run_folder):
    contents = read_contents(run_folder)
    contents.logs = []
    page, _ = build_page(contents, "t", examples=3, choose="worst")
    assert re.findall(r"<h3>(test_theo_\d)</h3>", page) == ["test_theo_1", "test_theo_3", "test_theo_5"]


def test_without_matplotlib_the_page_says_so(run_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    page, notes = build_page(read_contents(run_folder), "t", examples=0)
    assert "interactive_st[plots]" in notes[0]
    assert "No curves" in page
    assert "<figure>" not in page


def test_a_folder_of_checkpoints_with_named_files(tmp_path, pairs):
    log = write_log(tmp_path / "else" / "train.log", json_lines())
    write_pairs(tmp_path / "else" / "dev.jsonl", pairs)
    save_dir = tmp_path / "checkpoints"
    save_dir.mkdir()
    contents = read_contents(save_dir, [log], {"dev set": tmp_path / "else" / "dev.jsonl"})
    assert contents.scores["dev set"]["sentences"] == 6
    assert set(contents.scores["dev set"]["speakers"]) == {"theo", "lucas"}
    assert contents.data == {"train": (6000, None)}
    _, notes = build_page(contents, "t", examples=1)
    assert any("no recordings" in note for note in notes)


def test_nothing_to_report(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        read_contents(tmp_path / "gone")
    with pytest.raises(DataError, match=r"no report.json"):
        read_contents(tmp_path)
    (tmp_path / "report.json").write_text("[]")
    with pytest.raises(DataError, match="a JSON object is needed"):
        read_contents(tmp_path)
    for name, value in (("train_seconds", '"12"'), ("commands", "[[1]]"), ("versions", "[1]")):
        (tmp_path / "report.json").write_text(f'{{"{name}": {value}}}')
        with pytest.raises(DataError, match=rf"report\.json: {name} is "):
            read_contents(tmp_path)


def test_a_log_that_cannot_be_read_takes_no_curves_away_unsaid(run_folder, tmp_path):
    run = shutil.copytree(run_folder, tmp_path / "run")
    gone = run / "logs" / "gone.log"
    gone.symlink_to(tmp_path / "elsewhere.log")
    with pytest.raises(DataError, match=rf"{gone}: cannot be read \(No such file"):
        read_contents(run)


def test_a_system_that_writes_one_text(tmp_path, pairs):
    (tmp_path / "run" / "pairs").mkdir(parents=True)
    silent = [pair | {"transcript": None, "reference_transcript": None} for pair in pairs]
    write_pairs(tmp_path / "run" / "pairs" / "test.jsonl", silent)
    for choose in ("spread", "worst"):
        page, _ = build_page(read_contents(tmp_path / "run"), "t", examples=2, choose=choose)
        assert page.count('<dt>transcript</dt><dd lang="en">–</dd>') == 2


def test_recordings_that_are_not_where_the_table_says_are_named(tmp_path, pairs):
    write_pairs(tmp_path / "dev.jsonl", [pair | {"id": None} for pair in pairs[:1]] + pairs[1:3])
    soundfile.write(tmp_path / "a.wav", [0.0] * 8000, 16000)
    table = tmp_path / "test.tsv"
    (tmp_path / "run").mkdir()
    for rows, some in (("", "all"), (f"{pairs[2]['id']}\ta.wav\n", "some")):
        table.write_text(f"id\taudio\n{pairs[1]['id']}\tgone.wav\nNone\ta.wav\n{rows}")
        contents = read_contents(tmp_path / "run", [], {"dev": tmp_path / "dev.jsonl"}, [table])
        page, notes = build_page(contents, "t", examples=3)
        gone = tmp_path / "gone.wav"
        message = f"{some} examples are without their recordings, such as {gone}, which is not there"
        assert [note for note in notes if message in note]
        assert "<h3>None" not in page


def test_trainings_of_one_name_are_told_apart(tmp_path):
    logs = [write_log(tmp_path / run / "train.log", json_lines()) for run in ("a", "b")]
    (tmp_path / "run").mkdir()
    assert [log.name for log in read_contents(tmp_path / "run", logs).logs] == ["a/train", "b/train"]


def test_a_log_with_nothing_to_draw_takes_no_curves_from_the_others(matplotlib):
    bare = parse_log([stamped(0, "train_inner", '{"num_updates": "1", "wps": "3"}')], "bare")
    good = parse_log(json_lines(), "good")
    assert curves_html([bare, good]).count("<figure") == curves_html([good]).count("<figure") > 0
