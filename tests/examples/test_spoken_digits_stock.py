"""Stock fairseq on the spoken digits: its data, its transcripts, its checkpoints."""

import importlib

import numpy as np
import pytest
from small_corpus import make_rows
from small_corpus import run as run_prepare

from examples.runner import Recipe, RecipeError
from examples.spoken_digits import stock
from interactive_st.scoring.corpus_scores import score_pairs
from interactive_st.scoring.pairs_file import read_pairs


@pytest.fixture
def data(tmp_path):
    """A data folder of three utterances, one of them without a transcript, made by `prepare`."""
    folder = tmp_path / "made"
    folder.mkdir()
    rows = make_rows(folder, 3)
    rows[2]["src_text"] = ""
    run_prepare(folder, rows, "data")
    return folder / "data"


def test_stock_fairseq_reads_what_is_made_for_it(data, tmp_path):
    from fairseq.data import Dictionary
    from fairseq.data.audio.data_cfg import S2TDataConfig
    from fairseq.data.audio.speech_to_text_dataset import SpeechToTextDatasetCreator

    (data / "config_joint.yaml").write_text(
        (data / "config_joint.yaml").read_text().replace("- utterance_cmvn", "- of_ours\n  - utterance_cmvn")
    )
    (data / "skipped.tsv").write_text("split\tfile\n")  # as after --skip-bad
    recipe = Recipe(tmp_path / "stock")
    made, splits = stock.make_data(recipe, data, "data")
    assert splits == ["train"]
    config = S2TDataConfig(made / stock.CONFIG)
    assert config.config["feature_transforms"] == {
        "*": ["utterance_cmvn"], "_train": ["utterance_cmvn", "specaugment"],
    }  # fmt: skip
    dictionary = Dictionary.load(config.vocab_filename)
    dataset = SpeechToTextDatasetCreator.from_tsv(
        str(made), config, "train", dictionary, None, None, is_train_split=False, epoch=1, seed=1
    )
    assert dataset.tgt_texts == ["one two three", "two three four"]
    for index in range(2):
        source = dataset[index].source
        assert source.shape == (dataset.n_frames[index], 80)
        np.testing.assert_allclose(source.mean(0), 0, atol=1e-3)


def test_stock_transcripts_become_pairs_that_are_scored(data, tmp_path, monkeypatch):
    recipe = Recipe(tmp_path / "stock")
    made, _ = stock.make_data(recipe, data, "data")
    checkpoint = tmp_path / "checkpoint_best.pt"
    checkpoint.touch()
    lines = ["S-1\tnoise\n", "D-1\t-0.1\ttwo three five\n", "D-0\t-0.2\tone two three\n"]

    def play(name, module, arguments, listener):
        assert (name, module) == ("generate-new-train", "fairseq_cli.generate")
        assert arguments[0] == str(made)
        assert "interactive_st" not in " ".join(arguments[1:])
        for line in lines:
            listener(line)

    monkeypatch.setattr(recipe, "command", play)
    which = ("new-train", data, made, "train", checkpoint)
    pairs = read_pairs(stock.generate(recipe, *which, ["--beam", "5"]))
    assert [pair["transcript"] for pair in pairs] == ["one two three", "two three five"]
    assert score_pairs(pairs)["wer"] == pytest.approx(100 / 6)
    lines.pop()
    with pytest.raises(RecipeError, match="1 of 2"):
        stock.generate(recipe, *which, ["--beam", "4"])


def test_stock_needs_a_data_folder(tmp_path):
    with pytest.raises(RecipeError, match=r"no config_joint\.yaml"):
        stock.make_data(Recipe(tmp_path / "stock"), tmp_path, "data")


def test_safe_loading_lets_torch_read_what_fairseq_stores(tmp_path):
    import argparse

    import torch

    torch.save({"args": argparse.Namespace(arch="a")}, tmp_path / "checkpoint.pt")
    importlib.import_module("examples.spoken_digits.safe_loading")
    assert torch.load(tmp_path / "checkpoint.pt")["args"].arch == "a"
