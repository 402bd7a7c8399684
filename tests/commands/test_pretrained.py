"""Starting from checkpoints that stock fairseq has trained, and doing without their files later."""

import shutil
from pathlib import Path

import pytest
import torch
from commands.conftest import SIZES
from commands.tools import options

STARTED = "started from a stock fairseq checkpoint"


def parameters(path):
    return torch.load(path, map_location="cpu")["model"]


@pytest.fixture(scope="module")
def stock(tmp_path_factory, tools, corpus):
    """A checkpoint of fairseq's s2t_transformer_xs on the translations of the same data folder."""
    folder = tmp_path_factory.mktemp("stock")
    values = {
        "task": "speech_to_text",
        # stock fairseq looks for relative paths in the working directory
        "config-yaml": corpus.configure("config_stock.yaml", audio_root=str(corpus.data)),
        "arch": "s2t_transformer_xs",
        "share-decoder-input-output-embed": True,
        "criterion": "label_smoothed_cross_entropy",
        "train-subset": "train_a",
        "valid-subset": "dev",
        "max-tokens": 3000,
        "required-batch-size-multiple": 1,  # else fairseq drops the few sentences there are
        "optimizer": "adam",
        "lr": 1e-2,
        "max-update": 1,
        "num-workers": 0,
        "no-epoch-checkpoints": True,
        "save-dir": folder,
        **SIZES,
    }
    tools("fairseq-train", corpus.data, *options(values))
    return folder / "checkpoint_last.pt"


@pytest.fixture(scope="module")
def from_encoder(tmp_path_factory, train, corpus, stock):
    """A model whose encoder began as that of a stock checkpoint, whose file is gone now."""
    folder = tmp_path_factory.mktemp("from_encoder")
    borrowed = Path(shutil.copy(stock, folder / "borrowed.pt"))
    result = train(corpus.data, folder, max_update=1, lr=0, load_pretrained_encoder_from=borrowed)
    borrowed.unlink()
    assert result.status == 0, result.output[-3000:]
    return folder / "checkpoint_last.pt", borrowed, result


def test_finetune_takes_all_of_a_stock_checkpoint(train, corpus, stock, tmp_path):
    result = train(corpus.data, tmp_path, max_update=1, lr=0, finetune_from_model=stock)
    assert result.status == 0, result.output[-3000:]
    given, taken = parameters(stock), parameters(tmp_path / "checkpoint_last.pt")
    message = next(line for line in result.output.splitlines() if STARTED in line)
    assert f"{len(given)} of {len(given)} tensors taken; not taken: nothing" in message
    assert given.keys() <= taken.keys()
    for name, value in given.items():
        assert torch.equal(taken[name], value), name


def test_decoding_a_stock_checkpoint_is_refused(generate, corpus, stock, tmp_path):
    result = generate(corpus.data, stock, pairs_path=tmp_path / "pairs.jsonl")
    assert result.status != 0
    assert "--path names a model of fairseq (--arch s2t_transformer_xs)" in result.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_finetune_with_another_vocabulary_takes_all_but_the_table(tools, train, corpus, stock, tmp_path):
    manifests = [f"{split}={corpus.recordings / split}.tsv" for split in ("train_a", "dev")]
    tools(
        "interactive-st", "prepare", "--manifest", manifests[0], "--manifest", manifests[1],
        "--out", tmp_path / "data", "--vocab-type", "char", "--num-mel-bins", 40, "--workers", 1,
    )  # fmt: skip
    result = train(tmp_path / "data", tmp_path / "out", max_update=1, lr=0, finetune_from_model=stock)
    assert result.status == 0, result.output[-3000:]
    message = next(line for line in result.output.splitlines() if STARTED in line)
    assert "not taken: decoder.embed_tokens.weight (another vocabulary)" in message
    given, taken = parameters(stock), parameters(tmp_path / "out/checkpoint_last.pt")
    table = {"decoder.embed_tokens.weight", "decoder.output_projection.weight"}
    assert all(torch.equal(taken[name], given[name]) for name in given.keys() - table)
    assert all(taken[name].shape != given[name].shape for name in table)
    # and back, from a checkpoint of ours
    own = tmp_path / "out/checkpoint_last.pt"
    result = train(corpus.data, tmp_path / "back", max_update=1, lr=0, finetune_from_model=own)
    assert result.status == 0, result.output[-3000:]
    assert "the checkpoint has another vocabulary; left at their initial values: decoder.e" in result.output
    back = parameters(tmp_path / "back/checkpoint_last.pt")
    assert all(torch.equal(back[name], taken[name]) for name in taken.keys() - table)


def test_finetune_with_as_many_other_words_leaves_the_table(train, corpus, stock, tmp_path):
    data, table = tmp_path / "data", "decoder.embed_tokens.weight"
    shutil.copytree(corpus.data, data)
    words = (data / "dict.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    (data / "dict.txt").write_text("".join(reversed(words)), encoding="utf-8")
    values = {"lr": 0, "finetune_from_model": stock}
    result = train(data, tmp_path / "out", max_update=1, **values)
    assert result.status == 0, result.output[-3000:]
    given, first = parameters(stock), parameters(tmp_path / "out/checkpoint_last.pt")
    assert not torch.equal(first[table], given[table])
    name = "encoder.transformer_layers.0.fc1.weight"
    assert torch.equal(first[name], given[name])
    # and the training goes on with its own
    result = train(data, tmp_path / "out", max_update=2, **values)
    assert result.status == 0, result.output[-3000:]
    assert torch.equal(parameters(tmp_path / "out/checkpoint_last.pt")[table], first[table])


def test_a_dictionary_that_is_gone_is_told(train, corpus, stock, tmp_path):
    moved = tmp_path / "moved.pt"
    state = torch.load(stock, map_location="cpu", weights_only=False)
    state["cfg"]["task"].data = str(tmp_path / "gone")
    torch.save(state, moved)
    result = train(corpus.data, tmp_path / "out", max_update=1, lr=0, finetune_from_model=moved)
    assert result.status == 0, result.output[-3000:]
    assert "moved.pt: the dictionary that it was trained with is not to be found" in result.output


def test_the_encoder_alone_is_taken(stock, from_encoder):
    checkpoint, borrowed, result = from_encoder
    assert f"loaded pretrained encoder from: {borrowed}; not taken: nothing" in result.output
    given, taken = parameters(stock), parameters(checkpoint)
    for name, value in given.items():
        if name.startswith("encoder."):
            assert torch.equal(taken[name], value), name
    projection = "decoder.layers.0.self_attn.q_proj.weight"
    assert not torch.equal(taken[projection], given[projection])


def test_the_encoder_s_checkpoint_is_not_needed_for_decoding(from_encoder, generate, corpus, tmp_path):
    checkpoint, borrowed, _ = from_encoder
    assert not borrowed.exists()
    result = generate(corpus.data, checkpoint, beam=1)
    assert result.status == 0, result.output[-3000:]
    assert len(result.lines("H")) == 5


def test_a_missing_encoder_stops_the_training(train, corpus, tmp_path):
    missing = tmp_path / "missing.pt"
    result = train(corpus.data, tmp_path / "out", load_pretrained_encoder_from=missing)
    assert result.status != 0
    assert f"--load-pretrained-encoder-from {missing}: no such file" in result.stderr.splitlines()[-1]


def test_other_sizes_than_the_checkpoint_s_are_an_error(train, corpus, stock, tmp_path):
    changes = {"encoder_ffn_embed_dim": 48, "finetune_from_model": stock}
    result = train(corpus.data, tmp_path, **changes)
    assert result.status != 0
    assert "encoder.transformer_layers.0.fc1.weight, (64, 32) there and (48, 32) here" in result.stderr
