"""CoVoST 2: Common Voice recordings with translations (Wang et al., 2020).

    ROOT/en/clips/common_voice_en_1.mp3
    ROOT/en/validated.tsv             of Common Voice 4: client_id, path, sentence, …
    ROOT/en/covost_v2.en_de.tsv       of CoVoST: path, translation, split
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from interactive_st.data.corpora.common import Request, collect, find_readable
from interactive_st.data.escaped_table import read_escaped_table
from interactive_st.data.manifest import Line
from interactive_st.data.progress import progress_bar
from interactive_st.data.utterances import Split
from interactive_st.errors import DataError

#: The values of the column ``split`` that make a split, as in fairseq's ``prep_covost_data.py``.
SPLITS = {"train": ("train", "train_covost"), "dev": ("dev",), "test": ("test",)}
CLIPS, SENTENCES = "clips", "validated.tsv"


class _Sentence(NamedTuple):
    text: str
    speaker: str


def read_covost2(request: Request) -> dict[str, Split]:
    """Read CoVoST 2; ids are those of fairseq's ``prep_covost_data.py``.

    Raises:
        DataError: files are missing or are not such tables.
    """
    folder = request.root / request.source_lang
    if not (folder / CLIPS).is_dir():
        request.refuse_folder_of_language(CLIPS)
        raise DataError(
            f"{folder / CLIPS}: no such folder; unpack Common Voice of {request.source_lang} to {folder}"
        )
    tables = {lang: folder / f"covost_v2.{request.source_lang}_{lang}.tsv" for lang in request.target_langs}
    translations = {lang: _read_translations(request, table) for lang, table in tables.items()}
    wanted = request.choose_splits(
        SPLITS, tables, lambda split, lang: any(_is_of(split, row) for _, row in translations[lang])
    )
    clips = {row["path"] for rows in translations.values() for _, row in rows}
    sentences = _read_sentences(request, folder / SENTENCES, clips)
    splits: dict[str, Split] = {}
    for split, lang in wanted:
        name, table = request.split_name(split, lang), tables[lang]
        rows = [(n, row) for n, row in translations[lang] if _is_of(split, row)]
        lines = [_line(n, row, sentences, folder) for n, row in rows if row["path"] in sentences]
        if not lines:
            raise DataError(
                f"{table}: no clip of its rows of {split} is in {folder / SENTENCES}; "
                "CoVoST 2 belongs to release 4 of Common Voice"
            )
        made = collect(request, split, lang, table, lines)
        if len(lines) < len(rows):
            lost = f"{len(rows) - len(lines)} of {len(rows)} rows left out"
            note = f"{name}: {lost}, their clips are not in {SENTENCES}"
            made = made._replace(notes=(*made.notes, note))
        splits[name] = made
    return splits


def _is_of(split: str, row: Mapping[str, str]) -> bool:
    return row["split"] in SPLITS.get(split, ())


def _read_translations(request: Request, table: Path) -> list[tuple[int, dict[str, str]]]:
    if not table.is_file():
        packed = table.with_name(f"{table.name}.tar.gz")
        prefix = f"covost_v2.{request.source_lang}_"
        there = sorted(path.stem.removeprefix(prefix) for path in table.parent.glob(f"{prefix}*.tsv"))
        way_out = f"CoVoST 2 offers the languages that it has as {prefix}….tsv.tar.gz"
        if packed.is_file():
            way_out = f"unpack {packed.name} there"
        elif there:
            way_out = f"the folder has {', '.join(there)}; {way_out}"
        raise DataError(f"{table}: no such file; {way_out}")
    return list(_read_table(request, table, ("path", "translation", "split")))


def _read_sentences(request: Request, table: Path, wanted: set[str]) -> dict[str, _Sentence]:
    rows = _read_table(request, table, ("client_id", "path", "sentence"))
    return {
        row["path"]: _Sentence(row["sentence"], row["client_id"]) for _, row in rows if row["path"] in wanted
    }


def _read_table(
    request: Request, path: Path, columns: Sequence[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the columns of each row, read as fairseq's ``load_df_from_tsv`` does.

    Raises:
        DataError: it cannot be read, lacks a column, or a row has too few fields.
    """

    def counted(lines: Iterable[str]) -> Iterator[str]:
        with progress_bar(path.stat().st_size, path.name, "B", shown=request.progress, scaled=True) as bar:
            for line in lines:
                bar.update(len(line.encode()))
                yield line

    return read_escaped_table(path, columns, watch=counted)


def _line(
    number: int, row: Mapping[str, str], sentences: Mapping[str, _Sentence], folder: Path
) -> Line:
    clip = folder / CLIPS / row["path"]
    sentence = sentences[row["path"]]
    return Line(
        number,
        {
            "id": row["path"].removesuffix(".mp3"),
            "audio": str(find_readable(clip) or clip),
            "src_text": sentence.text,
            "tgt_text": row["translation"],
            "speaker": sentence.speaker,
        },
    )
