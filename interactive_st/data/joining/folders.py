"""Makes a data folder of folders that fairseq's recipes prepared, on top of their own features."""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import yaml

from interactive_st.data.choices import (
    ASR_SUFFIX,
    CMVN,
    POLICY,
    SAMPLE_RATE,
    ST_SUFFIX,
    VOCAB_SIZE,
    VOCAB_TYPE,
)
from interactive_st.data.features.compute import check_filterbank
from interactive_st.data.features.settings import filterbanks
from interactive_st.data.folder.config_check import check_mappings
from interactive_st.data.folder.layout import (
    COLUMNS,
    CONFIG,
    DICTIONARY,
    GLOBAL_CMVN,
    MODEL,
    TEXT_COLUMNS,
    VOCAB,
    is_train,
)
from interactive_st.data.folder.new_folder import new_data_folder
from interactive_st.data.folder.settings import FolderConfig, make_config, write_config
from interactive_st.data.folder.translation_text import write_translation_text
from interactive_st.data.folder.vocabulary import describe_unknown, save_vocabulary, train_vocabulary
from interactive_st.data.joining.fairseq_manifest import Archives, feature_shape
from interactive_st.data.joining.manifests import Joined, join_manifests
from interactive_st.data.languages import base_language, check_language
from interactive_st.data.manifest import write_manifest
from interactive_st.errors import DataError

#: The order of splits; others follow by name.
FIRST_SPLITS = ("train", "dev", "tst-COMMON", "tst-HE", "test")

#: A pair such as ``en-zh-CN`` or ``en-sr-Latn``; ``zh-CN`` alone is one language, ``en-de-clean`` no pair.
_FOLDER = re.compile(r"([a-z]{2,3})-([a-z]{2,3}(?:-[A-Z][a-z]{3}|-[A-Za-z]{2})*)")


def join_folders(
    folders: Sequence[Path],
    out: Path,
    *,
    splits: Sequence[str] | None = None,
    asr_suffix: str | None = None,
    st_suffix: str | None = None,
    source_lang: str | None = None,
    target_lang: str | None = None,
    vocab_size: int | None = None,
    vocab_type: str | None = None,
    sample_rate: int | None = None,
    keep_unmatched: bool = False,
    overwrite: bool = False,
) -> tuple[dict[str, Joined], int, list[str]]:
    """Make a data folder of folders that fairseq's ``prep_mustc_data.py`` filled.

    Of suffixes, vocabulary and rate, None is the default in `interactive_st.data.choices`.

    Args:
        folders: one for each target language, such as ``en-de``.
        out: the data folder to make.
        splits: those to join, all that both tasks have if None.
        asr_suffix: manifests of transcripts are ``<split>_<asr_suffix>.tsv``.
        st_suffix: manifests of translations are ``<split>_<st_suffix>.tsv``.
        source_lang: language of the transcripts; from the folder's name if None. Where the target language is
            from there, it may differ from the name by its region only, and the same the other way round.
        target_lang: language of the translations, for one folder; from its name if None.
        vocab_size: entries of the joint vocabulary.
        vocab_type: one of `VOCAB_TYPES`.
        sample_rate: rate in Hz of the audio that fairseq computed the features of, to which that of new
            recordings is resampled.
        keep_unmatched: keep rows with one text only.
        overwrite: replace a data folder at `out`.

    Returns:
        what was joined by name of the split, the size of the vocabulary, and what the user should know of
        it, a sentence each.

    Raises:
        DataError: the folders do not hold such manifests, nothing in them matches, or there are no
            filterbanks at such a rate.
    """
    if target_lang and len(folders) > 1:
        raise DataError("--target-lang is for one folder; several are named after their languages")
    for option, number in (("--sample-rate", sample_rate), ("--vocab-size", vocab_size)):
        if number is not None and number < 1:
            raise DataError(f"{option} must be positive, got {number}")
    languages = [_languages(folder, source_lang, target_lang, len(folders) > 1) for folder in folders]
    targets = [target for _, target in languages]
    if len(set(targets)) < len(targets):
        raise DataError(f"two folders of one target language ({', '.join(targets)}); join them one by one")
    suffixes, archives = (asr_suffix or ASR_SUFFIX, st_suffix or ST_SUFFIX), Archives()
    joined: dict[str, Joined] = {}
    chosen = {folder: _choose_splits(folder, splits, suffixes) for folder in folders}
    for split in _in_order({split for own in chosen.values() for split in own}):
        for folder, (source, target) in zip(folders, languages, strict=True):
            if split in chosen[folder]:
                paths = [folder / f"{split}_{suffix}.tsv" for suffix in suffixes]
                name = split if len(folders) == 1 else f"{split}_{target}"
                joined[name] = join_manifests(*paths, source, target, keep_unmatched, archives)
    if not any(map(is_train, joined)):
        raise DataError("no split is named train…, so there is nothing to make the vocabulary from")
    inputs = [*folders, *(archive for part in joined.values() for archive in part.archives)]
    with new_data_folder(out, inputs, overwrite) as folder:
        vocabulary = (vocab_size or VOCAB_SIZE, vocab_type or VOCAB_TYPE)
        size, notes = _fill(folder, joined, folders, suffixes[1], languages, vocabulary, sample_rate)
    return joined, size, notes


def _fill(
    folder: Path,
    joined: dict[str, Joined],
    sources: Sequence[Path],
    st_suffix: str,
    languages: Sequence[tuple[str, str]],
    vocabulary: tuple[int, str],
    sample_rate: int | None,
) -> tuple[int, list[str]]:
    """Write a data folder; return the size of its vocabulary and notes about it."""
    root = Path(os.path.commonpath([a.parent for part in joined.values() for a in part.archives]))
    if ":" in str(root):
        raise DataError(f"{root}: fairseq cannot read archives in a path with ':'; move the folder")
    texts = [
        text
        for name, part in joined.items()
        if is_train(name)
        for row in part.rows
        for column in TEXT_COLUMNS
        if (text := row[column])
    ]
    first = next(iter(joined.values())).rows[0]["audio"]
    archive, _, place = first.partition(":")
    _, dimension = feature_shape(Path(archive), place)
    features = filterbanks(dimension, sample_rate or SAMPLE_RATE)
    if sample_rate is not None:
        check_filterbank(features)
    tags = {language for pair in languages for language in pair}
    model, size = train_vocabulary(texts, tags, *vocabulary)
    unknown = save_vocabulary(model, texts, folder / MODEL, folder / VOCAB, folder / DICTIONARY)
    config = make_config(features, dimension, *languages[0], cmvn=CMVN, specaugment=POLICY)
    config |= _take_over(sources, f"config_{st_suffix}.yaml", folder)
    write_config(folder, {**config, "audio_root": str(root)})
    for name, part in joined.items():
        rows = ({**row, "audio": os.path.relpath(row["audio"], root)} for row in part.rows)
        write_manifest(folder / f"{name}.tsv", rows, COLUMNS)
    write_translation_text(folder, joined)
    return size, describe_unknown(*unknown)


def _take_over(sources: Sequence[Path], name: str, folder: Path) -> FolderConfig:
    """Return what fairseq's configuration says of transforms, and copy the statistics it names."""
    path = sources[0] / name
    if not path.is_file():
        return {}
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    if not isinstance(config, dict):
        raise DataError(f"{path}: no keys and values; let fairseq's preparation write it again, or remove it")
    keys = ("specaugment", "feature_transforms", "transforms", "global_cmvn")
    check_mappings(path, config, keys, "correct the entry, or remove it")
    taken = {key: config[key] for key in ("specaugment", "input_channels") if key in config}
    transforms = config.get("feature_transforms") or config.get("transforms")
    if transforms:
        taken["feature_transforms"] = transforms
    statistics = (config.get("global_cmvn") or {}).get("stats_npz_path")
    if statistics:
        if not isinstance(statistics, str):
            raise DataError(f"{path}: stats_npz_path of global_cmvn is {statistics!r}; name one file")
        if len(sources) > 1:
            raise DataError(f"{path}: global CMVN has statistics for one folder; join them one by one")
        candidates = (Path(statistics), path.parent / Path(statistics).name)
        found = next((file for file in candidates if file.is_file()), None)
        if found is None:
            raise DataError(f"{path}: {statistics} is not there; features are normalised by it")
        shutil.copyfile(found, folder / GLOBAL_CMVN)
        taken["global_cmvn"] = {"stats_npz_path": GLOBAL_CMVN}
    return taken


def _languages(
    folder: Path, source_lang: str | None, target_lang: str | None, is_one_of_several: bool
) -> tuple[str, str]:
    if (folder / CONFIG).is_file():
        raise DataError(
            f"{folder}: is joined already (it holds {CONFIG}); train on it, or name the folder that "
            "fairseq's prep_mustc_data.py filled"
        )
    # of a link, what it leads to, or else itself
    names = (folder.resolve().name, folder.name)
    match = next(filter(None, map(_FOLDER.fullmatch, names)), None)
    named = match.groups() if match else (None, None)
    if match and not (source_lang and target_lang):  # both together stand in place of the name
        options = ("--source-lang", source_lang), ("--target-lang", target_lang)
        for (option, given), own in zip(options, named, strict=True):
            if given and base_language(given) != base_language(own):
                way_out = "name both languages by --source-lang and --target-lang"
                if is_one_of_several:
                    way_out = "rename the folder"
                raise DataError(
                    f"{folder}: {option} {given} is not in the pair that the folder is named after, "
                    f"{match.group()}; leave it out, or {way_out}"
                )
    source, target = source_lang or named[0], target_lang or named[1]
    if not source or not target:
        pairs = (path.name for path in folder.glob("*-*") if path.is_dir())
        there = sorted(name for name in pairs if _FOLDER.fullmatch(name))
        if there:
            raise DataError(f"{folder}: holds {', '.join(there)}; give those, such as {folder / there[0]}")
        way_out = "rename it" if is_one_of_several else "pass --source-lang and --target-lang"
        raise DataError(f"{folder}: its name is not a language pair such as en-de; {way_out}")
    check_language("--source-lang", source)
    check_language("--target-lang", target)
    return source, target


def _choose_splits(folder: Path, splits: Sequence[str] | None, suffixes: tuple[str, str]) -> list[str]:
    endings = [f"_{suffix}.tsv" for suffix in suffixes]
    asr, st = ({path.name.removesuffix(end) for path in folder.glob(f"*{end}")} for end in endings)
    there = asr & st
    missing = set(splits or ()) - there
    if missing or not there:
        wanted = " and ".join(f"SPLIT_{suffix}.tsv" for suffix in suffixes)
        raise DataError(
            f"{folder}: no {wanted} of {', '.join(sorted(missing)) or 'any split'}; run fairseq's "
            "prep_mustc_data.py for both tasks, or name the suffixes by --asr-suffix and --st-suffix"
        )
    return list(splits) if splits else _in_order(there)


def _in_order(splits: set[str]) -> list[str]:
    return sorted(splits, key=lambda name: ((*FIRST_SPLITS, name).index(name), name))
