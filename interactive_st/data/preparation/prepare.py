"""Turns manifests of recordings into a data folder for training and decoding."""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interactive_st.data.choices import SOURCE_LANG, TARGET_LANG
from interactive_st.data.features.settings import PRECOMPUTED
from interactive_st.data.folder.layout import DICTIONARY, GLOBAL_CMVN, MODEL, SKIPPED, VOCAB, is_train
from interactive_st.data.folder.new_folder import new_data_folder
from interactive_st.data.folder.settings import (
    copy_settings,
    find_file,
    make_config,
    read_config,
    write_config,
)
from interactive_st.data.folder.translation_text import write_translation_text
from interactive_st.data.folder.vocabulary import (
    count_unknown,
    describe_unknown,
    dictionary_languages,
    save_vocabulary,
    train_vocabulary,
)
from interactive_st.data.manifest import write_manifest
from interactive_st.data.preparation.feature_pass import FeaturePass
from interactive_st.data.preparation.input_manifest import read_split, read_text
from interactive_st.data.preparation.options import Options, PrepareOptions, resolve_options
from interactive_st.data.preparation.request import check_request
from interactive_st.data.utterances import Split, Utterance, note_too_long
from interactive_st.errors import BadRow, BadRowsError, DataError

#: Rows from which on a vocabulary takes so long that it is announced.
MANY_ROWS = 50_000
SKIPPED_COLUMNS = ("split", "file", "line", "id", "reason")


@dataclass
class Report:
    """What `prepare` made.

    Attributes:
        folder: the data folder.
        rows: number of rows of each split.
        frames: number of feature frames of each split, those of shared audio counted once; 0 of text alone.
        dim: dimension of the features.
        skipped: the rows that were left out.
        notes: what the user should know, a sentence each.
    """

    folder: Path
    rows: dict[str, int]
    frames: dict[str, int]
    dim: int
    skipped: list[BadRow]
    notes: list[str] = field(default_factory=list)


def prepare(
    manifests: Mapping[str, str | os.PathLike | Split],
    out: str | os.PathLike,
    *,
    texts: Mapping[str, str | os.PathLike] | None = None,
    skip_bad: bool = False,
    workers: int | None = None,
    audio_root: str | os.PathLike | None = None,
    overwrite: bool = False,
    progress: bool = True,
    **options: Any,
) -> Report:
    """Make a data folder; it appears at `out` when it is complete, or not at all.

    With more than one worker, call it under ``if __name__ == "__main__":``, as the worker
    processes import the calling script.

    Args:
        manifests: an input manifest for each split, or what a reader in `data.corpora` made of a
            corpus. The vocabulary (and global CMVN) come from the splits whose name begins with
            ``train``.
        out: the folder to make.
        texts: tables of texts without speech, by the name of the split that each becomes; their rows are in
            the language of the speech where they name none.
        skip_bad: leave bad rows out and list them in ``skipped.tsv``, instead of stopping.
        workers: processes that compute features; as many as useful if None.
        audio_root: what relative audio paths are relative to; the manifest's folder if None.
        overwrite: replace a data folder at `out`.
        progress: show a progress bar on standard error.
        options: those of `PrepareOptions`.

    Raises:
        BadRowsError: rows are bad (all of them are listed) and `skip_bad` is off.
        DataError: anything else that is wrong with the input or the options.
    """
    asked = PrepareOptions(**options)
    options = resolve_options(asked)
    texts = texts or {}
    check_request(manifests, texts, out, options, workers)
    languages = (options.source_lang or SOURCE_LANG, options.target_lang or TARGET_LANG)
    splits = {
        name: source if isinstance(source, Split) else read_split(name, source, audio_root, *languages)
        for name, source in manifests.items()
    }
    if texts:
        spoken = [row for split in splits.values() for row in split.utterances]
        known = _languages_of_texts(spoken, asked, options)
        splits |= {name: read_text(name, path, *known) for name, path in texts.items()}
    with new_data_folder(out, _inputs(splits.values()), overwrite) as folder:
        report = _fill(folder, splits, options, skip_bad, workers, progress)
    report.folder = Path(out)
    return report


def _languages_of_texts(
    spoken: Sequence[Utterance], asked: PrepareOptions, options: Options
) -> tuple[set[str], set[str]]:
    """Return which languages transcripts and translations without speech may be in where they name none: what
    was asked for, or those of the speech beside them, or else of the folder that is to be gone on with."""
    tags: set[str] = set()
    if options.like is not None and not spoken:
        tags = dictionary_languages(find_file(options.like, read_config(options.like)["vocab_filename"]))
    several = tags if len(tags) > 2 else set()  # of two the configuration says which is which
    source = {asked.source_lang} if asked.source_lang else {row.src_lang for row in spoken} or several
    target = {asked.target_lang} if asked.target_lang else {row.tgt_lang for row in spoken} or several
    return source or {options.source_lang or SOURCE_LANG}, target or {options.target_lang or TARGET_LANG}


def _fill(
    folder: Path,
    splits: Mapping[str, Split],
    options: Options,
    skip_bad: bool,
    workers: int | None,
    progress: bool,
) -> Report:
    """Write a whole data folder."""
    rows = [row for split in splits.values() for row in split.utterances]
    malformed = [row for split in splits.values() for row in split.bad]
    limit = options.dynamic_range if options.cmvn == "global" else None
    feature_pass = FeaturePass(folder, options.features, options.dim, skip_bad, limit)
    notes: list[str] = []
    if skip_bad or not malformed:
        _check_not_empty({name: len(split.utterances) for name, split in splits.items()}, malformed)
        # First, as it is quick: a wrong vocabulary should not be found after hours of features.
        if progress and len(rows) >= MANY_ROWS:
            print(f"vocabulary: of the texts of {len(rows)} rows …", file=sys.stderr)
        notes = _write_vocabulary(folder, rows, options)
    else:
        feature_pass.stop_writing()
    spoken = {name: split for name, split in splits.items() if not split.is_text_only}
    feature_pass.run(spoken, workers, progress)
    for name, split in splits.items():
        if split.is_text_only:
            feature_pass.write_texts(name, split.utterances)
    order = list(splits)
    bad = sorted(malformed + feature_pass.bad, key=lambda row: (order.index(row.split), row.line))
    if bad and not skip_bad:
        raise BadRowsError(
            bad, "nothing was written. Correct them, or leave them out with --skip-bad:"
        )
    counts = Counter(row.split for row in feature_pass.kept)
    _check_not_empty({name: counts[name] for name in splits}, bad)
    if len(feature_pass.kept) < len(rows):
        notes = _write_vocabulary(folder, feature_pass.kept, options)
    if options.like is None:
        _write_settings(folder, feature_pass, options)
    write_translation_text(folder, splits)
    if skip_bad:
        write_manifest(folder / SKIPPED, map(_skipped_row, bad), SKIPPED_COLUMNS)
    notes += [note for split in splits.values() for note in split.notes]
    too_long = feature_pass.too_long.items()
    notes += [note_too_long(name, count, splits[name].max_seconds) for name, count in too_long]
    return Report(folder, dict(counts), feature_pass.frames, feature_pass.dim, bad, notes)


def _inputs(splits: Iterable[Split]) -> Iterator[str]:
    """Yield the files that rows are of, and those of their audio."""
    for split in splits:
        yield from {row.file for row in [*split.utterances, *split.bad]}
        yield from {row.segment.path for row in split.utterances if row.segment is not None}


def _write_vocabulary(folder: Path, rows: Sequence[Utterance], options: Options) -> list[str]:
    """Write vocabulary and dictionary, or copy those of `like` with its settings; return notes about them."""
    if options.like is not None:
        return _copy_from_like(folder, rows, options)
    texts = _texts(row for row in rows if is_train(row.split))
    used = {language for row in rows for language in (row.src_lang, row.tgt_lang)}
    languages = used | set(_default_languages(rows, options))
    model, size = train_vocabulary(texts, languages, options.vocab_size, options.vocab_type)
    notes = describe_unknown(
        *save_vocabulary(model, texts, folder / MODEL, folder / VOCAB, folder / DICTIONARY)
    )
    if size == options.vocab_size:
        return notes
    return [f"the vocabulary has {size} entries, not {options.vocab_size}: the text gives no more", *notes]


def _copy_from_like(folder: Path, rows: Sequence[Utterance], options: Options) -> list[str]:
    defaults = {"source_lang": options.source_lang, "target_lang": options.target_lang}
    copy_settings(options.like, folder, {k: v for k, v in defaults.items() if v is not None})
    used = {language for row in rows for language in (row.src_lang, row.tgt_lang)}
    unknown = sorted(used - dictionary_languages(folder / DICTIONARY))
    if unknown:
        raise DataError(
            f"{options.like}: its dictionary has no tag for {', '.join(unknown)}; use languages "
            "that it has, in the manifest or by --source-lang and --target-lang"
        )
    return describe_unknown(*count_unknown(folder / MODEL, _texts(rows)))


def _write_settings(folder: Path, feature_pass: FeaturePass, options: Options) -> None:
    features = options.features
    if features["type"] == PRECOMPUTED:
        features = features | {"dim": feature_pass.dim}
    languages = _default_languages(feature_pass.kept, options)
    config = make_config(
        features,
        feature_pass.dim,
        *languages,
        cmvn=options.cmvn,
        specaugment=options.specaugment,
        dynamic_range=options.dynamic_range,
    )
    write_config(folder, config)
    if options.cmvn == "global":
        feature_pass.statistics.save(folder / GLOBAL_CMVN)


def _default_languages(rows: Sequence[Utterance], options: Options) -> tuple[str, str]:
    """Return the languages that were given, or else the most frequent ones of what is spoken."""
    rows = [row for row in rows if row.segment is not None] or rows
    sources = Counter(row.src_lang for row in rows) or {SOURCE_LANG: 1}
    targets = Counter(row.tgt_lang for row in rows) or {TARGET_LANG: 1}
    return (
        options.source_lang or max(sources, key=sources.get),
        options.target_lang or max(targets, key=targets.get),
    )


def _texts(rows: Iterable[Utterance]) -> list[str]:
    return [text for row in rows for text in (row.src_text, row.tgt_text) if text]


def _check_not_empty(counts: Mapping[str, int], bad: Sequence[BadRow]) -> None:
    empty = [name for name, count in counts.items() if not count]
    if empty:
        reasons = "".join(f"\n  {row}" for row in bad[:3])
        raise DataError(f"split {', '.join(empty)} has no usable row{reasons}")


def _skipped_row(row: BadRow) -> dict[str, object]:
    """Return a row of ``skipped.tsv``; what broke the row must not break this table."""
    fields = {name: getattr(row, name) for name in SKIPPED_COLUMNS}
    return {name: re.sub(r"[\t\r\n\0]", " ", str(value)) for name, value in fields.items()}
