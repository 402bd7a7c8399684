import re

import pytest
from training_log import json_lines, write_log

from interactive_st.cli.main import main
from interactive_st.scoring.pairs_file import write_pairs
from tests.full_disk import largest_file

PAIR = {
    "id": "u",
    "transcript": "a",
    "translation": "b",
    "reference_transcript": "a",
    "reference_translation": "c",
}


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    (folder / "pairs").mkdir(parents=True)
    write_pairs(folder / "pairs" / "test.jsonl", [PAIR])
    return folder


def test_the_page_is_in_the_run_folder(run, capsys):
    assert main(["report", str(run)]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{run / 'report.html'}\n"
    assert "note: no recordings found" in captured.err
    assert "<h1>run</h1>" in (run / "report.html").read_text(encoding="utf-8")


def test_the_page_replaces_no_input(run, tmp_path, capsys):
    log, table = write_log(tmp_path / "train.log", json_lines()), tmp_path / "test.tsv"
    table.write_text("id\taudio\n")
    pairs = tmp_path / "own.jsonl"
    write_pairs(pairs, [PAIR])
    (run / "report.json").write_text("{}")
    words = ["report", str(run), "--log", str(log), "--pairs", str(pairs), "--audio", str(table)]
    for out in (log, pairs, table, run / "report.json", run / "pairs" / "test.jsonl"):
        assert main([*words, "--out", str(out)]) == 2
        message = f"error: --out {out}: is one of the files to read; choose another name"
        assert message in capsys.readouterr().err
    assert main(words) == 0


def test_odd_characters_of_texts_are_named_or_replaced(run, capsys):
    pairs = run / "pairs" / "test.jsonl"
    write_pairs(pairs, [PAIR | {"transcript": "a\x00\x1b[1m", "reference_translation": "c\x07"}])
    assert main(["report", str(run)]) == 0
    page = (run / "report.html").read_text(encoding="utf-8")
    assert re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f]", page) == []
    assert "a\ufffd\ufffd[1m" in page
    pairs.write_text(pairs.read_text() + r'{"transcript": "\ud800x", "translation": "b"}' + "\n")
    capsys.readouterr()
    assert main(["report", str(run)]) == 2
    assert rf"error: {pairs}:2: holds '\ud800', half of a character" in capsys.readouterr().err


def test_features_are_no_recordings(run, tmp_path, capsys):
    (tmp_path / "test.tsv").write_text("id\taudio\nu\tfbank.zip:42:1000\n")
    assert main(["report", str(run), "--audio", str(tmp_path / "test.tsv")]) == 0
    expected = "no recordings found for the examples; the manifests name features, which have no sound; name"
    assert expected in capsys.readouterr().err


def test_files_by_options(run, tmp_path):
    log = write_log(tmp_path / "train.log", json_lines())
    pairs, out = run / "pairs" / "test.jsonl", tmp_path / "page.html"
    words = ["--log", str(log), "--pairs", f"seen={pairs}", "--pairs", str(pairs), "--out", str(out)]
    assert main(["report", str(tmp_path), *words, "--title", "A & B", "--examples", "1"]) == 0
    page = out.read_text(encoding="utf-8")
    assert "<h1>A &amp; B</h1>" in page
    assert "<h3>seen</h3>" in page
    assert "<h3>test</h3>" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone"], "gone: no such folder"),
        ([".", "--log", "gone.log"], "gone.log: cannot be read"),
        ([".", "--pairs", "gone.jsonl"], "gone.jsonl: cannot be read"),
        (
            [".", "--pairs", "a/test.jsonl", "--pairs", "b/test.jsonl"],
            "--pairs a/test.jsonl and --pairs b/test.jsonl: two sets are called test; give them other names",
        ),
        ([".", "--pairs", "x=a.jsonl", "--pairs", "x=a.jsonl"], "two sets are called x"),
        ([".", "--audio", "gone.tsv"], "gone.tsv: no such manifest; give a table with id and audio"),
        ([".", "--examples", "-1"], "--examples is 0 or more"),
        ([".", "--clip-seconds", "0"], "--clip-seconds more than 0"),
        ([".", "--clip-seconds", "nan"], "--clip-seconds more than 0"),
        ([".", "--out", "none/a.html"], "--out none/a.html: there is no folder none; make it"),
    ],
)
def test_mistakes_are_named_without_a_traceback(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["report", *words]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("report.json", '{"sets": {"test": {"wer": "12"}}}', "json: test: wer is '12', where a number or"),
        ("report.json", '{"sets": {"t": {"wer": 1, "speakers": {"a": {"wer": []}}}}}', "a: wer is []"),
        ("report.json", '{"sets": {"test": 3}}', "report.json: test: holds no scores"),
        ("report.json", '{"sets": [1]}', "report.json: sets is [1], where test sets"),
        ("report.json", "[" * 100_000, "report.json: not JSON"),
        ("data/train.tsv", "id\tn_frames\nu\t12\nv\tx\n", "train.tsv:3: n_frames is 'x', where a"),
    ],
)
def test_damaged_files_of_a_run_are_named(run, file, content, message, capsys):
    (run / file).parent.mkdir(exist_ok=True)
    (run / file).write_text(content)
    assert main(["report", str(run)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("option", "name"), [("a=b=", "a=b"), ("λ = 0=", "λ = 0"), ("", "test")])
def test_names_of_sets_are_what_compare_takes_for_those_of_systems(run, capsys, option, name):
    assert main(["report", str(run), "--pairs", f"{option}{run / 'pairs' / 'test.jsonl'}"]) == 0
    assert f"<h3>{name}</h3>" in (run / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("option", "name"), [("test=", "test"), ("a=b=", "a=b"), ("", "test")])
def test_folders_of_a_sweep_may_be_named_by_its_values(run, capsys, monkeypatch, option, name):
    monkeypatch.chdir(run)
    (run / "k=3").mkdir()
    (run / "k=3/test.jsonl").write_bytes((run / "pairs/test.jsonl").read_bytes())
    assert main(["report", ".", "--pairs", f"{option}k=3/test.jsonl"]) == 0
    assert f"<h3>{name}</h3>" in (run / "report.html").read_text(encoding="utf-8")


def test_a_name_that_is_empty_is_none(run, monkeypatch, capsys):
    monkeypatch.chdir(run / "pairs")
    assert main(["report", ".", "--pairs", "=test.jsonl"]) == 2
    assert "=test.jsonl: cannot be read" in capsys.readouterr().err


def test_texts_that_are_not_unicode_are_named(run, capsys):
    assert main(["report", str(run), "--title", "b \ud83d"]) == 2
    message = "report.html: cannot be written, as a text or a name of what it shows holds '\\ud83d', which"
    assert message in capsys.readouterr().err
    assert [path.name for path in run.iterdir()] == ["pairs"]


def test_a_full_disk_is_named_with_the_way_out(run, capsys):
    with largest_file(1000):
        assert main(["report", str(run)]) == 2
    reason = "cannot be written (File too large); nothing was left; free space or choose another place"
    assert f"error: {run / 'report.html'}: {reason}" in capsys.readouterr().err
    assert [path.name for path in run.iterdir()] == ["pairs"]
