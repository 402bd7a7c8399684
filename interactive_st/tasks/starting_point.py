"""What a checkpoint shares with the model that it is to fill: that a training begins with
(``--finetune-from-model``), or goes on from, and those that are decoded (``--path``)."""

import glob
import logging
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fairseq import utils
from fairseq.checkpoint_utils import get_maybe_sharded_checkpoint_filename
from fairseq.data import Dictionary
from fairseq.data.audio.data_cfg import S2TDataConfig
from fairseq.file_io import PathManager

from interactive_st.checkpoint_reading import (
    differing_option,
    load_state,
    option_of,
    options_of,
    read_checkpoint,
)
from interactive_st.conventions import option_name
from interactive_st.errors import DataError, SettingError
from interactive_st.models.pretrained import LoadingRules, warn_of_other_meaning

#: fairseq's ``--restore-file``: it stands for one of ``--save-dir``.
LAST = "checkpoint_last.pt"

logger = logging.getLogger(__name__)


def first_checkpoint(args: Namespace) -> str | None:
    """The checkpoint that a training begins with by ``--finetune-from-model``; None where there is none, or
    fairseq goes on with one of ``--save-dir`` or with ``--continue-once`` instead.

    Args:
        args: the options of the training.
    """
    suffix = glob.escape(getattr(args, "checkpoint_suffix", None) or "")
    saved = Path(getattr(args, "save_dir", None) or "")
    # with --use-sharded-state each process has its own part
    goes_on = [file for end in ("", "-shard*") for file in saved.glob(f"checkpoint_last{suffix}{end}.pt")]
    if goes_on or getattr(args, "continue_once", None):
        return None
    return getattr(args, "finetune_from_model", None)


def rules_of_first(path: str | None, args: Namespace, dictionary: Dictionary) -> LoadingRules:
    """Compare the checkpoint's vocabulary with the model's, warn of other incompatible options, and return
    the rules by which the model loads it.

    Args:
        path: the checkpoint, of :func:`first_checkpoint`; None: there is none.
        args: the options of the model.
        dictionary: the vocabulary of the training.

    Raises:
        DataError: there is no such checkpoint.
    """
    if path is None:
        return LoadingRules()
    try:
        state, cfg = read_checkpoint(path)
    except DataError as error:
        raise DataError(f"--finetune-from-model {error}") from error
    warn_of_other_meaning(f"--finetune-from-model {path}", options_of(state), args)
    file = _dictionary_file(cfg["task"])
    if file is None:
        logger.warning(
            f"--finetune-from-model {path}: the dictionary that it was trained with is not to be found, so "
            "its embedding table is taken if it has as many entries as this one; are they the same words?"
        )
        return LoadingRules(allow_new_vocabulary=True)
    return LoadingRules(
        allow_new_vocabulary=True, discard_embeddings=_has_other_words(file, dictionary)
    )


def check_going_on(args: Namespace, of_model: Namespace, dictionary: Dictionary) -> None:
    """Warn of, or refuse, what does not suit the checkpoint that a training goes on from.

    Args:
        args: the options of the training.
        of_model: those of its model, the architecture's defaults filled in.
        dictionary: that of the data folder.

    Raises:
        SettingError: see `check_stored_mean`.
    """
    warn_of_no_checkpoint(args)
    check_stored_mean(args)
    warn_of_other_words(args, dictionary)
    warn_of_another_model(args, of_model)


def warn_of_another_model(args: Namespace, of_model: Namespace) -> None:
    """Warn where a training goes on from a checkpoint of another model whose tensors have the same names and
    shapes, as those of the systems have: one that was left in ``--save-dir`` would be trained on unnoticed.

    Args:
        args: the options of the training.
        of_model: those of its model.
    """
    for option, path, state in _read(_loaded_as_they_are(args)):
        trained, trains = options_of(state), vars(of_model)
        # others may follow from --arch, which is the first
        if name := differing_option(trained, trains):
            advice = "name another --save-dir to begin a new one"
            if option != "--save-dir":  # which is meant to be gone on from
                advice = "is that meant?"
            logger.warning(
                f"{option} {path}: was trained with {option_name(name)} {trained[name]}, and this training, "
                f"which goes on from it, has {trains[name]}; {advice}"
            )


def warn_of_other_words(args: Namespace, dictionary: Dictionary) -> None:
    """Warn where a checkpoint that is loaded as it is was trained on a data folder that holds another
    dictionary. If that has as many words, nothing else tells that its tokens are read as others. It is no
    error: other data may be in that folder by now.

    Args:
        args: the options of any of the tools.
        dictionary: that of the data folder.
    """
    for option, path, state in _read(_loaded_as_they_are(args)):
        trained = options_of(state, "task")
        try:
            file = _dictionary_file(trained)
            other_words = file is not None and _has_other_words(file, dictionary)
        except Exception:  # all that fairseq's Dictionary raises: a damaged one of then must not end this run
            continue
        if other_words:
            logger.warning(
                f"{option} {path}: was trained with {file}, which has other words than the dictionary of "
                f"{args.data}; unless other data have been put there since, what it writes is read as other "
                "words. interactive-st prepare --like makes data for a model that is trained"
            )


def warn_of_no_checkpoint(args: Namespace) -> None:
    """Warn where ``--restore-file`` or ``--continue-once`` names no file: fairseq mentions it in one line and
    starts from scratch. It is no error: where a command is repeated until its training is done, the first
    run has none.

    Args:
        args: the options of the training.
    """
    places = _places_to_go_on_from(args)
    option, path = list(places.items())[-1]
    if option != "--save-dir" and not any(map(_is_there, places.values())):
        logger.warning(
            f"{option} {path}: no such file, so the training starts from scratch; the path is relative to "
            "the working folder, not to --save-dir"
        )


def check_stored_mean(args: Namespace) -> None:
    """Raise ``SettingError`` where ``--store-ema`` meets a checkpoint without such a mean of weights: fairseq
    says that it begins one, and ends with ``KeyError: 'model'``. Where ``--ema-seed-model`` names such a one
    it ends with ``KeyError: 'ema'``.

    Args:
        args: the options of the training.
    """
    if not getattr(args, "store_ema", False):
        return
    seed = getattr(args, "ema_seed_model", None)
    for option, path, state in _read([("--ema-seed-model", seed)] if seed else []):
        if not _has_mean(state):
            raise SettingError(
                f"{option} {path}: was trained without --store-ema, and there is no mean of weights in it to "
                "begin with; name one that was, or leave it out"
            )
    first = first_checkpoint(args)
    places = [("--finetune-from-model", first)] if first else _loaded_as_they_are(args)
    for option, path, state in _read(places):
        if not _has_mean(state):
            raise SettingError(
                f"--store-ema: {option} {path} was trained without it, and fairseq cannot go on from there "
                "with it; leave it out, and average checkpoints by interactive-st average"
            )


def _has_mean(state: dict[str, Any]) -> bool:
    return "ema" in (state.get("extra_state") or {})


def checkpoints_to_decode(args: Namespace) -> list[str]:
    """The files that ``--path`` stands for, with ``--checkpoint-suffix`` and ``--checkpoint-shard-count``.

    Args:
        args: the options of one of the tools that have ``--path``.
    """
    suffix = getattr(args, "checkpoint_suffix", None) or ""
    shards = getattr(args, "checkpoint_shard_count", None) or 1
    found = []
    for path in utils.split_paths(args.path):
        file = get_maybe_sharded_checkpoint_filename(path, suffix, 0, shards)
        # fairseq-validate has the suffix of the training among its options as well, and does not use it
        found.append(file if Path(file).is_file() else path)
    return found


def _is_there(checkpoint: str) -> bool:
    path = Path(checkpoint)
    # with --use-sharded-state each process has its own part
    return PathManager.isfile(checkpoint) or any(path.parent.glob(f"{glob.escape(path.stem)}-shard*.pt"))


def _loaded_as_they_are(args: Namespace) -> list[tuple[str, str]]:
    """The checkpoints, with their options, of which every tensor is taken."""
    if getattr(args, "path", None):
        return [("--path", path) for path in checkpoints_to_decode(args)]
    places = _places_to_go_on_from(args)
    return [(option, path) for option, path in places.items() if Path(path).is_file()][:1]


def _read(places: list[tuple[str, str]]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield options and checkpoints with what these hold, but for files that are none: fairseq is about to
    load them, and to complain of them."""
    for option, path in places:
        try:
            state = load_state(path)
        except DataError:
            continue
        yield option, path, state


def _places_to_go_on_from(args: Namespace) -> dict[str, str]:
    """Where fairseq looks, one after the other, for a checkpoint to go on from, by option."""
    suffix = getattr(args, "checkpoint_suffix", None) or ""
    restored = getattr(args, "restore_file", None) or LAST
    if restored != LAST:  # then fairseq asks for no other
        return {"--restore-file": restored.replace(".pt", f"{suffix}.pt")}
    last = Path(getattr(args, "save_dir", None) or "") / LAST.replace(".pt", f"{suffix}.pt")
    once = getattr(args, "continue_once", None)
    return {"--save-dir": str(last)} | ({"--continue-once": once} if once else {})


def _has_other_words(file: Path, dictionary: Dictionary) -> bool:
    return Dictionary.load(str(file)).symbols != dictionary.symbols


def _dictionary_file(task: object) -> Path | None:
    data = option_of(task, "data")
    if not data:
        return None
    config = Path(data) / (option_of(task, "config_yaml") or "config.yaml")
    if not config.is_file():
        return None
    file = config.parent / S2TDataConfig(config).vocab_filename
    return file if file.is_file() else None
