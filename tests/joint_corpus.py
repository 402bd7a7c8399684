"""A data folder of a few seeded utterances that tests of data and task build on."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import yaml
from fairseq.data import Dictionary, encoders

from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.datasets.creator import JointDatasetCreator
from interactive_st.data.folder.vocabulary import save_vocabulary, train_vocabulary

FEATURES = 8
COLUMNS = ("id", "audio", "n_frames", "tgt_text", "src_text", "speaker", "src_lang", "tgt_lang")
#: One labelled fully, one without transcript, one without translation, one into French.
ROWS = (
    ("a", 30, "zweiundvierzig", "four two", "theo", "en", "de"),
    ("b", 50, "siebzehn elf", "", "lucas", "en", "de"),
    ("c", 40, "", "one one three", "theo", "en", "de"),
    ("d", 20, "quatre", "four", "", "en", "fr"),
)


def write_features(folder: Path, name: str, n_frames: int) -> str:
    """Store seeded noise (n_frames, FEATURES) and return the name of its file."""
    features = np.random.default_rng(n_frames).normal(2.0, 3.0, (n_frames, FEATURES))
    np.save(folder / f"{name}.npy", features.astype(np.float32))
    return f"{name}.npy"


def write_split(folder: Path, split: str, rows: Sequence[tuple] = ROWS) -> None:
    """Write features and manifest of one split; rows as in `ROWS`."""
    lines = ["\t".join(COLUMNS)]
    for name, n_frames, *texts in rows:
        audio = write_features(folder, f"{split}_{name}", n_frames)
        lines.append("\t".join([name, audio, str(n_frames), *texts]))
    (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_config(folder: Path, **changes: object) -> Path:
    """Write the configuration; a change to None removes the key."""
    config = {
        "vocab_filename": "dict.txt",
        "bpe_tokenizer": {"bpe": "sentencepiece", "sentencepiece_model": "spm_joint.model"},
        "input_feat_per_channel": FEATURES,
        "input_channels": 1,
        "feature_transforms": {"*": ["utterance_cmvn"]},
        "source_lang": "en",
        "target_lang": "de",
        "features": {"type": "precomputed", "dim": FEATURES},
    }
    config = {key: value for key, value in (config | changes).items() if value is not None}
    path = folder / "config_joint.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def write_corpus(folder: Path, splits: Mapping[str, Sequence[tuple]] | None = None) -> Path:
    """Write a whole data folder and return it; by default `ROWS` as train and test."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [text for row in ROWS for text in row[2:4] if text]
    model, _ = train_vocabulary(texts, ["en", "de", "fr"], 60)
    save_vocabulary(
        model,
        texts,
        folder / "spm_joint.model",
        folder / "spm_joint.vocab",
        folder / "dict.txt",
    )
    write_config(folder)
    for split, rows in (splits or {"train": ROWS, "test": ROWS}).items():
        write_split(folder, split, rows)
    return folder


def task_arguments(folder: Path, **changes: object) -> Namespace:
    """Arguments of the task `joint_speech_to_text` as a command line without options gives them."""
    from argparse import ArgumentParser

    from interactive_st.tasks import JointSpeechToTextTask

    parser = ArgumentParser()
    JointSpeechToTextTask.add_args(parser)
    args = parser.parse_args([str(folder)])
    return Namespace(**vars(args) | {"seed": 1, "train_subset": "train"} | changes)


def load(folder, split="test", is_train=False, bpe=None, **languages):
    """Load a split of a folder as the task does."""
    args = task_arguments(folder)
    config = JointDataConfig(folder / args.config_yaml, **languages)
    if bpe is None:
        bpe = encoders.build_bpe(Namespace(**config.bpe_tokenizer))
    return JointDatasetCreator.from_tsv(
        root=str(folder),
        cfg=config,
        splits=split,
        tgt_dict=Dictionary.load(str(folder / "dict.txt")),
        pre_tokenizer=None,
        bpe_tokenizer=bpe,
        is_train_split=is_train,
        epoch=1,
        seed=1,
    )
