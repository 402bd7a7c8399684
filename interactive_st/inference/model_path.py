"""Reads a model by the path that a user names: a model folder, or a checkpoint."""

from pathlib import Path

from interactive_st.errors import DataError
from interactive_st.inference.model_folder import is_model_folder, read_model_folder
from interactive_st.inference.stored_model import StoredModel, load_checkpoint


def read_model(path: Path, data: Path | None = None) -> StoredModel:
    """Read a model, of audio or of precomputed features.

    Args:
        path: a model folder made by ``interactive-st export``, or a checkpoint of ``fairseq-train``.
        data: data folder of a checkpoint; where it was in training if None.

    Raises:
        DataError: there is no such model or data folder, or the checkpoint is of another task.
    """
    if path.is_dir():
        if not is_model_folder(path):
            raise DataError(
                f"{path}: no model folder; give one made by `interactive-st export`, or a "
                "checkpoint such as checkpoint_best.pt"
            )
        if data is not None:
            raise DataError(f"{path}: a model folder needs no data folder; leave out data")
        return read_model_folder(path)
    if path.is_file():
        return load_checkpoint(path, data)
    raise DataError(f"{path}: no such model folder or checkpoint")
