"""Means, spreads, significance, tables and pictures of runs whose texts were made by hand."""

import json
import math

import numpy as np
import pytest
from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest

from benchmarks.quality import counts, pictures, results, run_list, significance, summary
from benchmarks.quality.corpora import Prepared
from benchmarks.quality.reports import Reports
from benchmarks.quality.summary import Cell
from interactive_st.scoring.pairs import score_pairs

LIST = """\
data:
  a: {recipe: spoken_digits, source: recordings of ten digits, updates: 10, corpus: --utterances 6}
variants:
  asr: {system: asr}
  pipeline: {system: pipeline, recogniser: asr}
  e2e: {system: e2e}
  interactive: {system: interactive}
  k1: {like: interactive, train: --wait-k 1}
  k_inf: {like: interactive, train: --wait-k inf}
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
WORDS = ("eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht")
SETTINGS = {
    "command": "python -m benchmarks.quality", "date": "2020-01-01", "commit": "abc", "cpu": "a processor",
    "cores": 2, "device": "cpu", "python": "3", "torch": "2", "resamples": 100,
}  # fmt: skip


def sentences(count, seed=0):
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, 6)) for _ in range(count)]


def with_errors(texts, every, seed=0):
    """The texts, one word in `every` replaced by one that is in none."""
    random = np.random.default_rng(seed)
    return [" ".join("falsch" if random.random() < 1 / every else w for w in t.split()) for t in texts]


# significance ------------------------------------------------------------------------------------


def compare(metric, reference, other, truth, resamples=1000):
    """As `significance.compare`, of texts by seed."""
    counted = ([counts.count(metric, texts, truth) for texts in system] for system in (reference, other))
    return significance.compare(metric, *counted, resamples)


@pytest.mark.parametrize("metric", ["wer", "bleu", "chrf"])
def test_scores_in_comparisons_are_the_usual_ones(metric):
    truth = sentences(30)
    one, other = with_errors(truth, 5, 1), with_errors(truth, 3, 2)
    found = compare(metric, [one], [other], truth, 50)
    for text, value in ((one, found.reference), (other, found.other)):
        pairs = [
            {"transcript": t, "reference_transcript": r, "translation": t, "reference_translation": r}
            for t, r in zip(text, truth, strict=True)
        ]
        assert value == pytest.approx(score_pairs(pairs)[metric])


def test_p_is_that_of_sacrebleu_on_texts():
    """Counting first and comparing then changes nothing of what sacrebleu's test of two systems says."""
    truth = sentences(30)
    one, other = with_errors(truth, 5, 1), with_errors(truth, 4, 2)
    systems = [("a", one), ("b", other)]
    usual = PairedTest(systems, {"bleu": BLEU()}, [truth], test_type="bs", n_samples=200)()[1]["BLEU"]
    assert compare("bleu", [one], [other], truth, 200) == (usual[0].score, usual[1].score, usual[1].p_value)


@pytest.mark.parametrize("metric", ["wer", "bleu", "chrf"])
def test_equal_and_very_different_systems(metric):
    truth = sentences(60)
    good, same, bad = with_errors(truth, 20, 1), with_errors(truth, 20, 2), with_errors(truth, 2, 3)
    assert compare(metric, [good], [bad], truth).p < 0.01
    assert compare(metric, [good], [same], truth).p > 0.1
    assert compare(metric, [good], [good], truth).p == 1.0


def test_several_seeds_give_one_score_and_more_seeds_are_no_more_utterances():
    """With the same texts in every seed nothing is known that one seed did not say: p stays what it was, and
    does not become smaller as it does where seeds are strung together."""
    truth = sentences(40)
    one, other = with_errors(truth, 6, 1), with_errors(truth, 4, 4)
    single = compare("wer", [one], [other], truth)
    assert 0.001 < single.p < 0.2
    assert compare("wer", [one] * 3, [other] * 3, truth) == single
    strung = compare("wer", [one * 3], [other * 3], truth * 3)
    assert strung.p < single.p
    third = with_errors(truth, 2, 5)
    both = compare("wer", [one, third], [other, other], truth)
    alone = compare("wer", [third], [other], truth)
    assert both.reference == pytest.approx((single.reference + alone.reference) / 2)


def test_by_hand():
    """Two utterances of one and three words, the first wrong in one system: 25 % of the words. Two draws
    are the first twice (100 %), each once (25 %, twice as often) or the second twice (0 %): the mean is
    37.5 %, which only the first exceeds by more than the observed 25 %, in a quarter of the draws."""
    found = compare("wer", [["a", "b c d"]], [["x", "b c d"]], ["a", "b c d"], 2000)
    assert (found.reference, found.other) == (0.0, 25.0)
    assert found.p == pytest.approx(1 / 4, abs=0.03)


def test_other_errors_but_as_many_are_no_difference():
    assert compare("wer", [["x", "b"]], [["y", "b"]], ["a", "b"]) == (50.0, 50.0, 1.0)


def test_what_cannot_be_paired_is_refused():
    with pytest.raises(ValueError, match="1 and 2 seeds"):
        compare("wer", [["a"]], [["a"], ["a"]], ["a"])
    one, two = (counts.count("wer", texts, texts) for texts in (["a"], ["a", "b"]))
    with pytest.raises(ValueError, match="other numbers of utterances"):
        significance.compare("wer", [one], [two])


def test_counts_as_json():
    truth = sentences(20)
    for metric in counts.METRICS:
        found = counts.count(metric, with_errors(truth, 4), truth)
        packed = json.loads(json.dumps(counts.pack(found)))
        assert np.array_equal(counts.unpack(packed), found)


def test_counts_of_pairs():
    """Of a score whose text a system does not write, or whose reference is unknown, nothing is counted."""
    pair = {"transcript": "one too", "reference_transcript": "one two", "translation": None}
    found = counts.count_pairs([pair | {"reference_translation": "eins"}])
    assert list(found) == ["wer"]
    assert found["wer"].tolist() == [[1, 2]]
    assert counts.count_pairs([pair | {"reference_transcript": None}]) == {}


def test_mean_and_deviation():
    assert Cell({1: 2.0, 2: 4.0, 3: 9.0}).mean == 5.0
    assert Cell({1: 2.0, 2: 4.0, 3: 9.0}).deviation == pytest.approx(math.sqrt(13))
    assert Cell({1: 2.0}).deviation is None
    assert (Cell().mean, Cell().deviation) == (None, None)


# tables ------------------------------------------------------------------------------------------


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
    interactive = row(systems, "interactive")
    assert all(cell.p is None and cell.deviation > 0 for cell in interactive.scores.values())
    assert row(systems, "e2e").scores["wer"].p is None
    assert row(systems, "e2e").scores["bleu"].p < 0.05
    assert row(systems, "pipeline").scores["wer"].p < 0.05
    assert row(wait_k, "1").scores["wer"].p > 0.05


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
    assert line.startswith(f"| pipeline | {cell.mean:.2f} ± {cell.deviation:.2f} | **{cell.p:.3f}** |")
    assert line.endswith("| 2 | 2.0 |")
    [line] = [line for line in lines if line.startswith("| e2e |")]
    assert line.startswith("| e2e | – | – |")
    assert "![The systems](systems.png)" in lines
    assert "wait_k.png" not in text
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
