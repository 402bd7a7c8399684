"""Training of the examples in one and in two steps; the commands are faked."""

import argparse

import pytest
import torch

from examples import training
from examples.runner import Recipe, RecipeError


class FakeTraining(Recipe):
    """Leaves checkpoints behind, of a weight that is the number of the call, and notes the options."""

    def command(self, name, module, arguments, listener=None):
        self.calls = [*getattr(self, "calls", []), arguments]
        folder = self.out / name.removeprefix("train-")
        folder.mkdir(exist_ok=True)
        for file in ("checkpoint_last.pt", "checkpoint_1_10.pt", "checkpoint_1_20.pt"):
            weight = torch.tensor([float(file[-5:-3]) if "_1_" in file else 20.0])
            torch.save({"model": {"w": weight * len(self.calls)}}, folder / file)


def arguments(**changed):
    values = {"max_update": 50, "max_minutes": 0.0, "hearing_update": 20}
    values |= {"train_options": ["--wait-k", "5"], "hearing_options": ["--dropout", "0.3"]}
    return argparse.Namespace(**{**values, **changed})


def option(words, name):
    """The last value of an option, which is the one that counts."""
    return words[len(words) - words[::-1].index(name)]


def test_one_step(tmp_path, data):
    recipe = FakeTraining(tmp_path / "run")
    seconds = training.one_step(recipe, data, recipe.out / "checkpoints", ["--lr", "1"], arguments())
    [words] = recipe.calls
    assert seconds > 0
    assert [option(words, name) for name in ("--arch", "--lr", "--wait-k", "--max-update")] == [
        "interactive_st_tiny", "1", "5", "50",
    ]  # fmt: skip
    assert "--eval-bleu" in words


def test_two_steps(tmp_path, data):
    recipe = FakeTraining(tmp_path / "run")
    save_dir = recipe.out / "checkpoints"
    both, hearing = ["--max-tokens", "7", "--dropout", "0.2"], ["--dropout", "0.1"]
    seconds = training.two_steps(recipe, data, save_dir, both, hearing, arguments())
    first, second = recipe.calls
    names = ("--arch", "--max-tokens", "--dropout", "--max-update", "--total-num-update", "--save-dir")
    hearing_dir = recipe.out / "hearing"
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
    assert seconds == sum(recipe.seconds[f"train-{name}"] for name in ("hearing", "checkpoints"))


def test_two_steps_go_on_where_they_were(tmp_path, data):
    recipe = FakeTraining(tmp_path / "run")
    save_dir = recipe.out / "checkpoints"
    training.two_steps(recipe, data, save_dir, [], [], arguments())
    training.two_steps(recipe, data, save_dir, [], [], arguments())
    assert len(recipe.calls) == 2
    # another encoder: the model that began with the old one is trained again
    training.two_steps(recipe, data, save_dir, [], [], arguments(hearing_options=[]))
    assert len(recipe.calls) == 4
    assert save_dir.with_name("checkpoints.1").exists()


def test_without_hearing_first(tmp_path, data):
    recipe = FakeTraining(tmp_path / "run")
    training.two_steps(recipe, data, recipe.out / "checkpoints", [], [], arguments(hearing_update=0))
    [words] = recipe.calls
    assert option(words, "--arch") == "interactive_st_tiny"
    assert not {"--load-pretrained-encoder-from", "--encoder-freezing-updates"} & {*words}


def test_two_steps_need_a_last_update(tmp_path, data):
    recipe = FakeTraining(tmp_path / "run")
    with pytest.raises(RecipeError, match=r"--max-update 0: .*--max-minutes may end"):
        training.two_steps(recipe, data, recipe.out / "checkpoints", [], [], arguments(max_update=0))
