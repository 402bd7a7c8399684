"""Which texts a decoding run will write, known before its model is built.

``fairseq-generate`` asks the task for a source dictionary, and so whether to print ``S-`` lines, before
it loads the model that ``--path`` names.
"""

from pathlib import Path
from typing import Any

from interactive_st.checkpoint_reading import load_state, options_of
from interactive_st.conventions import BOTH
from interactive_st.modules.streams import Streams, parse_streams
from interactive_st.tasks.checks.overrides import read_overrides
from interactive_st.tasks.starting_point import checkpoints_to_decode


def streams_to_write(args: Any) -> Streams:
    """The streams of the model that a tool's ``--path`` and ``--model-overrides`` name.

    Args:
        args: the tool's options.

    Returns:
        both, where there is no such model yet, or none of ours: the tool will say so itself.

    Raises:
        SettingError: the overrides are not a dictionary.
        DataError: the file is not a checkpoint, or is damaged.
    """
    if not getattr(args, "path", None):
        return BOTH
    first = checkpoints_to_decode(args)[0]
    if not Path(first).is_file():
        return BOTH
    options = options_of(load_state(first))
    return parse_streams((options | read_overrides(args)).get("streams", "both"))
