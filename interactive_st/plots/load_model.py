"""Loads the model that a picture of attention is of."""

from pathlib import Path
from typing import Any


def load_model(path: Path, data: Path | None = None) -> tuple[Any, Any]:
    """Load a checkpoint with its task; the model is in eval mode, on the CPU, in float32.

    Args:
        path: a checkpoint.
        data: its data folder; None = where it was in training.

    Raises:
        ValueError: there is no such checkpoint or data folder, or the checkpoint is of another task.
    """
    from fairseq import checkpoint_utils

    from interactive_st.registration import register
    from interactive_st.tasks import JointSpeechToTextTask

    register()
    if not path.is_file():
        raise ValueError(f"--model {path}: no such checkpoint; give a file such as checkpoint_best.pt")
    overrides = {} if data is None else {"data": str(data)}
    state = checkpoint_utils.load_checkpoint_to_cpu(str(path), overrides)
    args = state["cfg"]["task"] if state.get("cfg") else state["args"]
    folder = Path(overrides.get("data") or getattr(args, "data", None) or ".")
    if not folder.is_dir():
        raise ValueError(f"--model {path}: its data folder {folder} is not there; name it with --data")
    models, _, task = checkpoint_utils.load_model_ensemble_and_task([str(path)], overrides, state=state)
    if not isinstance(task, JointSpeechToTextTask):
        raise ValueError(
            f"--model {path}: trained with the task {type(task).__name__}; one of joint_speech_to_text is "
            f"needed"
        )
    return models[0].float().eval(), task
