"""The texts of a data folder as stock fairseq's task ``translation`` reads them.

The folder ``mt`` in it holds, for each split and language pair, ``train.en-de.en`` and ``train.en-de.de``:
a sentence per line, in pieces of the joint vocabulary, of the rows that have both texts. It is trained on by
``fairseq-train DATA/mt --task translation --dataset-impl raw --source-lang en --target-lang de``.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from interactive_st.data.folder.layout import DICTIONARY, MODEL, MT_FOLDER, TEXT_COLUMNS
from interactive_st.data.folder.vocabulary import load_model
from interactive_st.data.manifest import read_manifest


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
        sentences: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
        for row in read_manifest(folder / f"{split}.tsv"):
            pair = row["src_lang"], row["tgt_lang"]
            if row["src_text"] and row["tgt_text"] and pair[0] != pair[1]:
                texts = sentences.setdefault(pair, ([], []))
                for text, key in zip(texts, TEXT_COLUMNS, strict=True):
                    text.append(" ".join(processor.encode(row[key], out_type=str)))
        for pair, texts in sentences.items():
            (folder / MT_FOLDER).mkdir(exist_ok=True)
            for language, lines in zip(pair, texts, strict=True):
                path = folder / MT_FOLDER / f"{split}.{'-'.join(pair)}.{language}"
                path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            languages.update(pair)
    for language in sorted(languages):
        shutil.copyfile(folder / DICTIONARY, folder / MT_FOLDER / f"dict.{language}.txt")
