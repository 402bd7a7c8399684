"""Tables, files and pictures of runs whose texts were made by hand."""

import json
import math

import pytest
from faulty_texts import sentences, with_errors

from benchmarks.quality import counts, pictures, results, run_list, summary
from benchmarks.quality.corpora import Prepared
from benchmarks.quality.reports import Reports
from benchmarks.quality.summary import Cell
from interactive_st.scoring.corpus_scores import score_pairs

LIST = """\
data:
  a: {recipe: spoken_digits, source: recordings of ten digits, updates: 10, corpus: --utterances 6}
variants:
  asr: {system: asr}
  pipeline: {system: pipeline, recogniser: asr}
  e2e: {system: e2e}
  interactive: {system: interactive}
  k1: {like: interactive, model_from: asr, train: --wait-k 1}
  k_inf: {like: interactive, encoder_from: asr, text_of: train, train: --wait-k inf}
groups:
  systems:
    title: The systems
    variants: [asr, pipeline, e2e, interactive]
    seeds: {a: [1, 2]}
  wait_k:
    title: Waiting
    parameter: wait_k
    variants: {1: k1, 3: interactive, inf: k_inf}
    seeds: {a: [1, 2]}
"""
SETTINGS = {
    "command": "python -m benchmarks.quality", "date": "2020-01-01", "commit": "abc", "cpu": "a processor",
    "cores": 2, "device": "cpu", "python": "3", "torch": "2", "resamples": 100,
}  # fmt: skip


def finish(run, out, transcripts, translations, truth, seconds):
    """What a run leaves behind that wrote these texts."""
    pairs = [
        {
            "id": str(number), "transcript": heard, "translation": said,
            "reference_transcript": reference, "reference_translation": reference,
        }
        for number, (heard, said, reference) in enumerate(zip(transcripts, translations, truth, strict=True))
    ]  # fmt: skip
    folder = run.folder(out)
    folder.mkdir(parents=True)
    report = {
        "definition": run.definition(), "seed": run.seed, "updates": 10,
        "train_seconds": seconds, "total_seconds": seconds + 1, "step_seconds": {},
        "commands": [f"train {run.name}"], "versions": {"python": "3"}, "machine": {"commit": "abc"},
        "sets": {"test": score_pairs(pairs, per_speaker=True)},
        "counts": {"test": {name: counts.pack(found) for name, found in counts.count_pairs(pairs).items()}},
        "data_digest": "1",
    }  # fmt: skip
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A list, and a folder in which all of it is done but one run of seed 2."""
    out = tmp_path_factory.mktemp("runs")
    path = out / "runs.yaml"
    path.write_text(LIST, encoding="utf-8")
    runs, truth = run_list.read_list(path), sentences(40)
    nothing = [None] * len(truth)
    quality = {"asr": 6, "pipeline": 3, "e2e": 2, "interactive": 12, "k1": 11, "k_inf": 8}
    for place, run in enumerate(runs.runs(runs.groups)):
        if run.name == "a/e2e/2":
            continue
        texts = with_errors(truth, quality[run.variant.name], place)
        heard, said = (nothing if run.variant.name == name else texts for name in ("e2e", "asr"))
        finish(run, out, heard, said, truth, 60.0)
    return runs, out


@pytest.fixture(scope="module")
def tables(done):
    runs, out = done
    return summary.summarise(runs, Reports(out, out), ["systems", "wait_k"], 200)


def row(table, value):
    return next(row for row in table.rows if row.value == value)


def test_mean_and_deviation():
    assert Cell({1: 2.0, 2: 4.0, 3: 9.0}).mean == 5.0
    assert Cell({1: 2.0, 2: 4.0, 3: 9.0}).deviation == pytest.approx(math.sqrt(13))
    assert Cell({1: 2.0}).deviation is None
    assert (Cell().mean, Cell().deviation) == (None, None)


def test_summary(tables):
    systems, wait_k = tables
    assert [row.value for row in systems.rows] == ["asr", "pipeline", "e2e", "interactive"]
    assert [row.value for row in wait_k.rows] == ["1", "3", "inf"]
    assert row(systems, "e2e").seeds == (1,)
    assert row(systems, "e2e").scores["wer"].mean is None
    assert row(systems, "asr").scores["bleu"].mean is None
    # that of its recogniser is part of what a pipeline costs
    assert row(systems, "pipeline").train_seconds == [120.0, 120.0]
    assert row(systems, "asr").train_seconds == [60.0, 60.0]
    # so is what a model begins with, unless it is the encoder, with which all do
    assert row(wait_k, "1").train_seconds == [120.0, 120.0]
    assert row(wait_k, "inf").train_seconds == [60.0, 60.0]
    interactive = row(systems, "interactive")
    assert all(cell.p is None and cell.deviation > 0 for cell in interactive.scores.values())
    assert row(systems, "e2e").scores["wer"].p is None
    assert row(systems, "e2e").scores["bleu"].p < 0.05
    assert row(systems, "pipeline").scores["wer"].p < 0.05
    assert row(wait_k, "1").scores["wer"].p > 0.05
    assert row(systems, "pipeline").scores["wer"].reference_better == (2, 2)
    assert row(systems, "e2e").scores["bleu"].reference_better == (1, 1)
    k1 = row(wait_k, "1").scores["bleu"]
    ahead = [row(wait_k, "3").scores["bleu"].values[seed] > value for seed, value in k1.values.items()]
    assert k1.reference_better == (sum(ahead), 2)


def test_a_run_that_was_not_trained_here_has_no_time_of_training():
    report = {"sets": {"test": {"wer": 1.0, "bleu": None, "chrf": None}}}
    reports = {1: report | {"train_seconds": 0.0}, 2: report | {"train_seconds": 60.0}}
    assert summary._row("a", None, "test", reports).train_seconds == [60.0]


@pytest.mark.parametrize(
    ("p", "better", "text"),
    [
        (0.0499, (2, 3), "**0.050** (2/3)"),
        (0.05, (0, 2), "0.050 (0/2)"),
        (0.3, (1, 1), "0.300"),
        (None, None, "–"),
    ],
)
def test_probabilities_as_text(p, better, text):
    assert results._p(Cell({1: 1.0}, p, better)) == text


def test_a_seed_with_equal_scores_is_none_with_which_the_reference_is_better(tmp_path):
    path = tmp_path / "runs.yaml"
    path.write_text(LIST, encoding="utf-8")
    runs, truth = run_list.read_list(path), sentences(20)
    for variant in ("interactive", "k1"):
        for seed, errors in ((1, 2), (2, 2 if variant == "interactive" else 9)):
            texts = with_errors(truth, errors, seed)
            finish(runs.run("a", variant, seed), tmp_path, texts, texts, truth, 60.0)
    [table] = summary.summarise(runs, Reports(tmp_path, tmp_path), ["wait_k"], 50)
    assert row(table, "1").scores["wer"].reference_better == (0, 2)


def test_results(done, tables, tmp_path):
    runs, out = done
    results.write_results(tmp_path, tables, runs, Reports(out, tmp_path), SETTINGS, ["systems.png"])
    text = (tmp_path / "quality.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert "| system | WER % | p | BLEU | p | chrF | p | seeds | training, min |" in lines
    assert "**a, test** (7 of 8 runs done)" in lines
    assert "**a, test**" in lines
    cell = row(tables[0], "pipeline").scores["wer"]
    [line] = [line for line in lines if line.startswith("| pipeline |")]
    assert line.startswith(f"| pipeline | {cell.mean:.2f} ± {cell.deviation:.2f} | **{cell.p:.3f}** (2/2) |")
    assert line.endswith("| 2 | 2.0 |")
    [line] = [line for line in lines if line.startswith("| e2e |")]
    assert line.startswith("| e2e | – | – |")
    assert "![The systems](systems.png)" in lines
    assert "wait_k.png" not in text
    assert "Options: 1: begins with all of asr, `--wait-k 1`; inf: the texts of train once more, `" in text
    assert "tok:13a" in text
    assert "10 updates" in text
    content = json.loads((tmp_path / "quality.json").read_text(encoding="utf-8"))
    assert content["settings"] == SETTINGS
    assert len(content["runs"]) == 11
    found = {run["run"]: run for run in content["runs"]}
    assert found["a/pipeline/1"]["commands"] == ["train a/pipeline/1"]
    assert found["a/pipeline/1"]["train_seconds"] == 60.0
    assert "speakers" not in found["a/asr/1"]["sets"]["test"]
    stored = content["tables"][0]["rows"][1]
    assert stored["variant"] == "pipeline"
    assert stored["wer"]["mean"] == pytest.approx(cell.mean)
    assert stored["wer"]["seeds"].keys() == {"1", "2"}
    assert str(out) not in json.dumps(content)


def test_pictures(tables, tmp_path):
    assert pictures.draw_all(tables, tmp_path) == ["systems.png", "wait_k.png"]
    for name in ("systems.png", "wait_k.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    figure = pictures._systems(tables[:1])
    bleu, wer = figure.axes
    assert [label.get_text() for label in bleu.get_yticklabels()] == ["asr", "pipeline", "e2e", "interactive"]
    assert [text.get_text() for text in wer.texts] == ["writes no such text"]
    sweep = pictures._sweep(tables[1:])
    assert [axes.get_title(loc="left") for axes in sweep.axes] == ["BLEU, a, test", "WER (%), a, test"]
    assert [label.get_text() for label in sweep.axes[0].get_xticklabels()] == ["1", "3", "∞"]


def test_nothing_is_done_yet(done, tmp_path):
    assert summary.summarise(done[0], Reports(tmp_path, tmp_path), ["systems"], 10) == []


def test_results_are_all_that_is_needed_elsewhere(done, tables, tmp_path):
    """On a machine that has the results and nothing else, the tables come out the same, and what is in them
    is not done again, unless its definition or its data have become others."""
    runs, out = done
    results.write_results(tmp_path / "one", tables, runs, Reports(out, tmp_path), SETTINGS, [])
    elsewhere = Reports(tmp_path / "nothing", tmp_path / "one")
    again = summary.summarise(runs, elsewhere, ["systems", "wait_k"], 200)
    for table, same in zip(tables, again, strict=True):
        assert (same.rows, same.wanted, same.signatures) == (table.rows, table.wanted, table.signatures)
    results.write_results(tmp_path / "two", again[:1], runs, elsewhere, SETTINGS, [])
    first, second = (json.loads((tmp_path / name / "quality.json").read_text()) for name in ("one", "two"))
    assert second["runs"] == first["runs"]

    names = [run.name for run in runs.runs(runs.groups) if elsewhere.missing(run)]
    assert names == ["a/e2e/2"]
    pipeline = runs.run("a", "pipeline", 1)
    prepared = Prepared(tmp_path, ("test",), "1")
    assert elsewhere.missing(pipeline, prepared) == []
    # with other data all of it is to be done, its recogniser first
    changed = elsewhere.missing(pipeline, Prepared(tmp_path, ("test",), "2"))
    assert [run.name for run in changed] == ["a/asr/1", "a/pipeline/1"]


def test_runs_of_other_lists_are_kept(done, tables, tmp_path):
    runs, out = done
    results.write_results(tmp_path, tables, runs, Reports(out, tmp_path), SETTINGS, [])
    before = json.loads((tmp_path / "quality.json").read_text())
    other = LIST.replace("\n  a:", "\n  b:").replace("{a: [1, 2]}", "{b: [1, 2]}")
    (tmp_path / "runs.yaml").write_text(other, encoding="utf-8")
    runs = run_list.read_list(tmp_path / "runs.yaml")
    assert list(runs.data) == ["b"]
    results.write_results(tmp_path, [], runs, Reports(tmp_path / "nothing", tmp_path), SETTINGS, [])
    after = json.loads((tmp_path / "quality.json").read_text())
    assert {run["run"]: run for run in after["runs"]} == {run["run"]: run for run in before["runs"]}
    assert after["data"] == before["data"]


def test_what_others_build_on_has_to_be_here(done, tables, tmp_path):
    """A checkpoint does not come with the results."""
    runs, out = done
    results.write_results(tmp_path, tables, runs, Reports(out, tmp_path), SETTINGS, [])
    content = json.loads((tmp_path / "quality.json").read_text())
    content["runs"] = [run for run in content["runs"] if run["run"] != "a/pipeline/1"]
    (tmp_path / "quality.json").write_text(json.dumps(content))
    elsewhere = Reports(tmp_path / "nothing", tmp_path)
    missing = elsewhere.missing(runs.run("a", "pipeline", 1))
    assert [run.name for run in missing] == ["a/asr/1", "a/pipeline/1"]
