"""Leaves in miniatures of MuST-C and CoVoST 2 what fairseq's ``prep_mustc_data.py`` and
``prep_covost_data.py`` leave in the real ones.

Written after the files that it makes: archive, manifests by pandas with escapes, configuration with
whole paths.
"""

import csv
import io
import random
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import sentencepiece
import yaml

from interactive_st.data.audio.waveform import load_audio
from interactive_st.data.corpora.by_name import read_corpus
from interactive_st.data.features.compute import fbank, features_from_file
from interactive_st.data.utterances import Split

TEXTS = {"asr": "src_text", "st": "tgt_text"}
COLUMNS = ("id", "audio", "n_frames", "tgt_text", "speaker")
FBANK = {"type": "fbank", "num_mel_bins": 80, "sample_rate": 16000}


def prepare_as_fairseq(root: Path, lang: str = "de") -> Path:
    """Prepare both tasks one after the other, as ``--task asr`` and ``--task st`` do."""
    folder = root.absolute() / f"en-{lang}"
    splits = read_corpus("mustc", root, [lang], progress=False)
    features = {u.id: features_from_file(u.segment.path, FBANK, *u.segment[1:])
                for split in splits.values() for u in split.utterances}  # fmt: skip
    write_tasks(folder, splits, features, dict(zip(TEXTS, TEXTS, strict=True)))
    return folder


def prepare_covost_as_fairseq(root: Path) -> Path:
    """Prepare English alone and with German: features of clips as they are, at their own rate."""
    folder = root.absolute() / "en"
    splits = read_corpus("covost2", root, ["de"], progress=False)
    features = {u.id: fbank(*load_audio(u.segment.path))
                for split in splits.values() for u in split.utterances}  # fmt: skip
    write_tasks(folder, splits, features, {"asr": "asr_en", "st": "st_en_de"})
    return folder


def write_tasks(
    folder: Path,
    splits: Mapping[str, Split],
    features: dict[str, np.ndarray],
    suffixes: Mapping[str, str],
) -> None:
    """Write archive, manifests, vocabulary and configuration of both tasks, one after the other."""
    for task, suffix in suffixes.items():
        places = write_archive(folder / "fbank80.zip", features)
        for name, split in splits.items():
            rows = [
                (u.id, places[u.id], len(features[u.id]), getattr(u, TEXTS[task]), u.speaker)
                for u in split.utterances
            ]
            write_table(folder / f"{name}_{suffix}.tsv", rows)
        texts = [getattr(u, TEXTS[task]) for u in splits["train"].utterances]
        write_vocabulary(folder, suffix, texts)


def write_archive(path: Path, features: dict[str, np.ndarray], seed: int = 0) -> dict[str, str]:
    """Write the features; return the place of each as fairseq records it. `seed` stands for the order in
    which the file system lists them."""
    order = sorted(features)
    random.Random(seed).shuffle(order)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for name in order:
            buffer = io.BytesIO()
            np.save(buffer, features[name])
            file.writestr(f"{name}.npy", buffer.getvalue())
        entries = file.infolist()
    begins = {entry.filename: entry.header_offset + 30 + len(entry.filename) for entry in entries}
    return {Path(e.filename).stem: f"{path}:{begins[e.filename]}:{e.file_size}" for e in entries}


def write_table(path: Path, rows: list[tuple]) -> None:
    """Write as pandas does: QUOTE_NONE with an escape character escapes quotation marks too."""
    with path.open("w", encoding="utf-8", newline="") as file:
        style = {"delimiter": "\t", "quoting": csv.QUOTE_NONE, "escapechar": "\\", "lineterminator": "\n"}
        csv.writer(file, **style).writerows([COLUMNS, *rows])


def write_vocabulary(folder: Path, task: str, texts: list[str]) -> None:
    name = f"spm_unigram60_{task}"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_prefix=str(folder / name), vocab_size=60, model_type="unigram",
        character_coverage=1.0, num_threads=1, unk_id=3, bos_id=0, eos_id=2, pad_id=1, hard_vocab_limit=False,
        minloglevel=2,
    )  # fmt: skip
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / f"{name}.model"))
    pieces = [model.id_to_piece(i) for i in range(4, model.get_piece_size())]
    (folder / f"{name}.txt").write_text("".join(f"{piece} 1\n" for piece in pieces), encoding="utf-8")
    config = {
        "bpe_tokenizer": {"bpe": "sentencepiece", "sentencepiece_model": str(folder / f"{name}.model")},
        "input_channels": 1,
        "input_feat_per_channel": 80,
        "specaugment": {"freq_mask_F": 27, "freq_mask_N": 1, "time_mask_N": 1, "time_mask_T": 100,
                        "time_mask_p": 1.0, "time_wrap_W": 0},
        "transforms": {"*": ["utterance_cmvn"], "_train": ["utterance_cmvn", "specaugment"]},
        "vocab_filename": f"{name}.txt",
    }  # fmt: skip
    (folder / f"config_{task}.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def edit(path: Path, change: Callable[[str], str]) -> None:
    """Rewrite a file of text."""
    path.write_text(change(path.read_text("utf-8")), encoding="utf-8")
