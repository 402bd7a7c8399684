"""Reads checkpoints of fairseq-train, and refuses every other file in the same words."""

import pickle
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from interactive_st.errors import DataError
from interactive_st.registration import register

#: The suffix of what a model folder holds instead.
SAFETENSORS = ".safetensors"
#: Options with which tensors of the same names and shapes compute something else.
UNSEEN_OPTIONS = ("encoder_attention_heads", "decoder_attention_heads", "activation_fn", "no_scale_embedding")


@contextmanager
def refusing_others(path: str | PathLike) -> Iterator[None]:
    """Say of whatever fails in the block that the file at `path` is not a checkpoint.

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


def read_checkpoint(path: str | PathLike) -> tuple[dict[str, Any], Any]:
    """Return what a checkpoint holds, and the configuration of its training.

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
            raise LookupError("it names no task or no model")
    return state, cfg


def task_name(cfg: Any) -> str | None:
    """Return by which task a checkpoint was trained, by the configuration of its training."""
    task = cfg["task"]
    return getattr(task, "_name", None) or getattr(task, "task", None)


def model_options(state: dict[str, Any]) -> dict[str, Any]:
    """Return the options of the model that a checkpoint holds; none where it does not tell."""
    model = (state.get("cfg") or {}).get("model") or state.get("args") or {}
    return dict(vars(model) if isinstance(model, Namespace) else model)


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
    if type(error) is LookupError:
        return str(error)
    return f"{type(error).__name__}: {str(error).splitlines()[0]}" if str(error) else type(error).__name__
