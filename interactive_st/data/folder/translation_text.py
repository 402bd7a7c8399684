"""The texts of a data folder as stock fairseq's task ``translation`` reads them.

The folder ``mt`` in it holds, for each split and language pair, ``train.en-de.en`` and ``train.en-de.de``:
a sentence per line, in pieces of the joint vocabulary, of the rows that have both texts. It is trained on by
``fairseq-train DATA/mt --task translation --dataset-impl raw --source-lang en --target-lang de``.
"""

import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from interactive_st.data.folder.layout import DICTIONARY, MODEL, MT_FOLDER, TEXT_COLUMNS
from interactive_st.data.folder.vocabulary import load_model
from interactive_st.data.manifest import stream_manifest


def write_translation_text(folder: Path, splits: Iterable[str]) -> None:
    """Write the folder ``mt`` of a data folder that has its manifests and its vocabulary.

    Rows into their own language are left out. Nothing is written where no row has both texts.

    Args:
        folder: the data folder.
        splits: names of its splits.
    """
    processor = load_model(folder / MODEL)
    languages: set[str] = set()
    for split in splits:
        with ExitStack() as opened:
            files: dict[tuple[str, str], list[TextIO]] = {}
            for line in stream_manifest(folder / f"{split}.tsv")[1]:
                row = line.fields
                pair = row["src_lang"], row["tgt_lang"]
                if not (row["src_text"] and row["tgt_text"]) or pair[0] == pair[1]:
                    continue
                if pair not in files:
                    (folder / MT_FOLDER).mkdir(exist_ok=True)
                    name = f"{split}.{'-'.join(pair)}"
                    paths = [folder / MT_FOLDER / f"{name}.{language}" for language in pair]
                    files[pair] = [opened.enter_context(path.open("w", encoding="utf-8")) for path in paths]
                for file, key in zip(files[pair], TEXT_COLUMNS, strict=True):
                    file.write(" ".join(processor.encode(row[key], out_type=str)) + "\n")
        languages.update(*files)
    for language in sorted(languages):
        shutil.copyfile(folder / DICTIONARY, folder / MT_FOLDER / f"dict.{language}.txt")
