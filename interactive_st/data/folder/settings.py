"""Writes and reads `config_joint.yaml`, what a data folder says about itself.

Its keys are those of fairseq's `S2TDataConfig`, and ``source_lang``, ``target_lang``, ``features``.
All file names in it are relative to the folder, which can therefore be moved.
"""

import os
import shutil
from pathlib import Path
from typing import TypedDict

import yaml

from interactive_st.data.features import range_limit
from interactive_st.data.features.settings import FeatureSettings
from interactive_st.data.folder.config_check import ADVICE, check_config
from interactive_st.data.folder.layout import CONFIG, DICTIONARY, GLOBAL_CMVN, MODEL, VOCAB
from interactive_st.data.folder.vocabulary import dictionary_languages, load_model
from interactive_st.errors import DataError

#: SpecAugment policies (Park et al., 2019) by fairseq's names: LibriSpeech basic and double,
#: Switchboard mild and strong. Values of fairseq's `S2TDataConfigWriter`, for 80 mel bins.
SPECAUGMENT = {
    "lb": {"freq_mask_N": 1, "freq_mask_F": 27, "time_mask_N": 1, "time_mask_T": 100},
    "ld": {"freq_mask_N": 2, "freq_mask_F": 27, "time_mask_N": 2, "time_mask_T": 100},
    "sm": {"freq_mask_N": 2, "freq_mask_F": 15, "time_mask_N": 2, "time_mask_T": 70},
    "ss": {"freq_mask_N": 2, "freq_mask_F": 27, "time_mask_N": 2, "time_mask_T": 70},
}
TIME_MASK_SHARE = {"lb": 1.0, "ld": 1.0, "sm": 0.2, "ss": 0.2}
POLICY_DIMENSIONS = 80


class FolderConfig(TypedDict, total=False):
    """What `config_joint.yaml` holds.

    Names of files are relative to the folder; ``audio_root`` is that of audio paths, where it is another
    folder. ``feature_transforms`` are lists of names by split, ``*`` for all and ``_train`` for training;
    ``specaugment``, ``dynamic_range`` and ``global_cmvn`` the options of those that have some.
    """

    vocab_filename: str
    bpe_tokenizer: dict[str, str]
    input_feat_per_channel: int
    input_channels: int
    shuffle: bool
    feature_transforms: dict[str, list[str]]
    source_lang: str
    target_lang: str
    features: FeatureSettings
    dynamic_range: dict[str, float]
    global_cmvn: dict[str, str]
    specaugment: dict[str, float]
    audio_root: str


def make_config(
    features: FeatureSettings,
    dim: int,
    source_lang: str,
    target_lang: str,
    *,
    cmvn: str,
    specaugment: str,
    dynamic_range: float | None = None,
) -> FolderConfig:
    """Return the configuration of a data folder.

    Args:
        features: how the features were made.
        dim: their dimension, F.
        source_lang: language of transcripts where a row names none.
        target_lang: language of translations where a row names none.
        cmvn: normalisation of the features, one of `choices.CMVN_TYPES`.
        specaugment: masking of the training features, one of `choices.POLICIES`. With
            fewer than 80 dimensions, the masks are narrower in proportion.
        dynamic_range: decibels that features are limited to, see `dynamic_range`; None for no limit.
    """
    normalisation = [] if cmvn == "none" else [f"{cmvn}_cmvn"]
    if dynamic_range is not None:
        normalisation.insert(0, range_limit.NAME)
    transforms = {"*": normalisation}
    config: FolderConfig = {
        "vocab_filename": DICTIONARY,
        "bpe_tokenizer": {"bpe": "sentencepiece", "sentencepiece_model": MODEL},
        "input_feat_per_channel": dim,
        "input_channels": 1,
        "shuffle": True,
        "feature_transforms": transforms,
        "source_lang": source_lang,
        "target_lang": target_lang,
        "features": dict(features),
    }
    if dynamic_range is not None:
        config[range_limit.NAME] = {"decibels": dynamic_range}
    if cmvn == "global":
        config["global_cmvn"] = {"stats_npz_path": GLOBAL_CMVN}
    if specaugment != "none":
        transforms["_train"] = [*normalisation, "specaugment"]
        policy = dict(SPECAUGMENT[specaugment])
        width = policy["freq_mask_F"] * min(dim, POLICY_DIMENSIONS) / POLICY_DIMENSIONS
        # fairseq asserts that it is positive and crashes where it exceeds the dimension.
        policy["freq_mask_F"] = max(1, round(width))
        config["specaugment"] = {
            "time_warp_W": 0,
            **policy,
            "time_mask_p": TIME_MASK_SHARE[specaugment],
        }
    return config


def write_config(folder: Path, config: FolderConfig) -> None:
    """Write a configuration into a data folder."""
    text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
    (folder / CONFIG).write_text(text, encoding="utf-8")


def read_config(folder: str | os.PathLike) -> FolderConfig:
    """Read the configuration of a data folder.

    Raises:
        DataError: there is none, or it lacks what `prepare` writes.
    """
    path = Path(folder) / CONFIG
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{path}: cannot be read ({error}); {ADVICE}") from error
    check_config(path, config)
    return config


def find_file(folder: str | os.PathLike, name: str) -> Path:
    """Return the path of a file that a data folder's configuration names.

    Raises:
        DataError: it is not there.
    """
    path = Path(folder) / name
    if not path.is_file():
        raise DataError(f"{path}: named by {CONFIG}, but it is not there")
    return path


def copy_settings(source: str | os.PathLike, folder: Path, changes: FolderConfig) -> None:
    """Copy vocabulary, dictionary, CMVN statistics and configuration of one data folder to another.

    Args:
        source: the existing data folder.
        folder: where the copies go.
        changes: entries of the configuration that are to be different.

    Raises:
        DataError: `source` is not a complete data folder.
    """
    config = read_config(source)
    model = find_file(source, config["bpe_tokenizer"]["sentencepiece_model"])
    dictionary = find_file(source, config["vocab_filename"])
    # Both are read here, where an error names the file and not its copy.
    load_model(model)
    dictionary_languages(dictionary)
    shutil.copyfile(model, folder / MODEL)
    if model.with_suffix(".vocab").is_file():
        shutil.copyfile(model.with_suffix(".vocab"), folder / VOCAB)
    shutil.copyfile(dictionary, folder / DICTIONARY)
    config["vocab_filename"] = DICTIONARY
    config["bpe_tokenizer"]["sentencepiece_model"] = MODEL
    if "global_cmvn" in config:
        statistics = find_file(source, config["global_cmvn"]["stats_npz_path"])
        shutil.copyfile(statistics, folder / GLOBAL_CMVN)
        config["global_cmvn"]["stats_npz_path"] = GLOBAL_CMVN
    config.pop("audio_root", None)  # the new archives are in the new folder
    write_config(folder, {**config, **changes})
