"""Reads input manifests, and tables of texts without speech."""

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from interactive_st.data.folder.layout import LANGUAGE_COLUMNS, TEXT_COLUMNS
from interactive_st.data.manifest import Line, set_apart, stream_manifest
from interactive_st.data.utterances import OPTIONAL, REQUIRED, Split, make_split
from interactive_st.errors import BadRow, DataError

#: Columns of tables of text alone.
REQUIRED_OF_TEXT = TEXT_COLUMNS
OPTIONAL_OF_TEXT = ("id", *LANGUAGE_COLUMNS)


def read_split(
    split: str,
    path: str | os.PathLike,
    audio_root: str | os.PathLike | None,
    source_lang: str,
    target_lang: str,
) -> Split:
    """Read the manifest of a split.

    Args:
        split: its name.
        path: a manifest with the columns `REQUIRED` and any of `OPTIONAL`.
        audio_root: what relative audio paths are relative to; the manifest's folder if None.
        source_lang: language of the transcript where a row names none.
        target_lang: language of the translation where a row names none.

    Raises:
        DataError: the file cannot be read, or columns are missing.
    """
    columns, rows = stream_manifest(path, split, REQUIRED)
    bad: list[BadRow] = []
    lines = set_apart(rows, bad)
    root = Path(path).parent if audio_root is None else Path(audio_root)
    made = make_split(split, path, lines, root, source_lang, target_lang)
    return _with_faults(made, split, bad, [name for name in columns if name not in REQUIRED + OPTIONAL])


def read_text(
    split: str, path: str | os.PathLike, source_langs: Collection[str], target_langs: Collection[str]
) -> Split:
    """Read a table of texts without speech.

    Args:
        split: its name.
        path: a table with the columns `REQUIRED_OF_TEXT` and any of `OPTIONAL_OF_TEXT`; a row without an id
            has its line number for one, with a "_" behind it where another row is called so.
        source_langs: the languages of the speech beside it. Rows that name none are in the only one; where
            there are several they have to name theirs.
        target_langs: the same of translations.

    Raises:
        DataError: the file cannot be read, or columns are missing.
    """
    columns, rows = stream_manifest(path, split, REQUIRED_OF_TEXT)
    bad: list[BadRow] = []
    lines = set_apart(rows, bad)
    source_lang = _only_language(path, columns, "src_lang", source_langs, "--source-lang")
    target_lang = _only_language(path, columns, "tgt_lang", target_langs, "--target-lang")
    used = REQUIRED_OF_TEXT + OPTIONAL_OF_TEXT
    taken: set[str] = set()
    if "id" in columns:
        lines = list(lines)
        taken = {line.fields["id"].strip() for line in lines}
    lines = (replace(line, fields=_fields_of_text(line, used, taken)) for line in lines)
    made = make_split(split, path, lines, None, source_lang, target_lang)
    made = _with_faults(made, split, bad, [name for name in columns if name not in used])
    return made._replace(is_text_only=True)


def _only_language(
    path: str | os.PathLike, columns: Collection[str], name: str, known: Collection[str], option: str
) -> str:
    """Return the language of rows that name none; empty where each has to name its own."""
    if len(known) == 1:
        [language] = known
        return language
    if name not in columns:
        raise DataError(
            f"{path}: no column {name}, and there is speech in {', '.join(sorted(known))}; say by "
            f"{option} in which language its texts are, or add the column"
        )
    return ""


def _fields_of_text(line: Line, names: Collection[str], taken: Collection[str]) -> dict[str, str]:
    fields = {name: value for name, value in line.fields.items() if name in names}
    number = str(line.number)
    while number in taken:
        number += "_"
    return fields | {"id": fields.get("id", "").strip() or number}


def _with_faults(made: Split, split: str, bad: list[BadRow], unknown: list[str]) -> Split:
    notes = (f"{split}: unknown columns ignored: {', '.join(unknown)}",) if unknown else ()
    return made._replace(bad=sorted(bad + made.bad, key=lambda row: row.line), notes=notes)
