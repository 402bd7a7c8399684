"""Average the weights of several fairseq checkpoints into one.

The mean of the last (or best) few checkpoints of a run usually decodes better than any of them;
this is what fairseq's ``scripts/average_checkpoints.py`` does, here with the safe loader left on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from interactive_st.checkpoint_reading import differing_option, load_state, options_of
from interactive_st.conventions import option_name
from interactive_st.errors import DataError
from interactive_st.wording import listed
from interactive_st.writing import make_folder, not_written, replacing

_BY_UPDATES = re.compile(r"checkpoint_\d+_(\d+)\.pt")
_BY_EPOCH = re.compile(r"checkpoint(\d+)\.pt")
#: Where fairseq's trainer keeps the weights of ``--store-ema``, in the extra state.
_EMA_KEYS = ("ema", "ema_fp32_params")


def newest_checkpoints(
    folder: Path | str, count: int, kind: str = "", upper_bound: int | None = None
) -> list[Path]:
    """The ``count`` newest numbered checkpoints of a run, newest first.

    ``kind`` says which: ``update`` for those saved every N updates
    (``checkpoint_<epoch>_<updates>.pt``), ``epoch`` for those saved at the end of epochs
    (``checkpoint<epoch>.pt``); without it, by updates where there are any, else by epoch. Without it,
    too, ``checkpoint_last.pt`` is the newest where it has more updates than those: fairseq writes none
    by updates at the end of an epoch, nor at the end of a training that falls between two of them. With
    ``upper_bound``, those of a later update (or epoch) do not count. Fewer are returned where there
    are fewer.

    Raises ``FileNotFoundError`` where the folder holds none.
    """
    folder = Path(folder)
    found = [] if kind == "epoch" else _numbered(folder, _BY_UPDATES)
    if found and not kind:
        last = folder / "checkpoint_last.pt"
        if (updates := updates_of(last)) > max(found)[0]:
            found.append((updates, last))
    if not found and kind != "update":
        found = _numbered(folder, _BY_EPOCH)
    first = min(found, default=(0, folder))[0]
    if upper_bound is not None:
        found = [(number, path) for number, path in found if number <= upper_bound]
    if not found:
        bound = "" if upper_bound is None else f" up to {upper_bound}"
        by = f" by {kind}" if kind else ""
        advice = "train with --keep-interval-updates or --keep-last-epochs"
        others = {"update": "epoch", "epoch": "update"}.get(kind, "")
        if first:
            advice = f"the first is {int(first)}: raise --checkpoint-upper-bound"
        elif others and _numbered(folder, _BY_EPOCH if others == "epoch" else _BY_UPDATES):
            advice = f"there are some by {others}: --num-{others}-checkpoints takes those"
        raise FileNotFoundError(f"{folder}: no numbered checkpoints{by}{bound} to average; {advice}")
    return [path for _, path in sorted(found, reverse=True)[:count]]


def updates_of(path: Path | str) -> int:
    """Updates that a training had behind it when it wrote the checkpoint; 0 where that cannot be read."""
    try:
        history = load_state(path).get("optimizer_history")
    except DataError:  # no checkpoint, or one that is not whole: fairseq does not write the last in one move
        return 0
    return int(history[-1].get("num_updates", 0)) if history else 0


def best_checkpoints(
    where: Path | str | Sequence[Path], metric: str, count: int, maximize: bool = False
) -> list[Path]:
    """The ``count`` checkpoints with the best validation ``metric``, best first.

    They are the files ``checkpoint.best_<metric>_<value>.pt`` that fairseq keeps with
    ``--keep-best-checkpoints``; ``maximize`` as in ``--maximize-best-checkpoint-metric``. ``where`` is a
    folder, or the files to choose from.

    Raises ``FileNotFoundError`` where the folder holds none, `DataError` where one of the files has another
    name.
    """
    found = _numbered(where, re.compile(rf"checkpoint\.best_{re.escape(metric)}_(\d+(?:\.\d+)?)\.pt"))
    if not isinstance(where, Path | str) and len(found) < len(where):
        other = next(path for path in where if path not in {each for _, each in found})
        raise DataError(
            f"{other}: is no checkpoint.best_{metric}_*.pt, of which the best are chosen; leave it out"
        )
    if not found:
        raise FileNotFoundError(
            f"{where}: no checkpoint.best_{metric}_*.pt to average; train with "
            f"--keep-best-checkpoints and --best-checkpoint-metric {metric}"
        )
    return [path for _, path in sorted(found, reverse=maximize)[:count]]


def kept_by(where: Path | str | Sequence[Path]) -> tuple[str, bool]:
    """The metric by which a run kept its best checkpoints (``--best-checkpoint-metric``), and whether higher
    is better, as they say themselves: those of a folder, or files.

    Raises ``FileNotFoundError`` where the folder holds none, `DataError` where one does not say it.
    """
    paths = sorted(Path(where).glob("checkpoint.best_*.pt")) if isinstance(where, Path | str) else where
    if not paths:
        raise FileNotFoundError(
            f"{where}: no checkpoint.best_*.pt to average; train with --keep-best-checkpoints"
        )
    newest = max(paths, key=lambda path: path.stat().st_mtime)
    options = options_of(load_state(newest), "checkpoint")
    metric = options.get("best_checkpoint_metric")
    if not metric:
        raise DataError(f"{newest}: does not say by which metric it is one of the best; give --metric NAME")
    return metric, bool(options.get("maximize_best_checkpoint_metric"))


def average_checkpoints(paths: Sequence[Path | str]) -> dict[str, Any]:
    """A checkpoint whose floating-point weights are the mean of those in ``paths``.

    Everything else (configuration, integer buffers, history) comes from the first path; the
    optimizer's state and the weights of ``--store-ema`` are left out, for the mean is meant for decoding or
    as a starting point.
    The mean is taken in float64 and rounded once, so it does not depend on the order of the other paths.

    Raises `DataError` where there is nothing to average, a file is not a fairseq checkpoint or holds weights
    that are no numbers, or the checkpoints are of different models: of another architecture, or with other
    parameters.
    """
    if not paths:
        raise DataError("no checkpoints to average: name at least one")
    result = load_state(paths[0])
    weights = result["model"]
    _check_numbers(paths[0], weights)
    sums = {name: value.double() for name, value in weights.items() if value.is_floating_point()}
    for path in paths[1:]:
        state = load_state(path)
        _check_options(path, _model_options(state), paths[0], _model_options(result))
        other = state["model"]
        different = _differing_names(weights, other)
        if different:
            raise DataError(
                f"{path}: other parameters than {paths[0]} ({listed(different)}); average checkpoints of one "
                "model only"
            )
        _check_numbers(path, other)
        for name, total in sums.items():
            total += other[name].double()
    for name, total in sums.items():
        # as fairseq's average_checkpoints.py: the mean of float16 weights has digits that these cannot hold
        dtype = torch.float32 if weights[name].dtype == torch.float16 else weights[name].dtype
        weights[name] = (total / len(paths)).to(dtype)
    result["last_optimizer_state"] = None
    for key in _EMA_KEYS:
        (result.get("extra_state") or {}).pop(key, None)
    return result


def _check_numbers(path: Path | str, weights: dict[str, torch.Tensor]) -> None:
    for name, value in weights.items():
        if value.is_floating_point() and not value.isfinite().all():
            raise DataError(
                f"{path}: {name} holds NaN or infinite values, and so would the mean; the training had "
                "diverged by then, average earlier checkpoints"
            )


def save_checkpoint(state: dict[str, Any], path: Path | str) -> None:
    """Write ``state`` to ``path`` in one move: a reader sees the old file or the new one, whole.

    Raises `DataError` where it cannot be written.
    """
    path = Path(path)
    make_folder(path.parent)
    try:
        with replacing(path) as unfinished:
            torch.save(state, unfinished)
    except (OSError, RuntimeError) as error:  # torch raises the second for a full disk
        raise DataError(not_written(path, error)) from error


def _numbered(where: Path | str | Sequence[Path], pattern: re.Pattern[str]) -> list[tuple[float, Path]]:
    """Those files of a folder, or of files, whose names fit, with the number in their names."""
    if isinstance(where, Path | str):
        where = list(Path(where).iterdir()) if Path(where).is_dir() else []
    matches = ((pattern.fullmatch(path.name), path) for path in where)
    return [(float(match[1]), path) for match, path in matches if match]


def _model_options(state: dict[str, Any]) -> dict[str, Any]:
    """The options of the model by name; none where the file does not tell."""
    options = options_of(state)
    return {"arch": options.get("_name")} | options  # models of fairseq's that know no --arch have a name


def _check_options(
    path: Path | str, options: dict[str, Any], first: Path | str, usual: dict[str, Any]
) -> None:
    if name := differing_option(usual, options):
        option = option_name(name)
        raise DataError(
            f"{path}: trained with {option} {options[name]}, and {first} with {option} {usual[name]}; "
            "average checkpoints of one model only"
        )


def _differing_names(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> list[str]:
    return sorted(
        name
        for name in one.keys() | other.keys()
        if name not in one or name not in other or one[name].shape != other[name].shape
    )
