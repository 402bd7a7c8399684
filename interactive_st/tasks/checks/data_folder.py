"""Whether there is a data folder with a configuration."""

from argparse import Namespace
from pathlib import Path

from interactive_st.data.folder.layout import CONFIG


def check_config_path(args: Namespace) -> None:
    """Raise ``FileNotFoundError``, saying what is there, where ``--config-yaml`` names no file.

    Args:
        args: the options of any of the tools.
    """
    folder = Path(args.data)
    path = folder / args.config_yaml
    if path.is_file():
        return
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; name one made by interactive-st prepare or join")
    found = sorted(file.name for file in folder.glob("*.yaml"))
    if CONFIG in found:
        advice = f"leave --config-yaml out, and {CONFIG} is read"
    elif found:
        advice = f"{folder} holds {', '.join(found)}; make joint data of fairseq's by interactive-st join"
    else:
        advice = "name a data folder made by interactive-st prepare or join"
    raise FileNotFoundError(f"{path}: no such file; {advice}")
