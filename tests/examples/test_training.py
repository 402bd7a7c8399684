"""Training of the examples in one and in two steps; the commands are faked."""

import argparse
from pathlib import Path

import pytest
import torch
from fake_commands import FakeCommands, option

from examples import training
from examples.runner import RecipeError


@pytest.fixture
def commands(run, monkeypatch):
    """Trainings that leave checkpoints of one weight, the number of the call times that of the update."""

    def leave_checkpoints(words):
        folder = Path(option(words, "--save-dir"))
        folder.mkdir(exist_ok=True)
        for name, updates in {"checkpoint_last": 20, "checkpoint_1_10": 10, "checkpoint_1_20": 20}.items():
            weight = torch.tensor([float(updates * len(fake.calls))])
            torch.save({"model": {"w": weight}}, folder / f"{name}.pt")

    fake = FakeCommands(leave_checkpoints)
    monkeypatch.setattr(run, "command", fake)
    return fake


def arguments(**changed):
    values = {"max_update": 50, "max_minutes": 0.0, "hearing_update": 20}
    values |= {"train_options": ["--wait-k", "5"], "hearing_options": ["--dropout", "0.3"]}
    return argparse.Namespace(**{**values, **changed})


def test_one_step(run, data, commands):
    seconds = training.one_step(run, data, run.out / "checkpoints", ["--lr", "1"], arguments())
    [(_, _, words)] = commands.calls
    assert seconds > 0
    assert [option(words, name) for name in ("--arch", "--lr", "--wait-k", "--max-update")] == [
        "interactive_st_tiny", "1", "5", "50",
    ]  # fmt: skip
    assert "--eval-bleu" in words


def test_two_steps(run, data, commands):
    save_dir = run.out / "checkpoints"
    both, hearing = ["--max-tokens", "7", "--dropout", "0.2"], ["--dropout", "0.1"]
    seconds = training.two_steps(run, data, save_dir, both, hearing, arguments())
    first, second = (words for _, _, words in commands.calls)
    names = ("--arch", "--max-tokens", "--dropout", "--max-update", "--total-num-update", "--save-dir")
    hearing_dir = run.out / "hearing"
    assert [option(first, name) for name in names] == [
        "asr_tiny", "7", "0.3", "20", "20", str(hearing_dir),
    ]  # fmt: skip
    assert [option(second, name) for name in names] == [
        "interactive_st_tiny", "7", "0.2", "50", "50", str(save_dir),
    ]  # fmt: skip
    assert (option(first, "--ctc-weight"), option(second, "--ctc-weight")) == ("1", "0.3")
    assert option(second, "--wait-k") == "5"
    assert "--wait-k" not in first
    encoder = option(second, "--load-pretrained-encoder-from")
    assert encoder == str(hearing_dir / "checkpoint_average.pt")
    assert torch.load(encoder, weights_only=True)["model"]["w"].tolist() == [15.0]
    assert option(second, "--encoder-freezing-updates") == "40"
    assert seconds == sum(run.seconds[f"train-{name}"] for name in ("hearing", "checkpoints"))


def test_two_steps_go_on_where_they_were(run, data, commands):
    save_dir = run.out / "checkpoints"
    training.two_steps(run, data, save_dir, [], [], arguments())
    training.two_steps(run, data, save_dir, [], [], arguments())
    assert len(commands.calls) == 2
    # another encoder: the model that began with the old one is trained again
    training.two_steps(run, data, save_dir, [], [], arguments(hearing_options=[]))
    assert len(commands.calls) == 4
    assert save_dir.with_name("checkpoints.1").exists()


def test_without_hearing_first(run, data, commands):
    training.two_steps(run, data, run.out / "checkpoints", [], [], arguments(hearing_update=0))
    [(_, _, words)] = commands.calls
    assert option(words, "--arch") == "interactive_st_tiny"
    assert not {"--load-pretrained-encoder-from", "--encoder-freezing-updates"} & {*words}


def test_two_steps_need_a_last_update(run, data, commands):
    with pytest.raises(RecipeError, match=r"--max-update 0: .*--max-minutes may end"):
        training.two_steps(run, data, run.out / "checkpoints", [], [], arguments(max_update=0))
