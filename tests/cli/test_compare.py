import io
import re

import pytest
from rich.console import Console

from interactive_st.cli.main import main
from interactive_st.report.compare_terminal import show
from interactive_st.report.comparison import match
from interactive_st.scoring.pairs_file import write_pairs
from tests.full_disk import largest_file


def pair(name, transcript):
    texts = {"transcript": transcript, "translation": "[x]", "reference_transcript": "a b c"}
    return {"id": name, **texts, "reference_translation": "[x]", "speaker": "theo"}


ONE = [pair("u1", "a b c"), pair("u2", "a b c"), pair("u10", "a")]
TWO = [pair("u10", "a x c d"), pair("u1", "a b c"), pair("u3", "a")]


@pytest.fixture
def files(tmp_path):
    for folder, pairs in (("one", ONE), ("two", TWO)):
        (tmp_path / folder).mkdir()
        write_pairs(tmp_path / folder / "test.pairs.jsonl", pairs)
    return [str(tmp_path / folder / "test.pairs.jsonl") for folder in ("one", "two")]


def test_a_title_is_of_the_page(files, capsys):
    assert main(["compare", *files, "--title", "Cases"]) == 2
    assert "--title is of the page: give --html FILE as well" in capsys.readouterr().err


def test_plain_marks_where_there_is_no_terminal(files, capsys):
    assert main(["compare", *files]) == 0
    captured = capsys.readouterr()
    assert captured.out.index("u10") < captured.out.index("u1 ")
    assert "a [-b c-]" in captured.out
    assert "a [-b-] {+x+} c {+d+}" in captured.out
    assert "[x]" in captured.out  # no markup of rich
    assert "\x1b" not in captured.out
    assert "one/test" in captured.out
    assert "note: not in two/test, left out: u2" in captured.err
    assert "note: not in one/test, left out: u3" in captured.err


def test_colour_on_a_terminal():
    out = io.StringIO()
    comparison = match({"one": ONE, "two": TWO})
    show(
        comparison,
        comparison.utterances,
        Console(file=out, force_terminal=True, width=100, color_system="truecolor"),
    )
    assert "\x1b[9;38;2;0;114;178mb c" in out.getvalue()  # struck through, blue
    assert "[-" not in out.getvalue()


@pytest.mark.parametrize("settings", [{"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}])
def test_plain_marks_on_a_terminal_without_colour(settings):
    out = io.StringIO()
    comparison = match({"one": ONE, "two": TWO})
    console = Console(file=out, force_terminal=True, width=100, _environ=settings)
    show(comparison, comparison.utterances, console)
    assert "a [-b c-]" in out.getvalue()
    assert "marks: [-missing-] {+added+}" in out.getvalue()


@pytest.mark.parametrize("width", [10, 20, 40, 59])
def test_nothing_is_cut_off_in_a_narrow_terminal(files, capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["compare", *files]) == 0
    out = capsys.readouterr().out
    assert "…" not in out
    assert re.search(r" 33\.33 +40\.00 +0\.00 +100\.00 ", out)
    assert "a[-b-]{+x+}c{+d+}" in re.sub(r"\s", "", out)


def test_order_limit_and_names(files, capsys):
    words = ["compare", f"A={files[0]}", f"λ = 3={files[1]}", "--sort", "id", "--limit", "1"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "u10" not in out
    assert "λ = 3" in out


def test_names_are_no_markup(files, capsys):
    assert main(["compare", f"k3 [rank]={files[0]}", f"runs [/tmp]={files[1]}"]) == 0
    out = capsys.readouterr().out
    assert out.count("k3 [rank]") > 1, "in the scores too"
    assert out.count("runs [/tmp]") > 1


def test_page(files, tmp_path, capsys):
    out = tmp_path / "cases.html"
    assert main(["compare", *files, "--html", str(out), "--title", "Cases"]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    page = out.read_text(encoding="utf-8")
    assert "<h1>Cases</h1>" in page
    assert '<del class="missing" title="missing">b c</del>' in page
    assert 'data-difference="0"' in page
    assert "not in one/test, left out: u3" in page


def test_the_page_replaces_no_input(files, tmp_path, capsys):
    link = tmp_path / "link.html"
    link.symlink_to(files[1])
    for out in (files[0], link):
        assert main(["compare", *files, "--html", str(out)]) == 2
        message = f"error: --html {out}: is one of the files to read; choose another name"
        assert message in capsys.readouterr().err
    assert main(["compare", *files]) == 0


def test_control_characters_of_texts_are_not_in_the_page(tmp_path):
    texts = {"translation": "b\x07c", "reference_transcript": "a\x00 x\x1b[0m", "speaker": "th\x9beo"}
    write_pairs(tmp_path / "odd\x08.jsonl", [pair("u\x1b1", "a\x00 \x1b[1mtwo\tthree") | texts])
    out = tmp_path / "cases.html"
    assert main(["compare", str(tmp_path / "odd\x08.jsonl"), "--html", str(out), "--title", "name\x1f"]) == 0
    page = out.read_text(encoding="utf-8")
    assert re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f]", page) == []
    for text in ("a? ", "?[1mtwo", "x?[0m", "b?c", "th?eo", "u?1", "name?", "odd?"):
        assert text.replace("?", "\ufffd") in page, text


def test_half_a_character_is_named_by_its_line(files, tmp_path, capsys):
    bad = tmp_path / "bad.jsonl"
    bad.write_text(r'{"id": "u1", "transcript": "\ud800x", "translation": "b"}' + "\n")
    assert main(["compare", files[0], str(bad), "--html", str(tmp_path / "cases.html")]) == 2
    assert rf"error: {bad}:1: holds '\ud800', half of a character" in capsys.readouterr().err


def test_one_file_alone(files, capsys):
    assert main(["compare", files[0]]) == 0
    out = capsys.readouterr().out
    assert out.index("u1 ") < out.index("u2") < out.index("u10")


def test_mistakes_are_named_without_a_traceback(files, tmp_path, capsys):
    assert main(["compare", files[0], str(tmp_path / "gone.jsonl")]) == 2
    assert "gone.jsonl: cannot be read" in capsys.readouterr().err
    assert main(["compare", f"a={files[0]}", f"a={files[1]}"]) == 2
    assert "two systems are called a" in capsys.readouterr().err
    assert main(["compare", files[0], "--limit", "0"]) == 2
    assert "--limit 0" in capsys.readouterr().err
    assert main(["compare", *files, "--html", str(tmp_path / "none" / "a.html")]) == 2
    assert f"a.html: there is no folder {tmp_path / 'none'}; make it" in capsys.readouterr().err


def test_a_system_that_writes_one_text(tmp_path, capsys):
    write_pairs(tmp_path / "e2e.jsonl", [pair("u1", None)])
    assert main(["compare", str(tmp_path / "e2e.jsonl")]) == 0
    assert "WER –" in capsys.readouterr().out

def test_a_full_disk_is_named_with_the_way_out(files, tmp_path, capsys):
    page = tmp_path / "cases.html"
    page.write_text("the old one")
    with largest_file(1000):
        assert main(["compare", *files, "--html", str(page)]) == 2
    reason = "cannot be written (File too large); nothing was left; free space or choose another place"
    assert f"error: {page}: {reason}" in capsys.readouterr().err
    assert page.read_text() == "the old one"
