"""Whether there is a data folder with a configuration, and the files that it names can be read."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fairseq.data import Dictionary

from interactive_st.data.folder.layout import CONFIG
from interactive_st.errors import DataError


def check_dictionary(path: Path) -> None:
    """Raise `DataError`, naming the file, for a dictionary that fairseq cannot read. One that is missing is
    left to fairseq, which says so.

    Args:
        path: the file that the configuration names.
    """
    if not path.is_file():
        return
    try:
        Dictionary.load(str(path))
    except Exception as error:  # fairseq's are of many kinds, bare ones among them
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: not readable as a dictionary ({reason}); copy it again") from error


@contextmanager
def naming_tokeniser(path: Path, key: str, entry: object) -> Iterator[None]:
    """Name the configuration where fairseq cannot make the tokeniser of an entry.

    Args:
        path: of the configuration.
        key: of the entry.
        entry: what it says.

    Raises:
        DataError: there is no such tokeniser, its model is damaged or missing, or its package is.
    """
    try:
        yield
    except KeyError as error:  # of fairseq's registry
        raise DataError(f"{path}: {key} is {entry}: fairseq has no tokeniser {error}; correct it") from error
    except (RuntimeError, OSError, ImportError) as error:
        raise DataError(
            f"{path}: the tokeniser of {key}, {entry}, cannot be made ({error}); copy its files again, or "
            "correct the entry"
        ) from error


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
