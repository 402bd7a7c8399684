"""Model folders: everything that decoding needs, and nothing of where it was trained.

model.safetensors    all tensors of the model, tied ones once
config.json          architecture, options of model and task, feature settings, languages
config_joint.yaml    the same feature settings as fairseq's data configuration, for its tools
dict.txt  spm_joint.model  [gcmvn.npz]     dictionary, subword model, statistics of global CMVN
README.md            the model card
"""

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_model
from torch import Tensor, nn

from interactive_st.atomic import atomic_folder, refuse_foreign
from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.folder.layout import CONFIG, DICTIONARY, GLOBAL_CMVN, MODEL, VOCAB
from interactive_st.data.languages import tag_language
from interactive_st.errors import DataError
from interactive_st.inference.model_card import Card
from interactive_st.inference.stored_model import StoredModel
from interactive_st.inference.subword_model import without_file_names
from interactive_st.version import __version__
from interactive_st.writing import not_written, umask

SETTINGS, WEIGHTS, CARD = "config.json", "model.safetensors", "README.md"
#: The newest version that can be read. 2: the model has ``cross_attention_positions``, which older programs
#: would leave out; all others are still written as 1.
FORMAT, FORMAT_VERSION = "interactive_st model", 2
#: What a model cannot be built without.
SETTINGS_NEEDED = {
    "format_version": (int, "a number"),
    "architecture": (str, "a text"),
    "model": (dict, "an object"),
    "task": (dict, "an object"),
}
_NAMES = (SETTINGS, WEIGHTS, CARD, CONFIG, DICTIONARY, MODEL, VOCAB, GLOBAL_CMVN)
#: Keys of a data configuration that decoding or further training with the model needs; the others
#: say where the training data is.
KEPT_KEYS = (
    "pre_tokenizer",
    "input_feat_per_channel",
    "input_channels",
    "shuffle",
    "transforms",
    "feature_transforms",
    "specaugment",
    "dynamic_range",
    "utterance_cmvn",
    "source_lang",
    "target_lang",
)


def write_model_folder(
    stored: StoredModel, out: str | os.PathLike, card: Card, overwrite: bool = False
) -> Path:
    """Write a model folder; it appears when it is complete, or not at all.

    Args:
        stored: the model, with its data folder.
        out: the folder to make.
        card: what is known of the model beside what is stored.
        overwrite: replace a model folder that is there, its card too.

    Raises:
        DataError: `out` is in use or would lose what no export wrote, or something that the model needs
            is missing or cannot be written without naming a file of this machine.
    """
    task, model = stored.build()
    data = task.data_cfg
    settings = describe(stored, task, model)
    with atomic_folder(out, replaces=WEIGHTS if overwrite else None, check=_check) as folder:
        _write_data_files(data, folder)
        (folder / SETTINGS).write_text(
            json.dumps(settings, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )
        try:
            save_model(model, str(folder / WEIGHTS), metadata={"format": "pt"})
        except SafetensorError as error:  # what safetensors makes of a full disk
            raise DataError(not_written(out, error, "nothing was left")) from error
        (folder / CARD).write_text(card.render(settings), encoding="utf-8")
        _give_default_mode(folder / WEIGHTS, folder / CARD)
    return Path(out)


def read_model_folder(folder: str | os.PathLike) -> StoredModel:
    """Read what `write_model_folder` wrote.

    Raises:
        DataError: it is no complete model folder, or a file of it may not be read.
    """
    folder = Path(folder)
    with _complete(folder):
        settings = _read_settings(folder)
    for key, (kind, needed) in SETTINGS_NEEDED.items():
        value = settings.get(key)
        if type(value) is not kind:
            raise _incomplete(folder, f"{key} of {SETTINGS} is {value!r}, where {needed} is needed")
        if key == "format_version" and value > FORMAT_VERSION:  # whose other keys may have another form
            raise DataError(f"{folder}: written by a newer interactive_st; update yours")
    _check_features(folder, settings.get("features"))
    with _complete(folder):
        weights = _read_weights(folder / WEIGHTS)
    return StoredModel(
        data=folder,
        architecture=settings["architecture"],
        options=settings["model"],
        task_options=settings["task"],
        weights=weights,
        updates=settings.get("updates"),
    )


def _check_features(folder: Path, features: Any) -> None:
    """Raise `DataError` where both files differ in them: the model would write nonsense, silently."""
    path = folder / CONFIG
    if features is None or not path.is_file():
        return
    found = dict(JointDataConfig(path).features)
    # a later version may know more about features than the one that wrote the folder
    if not isinstance(features, dict) or found | features != found:
        raise _incomplete(folder, f"{CONFIG} has other features than {SETTINGS}, or is cut off")


def _read_weights(path: Path) -> dict[str, Tensor]:
    with path.open("rb"):  # safetensors calls every file missing that it cannot open
        pass
    with safe_open(path, framework="pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        tied = file.metadata() or {}
    return weights | {name: weights[kept] for name, kept in tied.items() if kept in weights}


@contextmanager
def _complete(folder: Path) -> Iterator[None]:
    """Raise `DataError` for a file of a model folder that is missing, may not be read, or is damaged."""
    try:
        yield
    except PermissionError as error:
        raise DataError(
            f"{error.filename}: cannot be read ({error.strerror}); make it readable, as by chmod"
        ) from error
    except (OSError, SafetensorError) as error:
        raise _incomplete(folder, error) from error


def _incomplete(folder: Path, reason: object) -> DataError:
    return DataError(f"{folder}: not a complete model folder ({reason}); make it by `interactive-st export`")


def is_model_folder(path: str | os.PathLike) -> bool:
    """Tell whether there is a model folder at `path`, complete or not."""
    return (Path(path) / SETTINGS).is_file() or (Path(path) / WEIGHTS).is_file()


def _read_settings(folder: Path) -> dict[str, Any]:
    """Raises `DataError` for what describes no such model, and OSError."""
    content = (folder / SETTINGS).read_bytes()
    try:
        settings = json.loads(content)
    except (ValueError, RecursionError) as error:  # not JSON, or not UTF-8
        raise _incomplete(folder, f"{SETTINGS}: {error}") from error
    if not isinstance(settings, dict) or settings.get("format") != FORMAT:
        raise DataError(f"{folder / SETTINGS}: describes no {FORMAT}")
    return settings


def _check(folder: Path) -> None:
    """Make sure that a folder is a model folder, and holds nothing that would be lost with it.

    Raises:
        DataError: it is none, or does.
    """
    try:
        _read_settings(folder)
    except (OSError, DataError) as error:
        raise DataError(
            f"{folder}: has no {SETTINGS} of an {FORMAT}, so it is not what --overwrite may replace; "
            "choose a new folder"
        ) from error
    own = {*_NAMES, *_copied_files(folder)}
    foreign = [
        path.name
        for path in folder.iterdir()
        if path.name not in own or path.is_symlink() or not path.is_file()
    ]
    refuse_foreign(folder, sorted(foreign), "model folder")


def describe(stored: StoredModel, task: Any, model: nn.Module) -> dict[str, Any]:
    """Return what `config.json` says, as plain values."""
    tags = sorted(task.tgt_dict.symbols[i] for i in task.tag_ids)
    return {
        "format": FORMAT,
        "format_version": 2 if stored.options.get("cross_attention_positions") else 1,
        "interactive_st": __version__,
        "architecture": stored.architecture,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "updates": stored.updates,
        "languages": [tag_language(tag) for tag in tags],
        "source_lang": task.data_cfg.source_lang,
        "target_lang": task.data_cfg.target_lang,
        "vocabulary": len(task.tgt_dict),
        "features": dict(task.data_cfg.features),
        "model": _plain(stored.options, "option of the model"),
        "task": _plain(stored.task_options, "option of the task"),
    }


def _write_data_files(data: JointDataConfig, folder: Path) -> None:
    config = {key: data.config[key] for key in KEPT_KEYS if data.config.get(key) is not None}
    config["features"] = dict(data.features)
    config["vocab_filename"] = DICTIONARY
    shutil.copyfile(data.root / data.vocab_filename, folder / DICTIONARY)
    tokenizer = dict(data.bpe_tokenizer)
    if "sentencepiece_model" in tokenizer:
        source = Path(tokenizer["sentencepiece_model"])
        (folder / MODEL).write_bytes(without_file_names(source.read_bytes()))
        if source.with_suffix(".vocab").is_file():
            shutil.copyfile(source.with_suffix(".vocab"), folder / VOCAB)
        tokenizer["sentencepiece_model"] = MODEL
    config["bpe_tokenizer"] = _copy_files(tokenizer, folder)
    if data.pre_tokenizer:
        config["pre_tokenizer"] = _copy_files(data.pre_tokenizer, folder)
    statistics = (data.config.get("global_cmvn") or {}).get("stats_npz_path")
    if statistics is not None:
        shutil.copyfile(data.root / statistics, folder / GLOBAL_CMVN)
        config["global_cmvn"] = {"stats_npz_path": GLOBAL_CMVN}
    config = _plain(config, str(data.path))
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    (folder / CONFIG).write_text(text, encoding="utf-8")


def _copy_files(tokenizer: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Copy the files that the options of a tokeniser of fairseq name, and return them as they are called
    there: by the option, so that two of one name do not meet."""
    copied = dict(tokenizer)
    for option, value in tokenizer.items():
        if isinstance(value, str) and os.path.isabs(value) and os.path.isfile(value):
            copied[option] = _copied_name(option, value)
            content = Path(value).read_bytes()
            if option.startswith("sentencepiece"):
                content = without_file_names(content)
            (folder / copied[option]).write_bytes(content)
    return copied


def _copied_name(option: str, path: str) -> str:
    return f"{option}{Path(path).suffix}"


def _copied_files(folder: Path) -> list[str]:
    """Return what `_copy_files` copied into a model folder, as its configuration says; none if that is
    damaged."""
    try:
        config = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
        tokenizers = [config.get(name) or {} for name in ("bpe_tokenizer", "pre_tokenizer")]
        options = [option for tokenizer in tokenizers for option in tokenizer.items()]
    except (OSError, ValueError, AttributeError, yaml.YAMLError):
        return []
    return [value for option, value in options if value == _copied_name(option, str(value))]


def _plain(value: Any, where: str) -> Any:
    """Return the same as JSON has it.

    Raises:
        DataError: it holds a path, which would mean nothing elsewhere, or no plain value.
    """
    if isinstance(value, Mapping):
        return {str(key): _plain(entry, f"{where}: {key}") for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry, where) for entry in value]
    if isinstance(value, float) and math.isinf(value):
        return "inf"
    if isinstance(value, str) and (os.path.isabs(value) or (os.sep in value and os.path.exists(value))):
        raise DataError(
            f"{where} is the path {value}, which would be missing elsewhere; put that file into the "
            "data folder and name it without a folder"
        )
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise DataError(f"{where} is {value!r}, which a model folder cannot hold")


def _give_default_mode(*paths: Path) -> None:
    """Let others read files that safetensors made private, as far as the umask does."""
    for path in paths:
        path.chmod(0o666 & ~umask())
