"""Loads the model that a picture of attention is of."""

from pathlib import Path
from typing import Any


def load_model(path: Path, data: Path | None = None) -> tuple[Any, Any]:
    """Load a model with its task; it is in eval mode, on the CPU.

    Unlike ``InteractiveST.from_pretrained`` this takes models of precomputed features as well.

    Args:
        path: a checkpoint, or a model folder made by ``interactive-st export``.
        data: the checkpoint's data folder; None = where it was in training.

    Raises:
        ValueError: there is no such model or data folder, or the checkpoint is of another task.
    """
    from interactive_st.inference.model_folder import read_model_folder
    from interactive_st.inference.stored_model import load_checkpoint

    if not path.exists():
        raise ValueError(f"--model {path}: no such checkpoint or model folder")
    stored = read_model_folder(path) if path.is_dir() else load_checkpoint(path, data)
    task, model = stored.build()
    return model.float(), task
