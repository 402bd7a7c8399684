"""The command: its columns, its file, and that every contestant trains and writes what is forced."""

import json

import pytest
import torch

from benchmarks import contestants, systems, workload
from benchmarks.work import check_written
from interactive_st.conventions import STREAM_NAMES

CPU = torch.device("cpu")


def test_parameters_only(tmp_path, capsys):
    path = tmp_path / "new" / "systems.json"
    assert systems.main(["--size", "xs", "--params-only", "--json", str(path)]) == 0
    found = json.loads(path.read_text(encoding="utf-8"))["systems"]
    assert list(found) == list(systems.NAMES)
    counts = {name: result["params"] for name, result in found.items()}
    one = counts["e2e"]
    same = ("multitask", "interactive", "asr", "stock_e2e", "stock_asr")
    assert {counts[name] for name in same} == {one}
    assert one < counts["two_stage"] < 2 * one
    assert one < counts["pipeline"] < 2 * one
    table = capsys.readouterr().out
    assert f"{one:,}" in table
    assert "sentences/s" not in table


def test_the_papers_ratios():
    assert systems.paper_ratio("interactive", 1) == pytest.approx(0.894, abs=5e-4)
    assert systems.paper_ratio("interactive", 2) == pytest.approx(0.741, abs=5e-4)
    assert systems.paper_ratio("pipeline", 1) is None
    assert systems.paper_ratio("stock_e2e", 2) is None


@pytest.fixture(scope="module")
def setting():
    entries = workload.vocabulary(60)
    return entries, workload.make_batches(entries, 1, 3000, seed=1, device=CPU)


@pytest.mark.parametrize("name", contestants.NAMES)
def test_each_trains_and_writes_what_is_forced(setting, name):
    entries, batches = setting
    batch = batches[0] | {"forced_length": 4}
    system = contestants.build(name, "tiny", entries, beam=2, device=CPU)
    models = [system] if "pipeline" not in name else [system.recogniser, system.translator]
    weights = [next(one.model.parameters()) for one in models]
    before = [weight.clone() for weight in weights]
    samples = system.samples([batch])
    system.train(samples)
    assert not any(torch.equal(*pair) for pair in zip(before, weights, strict=True))
    system.end_training()
    assert all(parameter.grad is None for one in models for parameter in one.model.parameters())
    [written] = system.decode(samples)
    tokens = check_written(name, system.texts, [written], [batch], beam=2)
    assert tokens == dict.fromkeys(system.texts, 5 * batch["nsentences"])
    assert all(tokens[-1] == entries.eos() for text in written.values() for nbest in text for tokens in nbest)


def test_who_writes_what(setting):
    entries, _ = setting
    texts = {name: contestants.build(name, "tiny", entries, 1, CPU).texts for name in ("e2e", "stock_asr")}
    assert texts == {"e2e": ("translation",), "stock_asr": ("transcript",)}
    assert contestants.build("stock_pipeline", "tiny", entries, 1, CPU).texts == STREAM_NAMES


def test_a_small_run(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(systems, "measure_memory", lambda name, args: 100.0 + len(name))
    path = tmp_path / "systems.json"
    words = ["--size", "tiny", "--systems", "e2e,pipeline", "--rounds", "1", "--batches", "1"]
    assert systems.main([*words, "--max-frames", "3000", "--beam", "2", "--json", str(path)]) == 0
    written = json.loads(path.read_text(encoding="utf-8"))
    e2e, pipeline = written["systems"]["e2e"], written["systems"]["pipeline"]
    assert e2e["train_steps_per_s"] > 0
    assert e2e["train_ratio"] == e2e["decode_ratio"] == e2e["memory_ratio"] == 1.0
    assert pipeline["train_steps_per_s"] is None
    assert pipeline["sentences_per_s"] > 0
    assert pipeline["memory_ratio"] == pytest.approx(108 / 103)
    assert written["settings"]["lengths"] == workload.DESCRIPTION
    table = capsys.readouterr().out
    assert "sentences/s" in table
    assert "3.5 pieces a second" in table
    assert "…" not in table


@pytest.mark.parametrize("name", ["interactive", "pipeline"])
def test_memory_is_measured_with_the_state_of_the_optimiser(name, monkeypatch):
    """Which comes with the first update, so that only later ones have it beside their activations."""
    updates = []

    class Adam(torch.optim.Adam):
        def step(self, closure=None):
            updates.append(bool(self.state))
            return super().step(closure)

    monkeypatch.setattr(torch.optim, "Adam", Adam)
    monkeypatch.setitem(systems.VOCABULARY, "tiny", 60)
    words = ["--size", "tiny", "--batches", "1", "--max-frames", "3000", "--beam", "2"]
    args = systems.parse([*words, "--threads", str(torch.get_num_threads())])
    assert systems._peak_memory(name, args) > 0
    models = 2 if name == "pipeline" else 1
    assert updates == [False, True] * models


def test_unknown_systems_are_named(capsys):
    with pytest.raises(SystemExit):
        systems.main(["--systems", "e2e,whisper"])
    assert "whisper; there are e2e, multitask" in capsys.readouterr().err
