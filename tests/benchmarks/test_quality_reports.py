"""What runs have left: a damaged report is made again, damaged results are named and kept."""

import json

import pytest
from tiny_runs import LIST

from benchmarks.quality import __main__ as quality
from benchmarks.quality.reports import OF_A_RUN, Reports, read_report
from benchmarks.quality.run_list import read_list
from interactive_st.errors import DataError

SCORES = {"wer": 1.0, "bleu": None, "chrf": 3.0}


@pytest.fixture
def listed(tmp_path):
    path = tmp_path / "runs.yaml"
    path.write_text(LIST, encoding="utf-8")
    return path


@pytest.fixture
def run(listed):
    return read_list(listed).run("digits", "multitask", 1)


def whole(run):
    return {
        **dict.fromkeys(OF_A_RUN), "run": run.name, "definition": run.definition(), "train_seconds": 60.0,
        "total_seconds": 90.0, "counts": {}, "sets": {"test": SCORES},
    }  # fmt: skip


def write_report(run, out, report):
    run.folder(out).mkdir(parents=True)
    (run.folder(out) / "report.json").write_text(json.dumps(report))


def command_line(listed, tmp_path, *words):
    places = ("--runs", listed, "--out", tmp_path / "runs", "--results", tmp_path / "results")
    return quality.main([*map(str, places), "--only", "digits/multitask/1", *words])


def kept(run, **changes):
    return {"data": {}, "runs": [whole(run)]} | changes


def test_whole_reports_are_read(run, tmp_path):
    write_report(run, tmp_path / "runs", whole(run))
    assert read_report(run, tmp_path / "runs") == whole(run)
    (tmp_path / "quality.json").write_text(json.dumps(kept(run)))
    assert Reports(tmp_path / "none", tmp_path).read(run) == whole(run)


@pytest.mark.parametrize(
    "damage",
    [
        {"sets": None}, {"sets": []}, {"sets": {"test": None}}, {"sets": {"test": {"wer": 1.0}}},
        {"sets": {"test": SCORES | {"bleu": "2"}}}, {"train_seconds": None}, {"total_seconds": "90"},
        {"counts": None},
    ],
    ids=json.dumps,
)  # fmt: skip
def test_a_damaged_report_is_of_a_run_that_is_not_done(listed, run, tmp_path, damage, capsys):
    write_report(run, tmp_path / "runs", whole(run) | damage)
    assert command_line(listed, tmp_path, "--list") == 0
    assert "digits/multitask/1  begun\n0 of 1 done" in capsys.readouterr().out
    assert command_line(listed, tmp_path, "--table") == 0
    assert "no run is done yet: no table" in capsys.readouterr().out


@pytest.mark.parametrize("key", [*OF_A_RUN, "sets"])
def test_a_report_that_lacks_something_is_of_a_run_that_is_not_done(run, tmp_path, key):
    write_report(run, tmp_path / "runs", {name: value for name, value in whole(run).items() if name != key})
    assert Reports(tmp_path / "runs", tmp_path).missing(run) == [run]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text[: len(text) // 2], r"\(.*line 1 column"),
        (lambda text: f"<<<<<<< HEAD\n{text}\n=======\n{text}\n>>>>>>> theirs\n", r"\(Expecting value"),
        (lambda text: "", r"\(Expecting value"),
        (lambda text: "\udcff", r"\(.*codec can't decode"),
        (lambda text: "[" * 100_000, r"\(maximum recursion"),
        (lambda text: "[]", r"\(a JSON object is needed, found list\)"),
        (lambda text: "null", r"\(a JSON object is needed, found NoneType\)"),
        (lambda text: '"x"', r"\(a JSON object is needed, found str\)"),
        (lambda text: "{}", r'\("data" has to hold the data sets'),
        (lambda text: '{"data": {"digits": {}}, "runs": []}', r'\("data" has to hold the data sets'),
        (lambda text: '{"data": {}, "runs": 5}', r'\("runs" has to be a list\)'),
        (lambda text: text.replace('"runs": [', '"runs": [{}, '), r'\(number 1 of "runs" is no whole report'),
        (lambda text: text.replace('"sets"', '"set"'), r'\(number 1 of "runs" is no whole report'),
    ],
)  # fmt: skip
def test_damaged_results_are_named_and_kept(listed, run, tmp_path, change, reason, capsys):
    path = tmp_path / "results" / "quality.json"
    path.parent.mkdir()
    damaged = change(json.dumps(kept(run))).encode("utf-8", "surrogateescape")
    path.write_bytes(damaged)
    write_report(run, tmp_path / "runs", whole(run))
    for words in (["--list"], ["--table"], ["--data", f"digits={tmp_path / 'recordings'}"]):
        with pytest.raises(DataError, match=rf": cannot be read {reason}.*; restore it") as caught:
            command_line(listed, tmp_path, *words)
        assert str(caught.value).startswith(f"{path}: ")
        assert "name another --results" in str(caught.value)
    assert path.read_bytes() == damaged
    assert capsys.readouterr().out == "", "data are not made before it is said"
