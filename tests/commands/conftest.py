"""A corpus of a few spoken sentences, the tools, and a tiny model trained with them once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from commands.spoken import SPLITS, Corpus, write_recordings
from commands.tools import Result, Tools, options

#: Sizes that interactive_st_tiny and stock s2t_transformer_xs both understand.
SIZES = {
    "encoder-layers": 1,
    "decoder-layers": 1,
    "encoder-embed-dim": 32,
    "encoder-ffn-embed-dim": 64,
    "decoder-embed-dim": 32,
    "decoder-ffn-embed-dim": 64,
    "encoder-attention-heads": 2,
    "decoder-attention-heads": 2,
    "conv-channels": 32,
}
UPDATES = 45


@dataclass(frozen=True)
class Trained:
    """A training that has ended."""

    folder: Path
    result: Result

    @property
    def best(self) -> Path:
        return self.folder / "checkpoint_best.pt"

    @property
    def last(self) -> Path:
        return self.folder / "checkpoint_last.pt"


@pytest.fixture(scope="session")
def tools(tmp_path_factory, repository) -> Iterator[Tools]:
    started = Tools(tmp_path_factory.mktemp("commands"), repository)
    yield started
    started.close()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory, tools) -> Corpus:
    root = tmp_path_factory.mktemp("corpus")
    recordings = root / "recordings"
    recordings.mkdir()
    first = 0
    for split, count in SPLITS.items():
        write_recordings(recordings, split, count, first)
        first += count
    manifests = [word for split in SPLITS for word in ("--manifest", f"{split}={recordings / split}.tsv")]
    tools(
        "interactive-st", "prepare", *manifests, "--out", root / "data",
        "--vocab-size", 40, "--num-mel-bins", 40, "--specaugment", "none", "--workers", 1,
    )  # fmt: skip
    return Corpus(recordings, root / "data")


@pytest.fixture(scope="session")
def with_text(tmp_path_factory, tools, corpus) -> Path:
    """The data folder with a few texts that nobody speaks beside it, as ``train_text`` and ``dev_text``."""
    root = tmp_path_factory.mktemp("with_text")
    text = "src_text\ttgt_text\none two\teins zwei\nfour\t\n\tdrei\n"
    (root / "text.tsv").write_text(text, encoding="utf-8")
    words = [word for split in ("train", "dev") for word in ("--text", f"{split}_text={root / 'text.tsv'}")]
    tools("interactive-st", "prepare", *words, "--like", corpus.data, "--out", root / "text")
    (root / "data").mkdir()
    for path in [*corpus.data.iterdir(), *(root / "text").glob("*_text.tsv")]:
        (root / "data" / path.name).symlink_to(path)
    return root / "data"


@pytest.fixture(scope="session")
def user_dir(repository) -> Path:
    return repository / "interactive_st"


@pytest.fixture(scope="session")
def train(tools, user_dir):
    """A function that runs fairseq-train with our task, quickly, options by name; None removes one."""
    return make_train(tools, user_dir)


def make_train(tools: Tools, user_dir: Path):
    """The function of the fixture `train`."""

    def run(data: Path, save_dir: Path, start: bool = False, **changes: Any) -> Any:
        values = {
            "user-dir": user_dir,
            "task": "joint_speech_to_text",
            "arch": "interactive_st_tiny",
            "criterion": "joint_label_smoothed_cross_entropy",
            "label-smoothing": 0.1,
            "train-subset": "train_a",
            "valid-subset": "dev",
            "max-tokens": 1200,
            "optimizer": "adam",
            "lr": 2e-2,
            "clip-norm": 5.0,
            "max-update": 2,
            "num-workers": 0,
            "seed": 7,
            "no-epoch-checkpoints": True,
            "no-progress-bar": True,
            "log-format": "json",
            "log-interval": 1,
            "save-dir": save_dir,
            **SIZES,
        }
        values |= {name.replace("_", "-"): value for name, value in changes.items()}
        return (tools.start if start else tools.try_to)("fairseq-train", data, *options(values))

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory, corpus, train) -> Trained:
    """A model trained with the options of the README, its best checkpoint by WER."""
    folder = tmp_path_factory.mktemp("trained")
    result = train(
        corpus.data,
        folder,
        train_subset="train_a,train_b",
        max_update=UPDATES,
        report_accuracy=True,
        ctc_weight=0.3,
        prefix_corruption=0.15,
        eval_bleu=True,
        eval_wer=True,
        best_checkpoint_metric="wer",
    )
    assert result.status == 0, result.output
    return Trained(folder, result)


@pytest.fixture(scope="session")
def generate(tools, user_dir):
    """A function that runs fairseq-generate on the test set, options by name."""
    return make_generate(tools, user_dir)


def make_generate(tools: Tools, user_dir: Path):
    """The function of the fixture `generate`."""

    def run(data: Path, checkpoint: object, *more: object, **changes: Any) -> Result:
        plain = {"folder", "stdin", "stdout", "env"} & changes.keys()
        streams = {name: changes.pop(name) for name in plain}
        values = {
            "user-dir": user_dir,
            "task": "joint_speech_to_text",
            "path": checkpoint,
            "gen-subset": "test",
            "beam": 3,
            "max-len-b": 12,
            "max-tokens": 3000,
            "num-workers": 0,
            "no-progress-bar": True,
        }
        values |= {name.replace("_", "-"): value for name, value in changes.items()}
        return tools.try_to("fairseq-generate", data, *options(values), *more, **streams)

    return run
