"""Reads checkpoints of fairseq-train, and refuses every other file in the same words."""

import pickle
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from interactive_st.errors import DataError
from interactive_st.registration import allow_fairseq_checkpoints, register

#: The suffix of what a model folder holds instead.
SAFETENSORS = ".safetensors"
#: Options with which tensors of the same names and shapes compute something else.
UNSEEN_OPTIONS = (
    "encoder_attention_heads",
    "decoder_attention_heads",
    "activation_fn",
    "no_scale_embedding",
    "encoder_normalize_before",  # of which a last norm is left as well
    "decoder_normalize_before",
    "cross_attention_positions",
)
#: All options that make another model of the same tensors; others show in these, or matter in training only.
SAME_TENSORS = ("arch", "streams", "wait_k", "fusion", "fusion_lambda", *UNSEEN_OPTIONS)
#: What options stand for that checkpoints from before them lack.
BEFORE = {"cross_attention_positions": False}


class _OtherFile(Exception):
    """A file that can be read and holds something else than a checkpoint; the message says what it lacks."""


@contextmanager
def refusing_others(path: str | PathLike) -> Iterator[None]:
    """Re-raise any error in the block as `DataError`: PATH is not a checkpoint.

    Raises:
        DataError: in place of what torch and fairseq raise, among it torch's advice to load unsafely.
    """
    try:
        yield
    except (DataError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such checkpoint") from error
    except Exception as error:  # a damaged file can make the loader stumble over anything
        advice = "name a file such as checkpoint_best.pt"
        if Path(path).suffix == SAFETENSORS:
            advice = f"give the folder that it is in, {Path(path).parent}"
        raise DataError(
            f"{path}: not a checkpoint of fairseq-train ({_reason(error)}); {advice}"
        ) from error


def load_state(path: str | PathLike) -> dict[str, Any]:
    """Return what a checkpoint holds, as it is stored; `read_checkpoint` brings older ones up to date.

    Tensors stay on disk until they are used, where the file's format allows it: an optimizer has twice as
    much as the model.

    Args:
        path: the file.

    Raises:
        DataError: it is not a checkpoint.
    """
    import torch

    allow_fairseq_checkpoints()
    with refusing_others(path):
        try:
            state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError:
            state = torch.load(path, map_location="cpu", weights_only=True)  # the older format of torch.save
        if not isinstance(state, dict) or not isinstance(state.get("model"), dict):
            raise _OtherFile("it has no 'model'")
    return state


def read_checkpoint(path: str | PathLike) -> tuple[dict[str, Any], Any]:
    """Return what a checkpoint holds, as fairseq brings it up to date, and the configuration of its training.

    Raises:
        DataError: it is not a checkpoint.
    """
    from fairseq.checkpoint_utils import load_checkpoint_to_cpu
    from fairseq.dataclass.utils import convert_namespace_to_omegaconf

    register()
    with refusing_others(path):
        state = load_checkpoint_to_cpu(str(path))
        cfg = state.get("cfg") or convert_namespace_to_omegaconf(state["args"])
        if not all(key in cfg for key in ("task", "model")) or "model" not in state:
            raise _OtherFile("it names no task or no model")
    return state, cfg


def task_name(cfg: Any) -> str | None:
    """Return by which task a checkpoint was trained, by the configuration of its training."""
    task = cfg["task"]
    return getattr(task, "_name", None) or getattr(task, "task", None)


def options_of(state: dict[str, Any], group: str = "model") -> dict[str, Any]:
    """Return the options of a group that a checkpoint holds by name; none where it does not tell.

    Older checkpoints have the options of all groups in ``args``, which fairseq, too, prefers to ``cfg``.
    """
    options = state.get("args") or (state.get("cfg") or {}).get(group) or {}
    found = dict(vars(options) if isinstance(options, Namespace) else options)
    return BEFORE | found if found and group == "model" else found


def differing_option(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Return the name of the first option in which two models of the same tensors differ, by the options of
    each; one that either lacks came into being between them, and a λ that is learned is among the tensors."""
    for name in SAME_TENSORS:
        here, there = one.get(name), other.get(name)
        if here is None or there is None or (name == "fusion_lambda" and one.get("learn_fusion_lambda")):
            continue
        if here != there and str(here) != str(there):  # --wait-k is text, and numbers may be whole
            return name
    return None


def option_of(options: Any, name: str) -> Any:
    """Return an option of a stored configuration, which is a mapping or a namespace; None if it has none."""
    return options.get(name) if hasattr(options, "get") else getattr(options, name, None)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, pickle.UnpicklingError):
        return "it holds something else than weights and settings"
    if isinstance(error, EOFError):
        return "it ends too early"
    if isinstance(error, _OtherFile):
        return str(error)
    return f"{type(error).__name__}: {str(error).splitlines()[0]}" if str(error) else type(error).__name__
