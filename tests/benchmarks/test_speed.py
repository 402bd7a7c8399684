"""The command: its file, its defaults, and that a contestant that writes less ends the run."""

import json

import pytest
import torch

from benchmarks import contestants, memory, speed
from benchmarks.work import UnequalWork
from interactive_st.conventions import STREAM_NAMES
from interactive_st.errors import DataError

SMALL = ["--size", "tiny", "--threads", "1", "--rounds", "1", "--beam", "2", "--sentences", "2"]
SMALL += ["--decode-batches", "1", "--train-batches", "1", "--max-frames", "3000"]


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """A vocabulary that costs nothing, threads as they were."""
    monkeypatch.setitem(speed.VOCABULARY, "tiny", 60)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("bfloat16", [True, False])
def test_a_small_run(tmp_path, capsys, monkeypatch, bfloat16):
    monkeypatch.setattr(speed, "has_fast_bfloat16", lambda: bfloat16)
    jobs = []

    def measured(job, name, device, threads):
        jobs.append((job, name, device, threads))
        return {"peak_mib": {"interactive": 30.0, "interactive_ctc": 45.0}.get(name, 60.0)}

    monkeypatch.setattr(memory, "in_own_process", measured)
    path = tmp_path / "new" / "speed.json"
    assert speed.main([*SMALL, "--json", str(path)]) == 0
    found = json.loads(path.read_text(encoding="utf-8"))
    assert list(found) == ["decode", "train", "memory", "details"]
    not_here = {"half_over_stock_e2e_half", "graphs_over_launches"}  # of GPUs
    not_here |= set() if bfloat16 else {"half_over_float"}
    assert list(found["decode"]) == [name for name in speed.DECODE_RATIOS if name not in not_here]
    assert list(found["train"]) == ["interactive_over_stock_e2e", "ctc_over_stock_e2e_ctc"]
    assert found["memory"] == {
        "decode_over_stock_e2e": 0.5,
        "train_over_stock_e2e": 0.5,
        "train_ctc_over_stock_e2e_ctc": 0.75,
    }
    decoding = found["details"]["decode"]
    seconds = {name: one["seconds"]["rounds"][0] for name, one in decoding["contestants"].items()}
    ratios = found["decode"]
    ours = seconds["interactive"]
    assert ratios["interactive_over_stock_e2e"] == pytest.approx(seconds["stock_e2e"] / ours)
    assert ratios["interactive_over_stock_pipeline"] == pytest.approx(seconds["stock_pipeline"] / ours)
    assert ratios["interactive_over_two_stage"] == pytest.approx(seconds["two_stage"] / ours)
    assert ratios["joint_over_rank_cost"] == pytest.approx(seconds["interactive_joint"] / ours)
    if bfloat16:
        assert ratios["half_over_float"] == pytest.approx(ours / seconds["interactive_half"])
    [length] = decoding["forced_lengths"]
    both = dict.fromkeys(STREAM_NAMES, 2 * (length + 1))
    assert decoding["tokens"].pop("stock_e2e") == {"translation": both["translation"]}
    assert all(tokens == both for tokens in decoding["tokens"].values())
    parameters = found["details"]["train"]["parameters"]
    assert list(parameters) == list(speed.TRAINED)
    assert parameters["interactive_ctc"] == parameters["interactive"]
    assert parameters["stock_e2e_ctc"] >= parameters["stock_e2e"] + 60 * 192  # a table of its own
    names = ["interactive", "stock_e2e"]
    assert [name for _, name, _, _ in jobs] == [*names, *names, "interactive_ctc", "stock_e2e_ctc"]
    assert (jobs[0][0].beam, jobs[0][0].seconds) == (8, 30.0)
    table = capsys.readouterr().out
    assert "joint_over_rank_cost" in table
    assert "2 sentences" in table


def test_writing_less_ends_the_run(monkeypatch):
    write = contestants.OurSystem.write

    def lazy(self, sample):
        return write(self, sample | {"forced_length": sample["forced_length"] - 1})

    monkeypatch.setattr(contestants.OurSystem, "write", lazy)
    with pytest.raises(UnequalWork, match="interactive, batch 1 of 1, sentence 1"):
        speed.main([*SMALL, "--only", "decode"])


def test_too_few_utterances_are_found_before_anything_is_measured(monkeypatch):
    monkeypatch.setattr(speed, "build", lambda *_: pytest.fail("measured something first"))
    with pytest.raises(DataError, match=r"there are utterances for .* not 2000; ask for fewer"):
        speed.main([*SMALL, "--train-batches", "2000"])


def test_defaults(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    args = speed.parse([])
    assert (args.size, args.sentences, args.rounds, args.only) == ("paper", 8, 5, list(speed.PHASES))
    args = speed.parse(["--quick", "--rounds", "4"])
    assert (args.size, args.rounds, args.decode_batches, args.sentences) == ("s", 4, 2, 8)
    assert speed.parse(["--quick", "--size", "paper"]).size == "paper"
    assert speed.parse(["--device", "cuda"]).sentences == 64


def test_what_cannot_be(capsys):
    with pytest.raises(SystemExit):
        speed.parse(["--sentences", "0"])
    assert "--sentences has to be at least 1" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        speed.parse(["--clock", "cpu", "--threads", "2"])
    assert "--clock cpu counts all threads" in capsys.readouterr().err
