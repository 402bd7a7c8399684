"""Arguments that several benchmarks have, and mistakes in those of any, found before anything is measured."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from interactive_st.conventions import option_name
from interactive_st.errors import DataError, require_file
from interactive_st.writing import check_file

#: What argparse is told of the options that several commands have.
SHARED: dict[str, dict[str, Any]] = {
    "beam": {"type": int, "default": 5, "help": "hypotheses a sentence in decoding (default: %(default)s)"},
    "device": {"default": "cpu", "help": "cpu, cuda, cuda:1, … (default: %(default)s)"},
    "json": {"type": Path, "metavar": "FILE", "help": "write what is measured here as well"},
    "seed": {"type": int, "default": 1, "help": "of lengths and contents (default: %(default)s)"},
    "size": {"help": "of all models (default: %(default)s)"},
    "threads": {"type": int, "metavar": "N", "help": "CPU threads (default: torch's choice)"},
}
#: Numbers of all commands and the least that each can be.
LEAST = {
    "batches": 1,
    "beam": 1,
    "decode_batches": 1,
    "jobs": 1,
    "max_frames": 1,
    "resamples": 0,
    "rounds": 1,
    "seed": 0,
    "sentences": 1,
    "threads": 1,
    "train_batches": 1,
    "utterances": 1,
}


def add_shared(parser: argparse.ArgumentParser, *names: str, **own: Any) -> None:
    """Declare options of ``SHARED``; ``own`` is what a command has otherwise."""
    for name in names:
        settings = SHARED[name] | own
        if name == "size":
            from benchmarks.models import SUFFIX  # imports fairseq, which not all commands need

            settings["choices"] = list(SUFFIX)
        parser.add_argument(option_name(name), **settings)


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Exit with status 2 where a number is too small or too large, there is no such device, or the file of
    results, the value of --json, cannot be written.

    Args:
        parser: of the command.
        args: of any of them, with the defaults that depend on others filled in; None is not looked at.
    """
    for name, least in LEAST.items():
        value = getattr(args, name, None)
        if value is not None and value < least:
            parser.error(f"{option_name(name)} has to be at least {least}")
    try:
        _check_workload(args)
        if (device := getattr(args, "device", None)) is not None:
            _check_device(device)
        if (path := getattr(args, "json", None)) is not None:
            check_file(path, "--json", makes_folder=True)
    except (DataError, ValueError) as error:
        parser.error(str(error))


def check_there(parser: argparse.ArgumentParser, path: Path, what: str, folder: bool = False) -> None:
    """Exit with status 2 where ``path`` is no file, nor a folder where that will do.

    Args:
        parser: of the command.
        path: to be read.
        what: it has to be, for the message.
        folder: whether a folder will do.
    """
    try:
        if not (folder and path.is_dir()):
            require_file(path, what)
    except DataError as error:
        parser.error(str(error))


def _check_workload(args: argparse.Namespace) -> None:
    frames, sentences = (getattr(args, name, None) for name in ("max_frames", "sentences"))
    if frames is sentences is None:
        return
    from benchmarks import workload  # imports fairseq, which not all commands need

    if frames is not None:
        workload.check_max_frames(frames)
    if sentences is not None:
        workload.check_sentences(sentences)


def _check_device(name: str) -> None:
    if not (found := re.fullmatch(r"cpu|cuda(?::(\d+))?", name)):
        raise ValueError(f"--device {name}: there are cpu, cuda, cuda:1, …")
    if name == "cpu":
        return
    import torch

    if int(found[1] or 0) >= (count := torch.cuda.device_count()):
        here = f"{count} GPUs, numbered from 0" if count else "no GPU, which leaves cpu"
        raise ValueError(f"--device {name}: torch finds {here}")
