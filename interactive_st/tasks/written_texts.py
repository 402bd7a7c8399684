"""Which texts a decoding run will write, known before its model is built.

``fairseq-generate`` asks the task for a source dictionary, and so whether to print ``S-`` lines, before
it loads the model that ``--path`` names.
"""

import ast
from pathlib import Path
from typing import Any

import torch
from fairseq import utils

from interactive_st.checkpoint_reading import refusing_others
from interactive_st.conventions import BOTH
from interactive_st.modules.streams import Streams, parse_streams


def streams_to_write(args: Any) -> Streams:
    """The streams of the model that a tool's ``--path`` and ``--model-overrides`` name.

    Args:
        args: the tool's options.

    Returns:
        both, where there is no such model yet, or none of ours: the tool will say so itself.

    Raises:
        DataError: the file is not a checkpoint, or is damaged.
    """
    paths = getattr(args, "path", None)
    if not paths:
        return BOTH
    overrides = ast.literal_eval(getattr(args, "model_overrides", None) or "{}")
    options = _options_of(utils.split_paths(paths)[0])
    return parse_streams(overrides.get("streams", getattr(options, "streams", "both")))


def _options_of(path: str) -> Any:
    """The model's options in a checkpoint; its weights stay on disk."""
    if not Path(path).is_file():
        return None
    with refusing_others(path):
        try:
            state = torch.load(path, map_location="cpu", mmap=True)
        except RuntimeError:  # the older format of torch.save cannot be mapped
            state = torch.load(path, map_location="cpu")
    try:
        return state.get("args") or state["cfg"]["model"]
    except (AttributeError, KeyError, TypeError):
        return None
