"""`interactive-st translate`: recordings in, transcripts and translations out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interactive_st.cli import say, user_errors
from interactive_st.cli.translate.arguments import DESCRIPTION, EACH, EPILOG, add_arguments
from interactive_st.cli.translate.search_options import chosen_options, option_errors
from interactive_st.conventions import STREAM_NAMES
from interactive_st.errors import UserError
from interactive_st.inference.options import FORMATS
from interactive_st.inference.quieting import quiet
from interactive_st.wording import counted

__all__ = ["DESCRIPTION", "EPILOG", "HELP", "add_arguments", "main"]

if TYPE_CHECKING:
    from interactive_st.inference.finding import Found
    from interactive_st.inference.hub import InteractiveST
    from interactive_st.inference.outputs import Document

HELP = "transcribe and translate recordings: text, JSON lines, tables or bilingual subtitles"
SUBTITLES = ("srt", "vtt")


@quiet()  # fairseq reports on its optional packages
def main(args: argparse.Namespace) -> int:
    """Decode the recordings; the status is 1 if one of them failed, or a folder could not be searched.

    Raises:
        UserError: there is nothing to decode, the model cannot be used, or options contradict it or each
            other.
    """
    from interactive_st.cli.translate.work import Work
    from interactive_st.inference.finding import find_recordings
    from interactive_st.inference.outputs import SHOWING, Document, a_file_for_each

    if "" in args.audio:  # pathlib would read the folder that one is in, and all below
        raise UserError("an empty AUDIO names nothing; is a variable of the shell unset?")
    unread: list[UserError] = []
    found = find_recordings(args.audio, unread.append)
    if not found:
        if unread:
            raise unread[0]
        raise UserError(f"no recordings in {', '.join(args.audio)}; name a file or another folder")
    if args.show != "both" and not set(args.format) & set(SHOWING):
        raise UserError(f"--show {args.show} is for text and subtitles: add --format text, srt or vtt")
    if args.out is None:
        if len(args.format) > 1:
            raise UserError("several formats need a folder for their files: give --out DIR")
        if args.format[0] in SUBTITLES and len(found) > 1:
            raise UserError("subtitles of several recordings need a file each: give --out DIR")
        if args.show == EACH:
            raise UserError(f"--show {EACH} is for files: give --out DIR")
        if args.skip_existing:
            raise UserError("--skip-existing is for files: give --out DIR")
    options = _options(args)  # before the model is loaded
    documents = [Document(form, args.show) for form in args.format]
    model: InteractiveST | None = None
    if args.show == EACH:  # files are named after the model's languages
        model = _load(args)
        with option_errors():
            languages = model.languages_of(args.source_lang, args.target_lang)
        documents = a_file_for_each(args.format, model.model.streams, languages)
    files = None
    if args.out is not None:
        with user_errors():
            found, files = _outputs(args, found, documents)
    for error in unread:
        say(f"interactive-st translate: failed: {error}", sys.stderr)
    if not found:
        return 1 if unread else 0
    model = model or _load(args)
    _check_shown(args, model.model.streams)
    work = Work(found, documents[0], files, progress=not args.quiet, unread=len(unread))
    with option_errors():
        return 1 if work.decode(model, options) or unread else 0


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """Return those of `Options` that are given.

    Raises:
        UserError: one has no meaning.
    """
    options = chosen_options(args)
    if options.get("nbest", 1) > 1 and "jsonl" not in args.format:
        raise UserError(f"--nbest {args.nbest} is for --format jsonl, which alone lists them: add it")
    return options


def _outputs(
    args: argparse.Namespace, found: list[Found], documents: list[Document]
) -> tuple[list[Found], list[dict[Document, Path]]]:
    """Return the recordings that are to be decoded, and the files of each.

    Raises:
        UserError: nothing can be written there, which is better known before hours of decoding.
    """
    from interactive_st.inference.outputs import check_names, output_files
    from interactive_st.writing import check_folder

    files = output_files((recording.place for recording in found), documents, args.out)
    check_names(args.out, (path for own in files for path in own.values()))
    if args.out.suffix.lstrip(".").lower() in (*FORMATS, "txt") and not args.out.is_dir():
        raise UserError(
            f"--out {args.out}: names a folder, in which each recording has its files; write one file by "
            f"> {args.out.name}, or name a folder without that ending"
        )
    check_folder(args.out, f"--out {args.out}")
    if args.skip_existing:
        # files appear when they are whole, so those that are there are complete
        left = [i for i, own in enumerate(files) if not all(path.is_file() for path in own.values())]
        if len(left) < len(found) and not args.quiet:
            skipped = counted(len(found) - len(left), "recording")
            print(f"skipped: {skipped} of {len(found)}, whose files are there", file=sys.stderr)
        found, files = [found[i] for i in left], [files[i] for i in left]
    return found, files


def _load(args: argparse.Namespace) -> InteractiveST:
    import torch

    if args.threads is not None:
        torch.set_num_threads(args.threads)
    from interactive_st.inference.hub import InteractiveST

    with user_errors():
        return InteractiveST.from_pretrained(args.model, args.data, args.device, args.half)


def _check_shown(args: argparse.Namespace, streams: Sequence[int]) -> None:
    """Refuse to show a text that the model does not write."""
    if args.show in STREAM_NAMES and STREAM_NAMES.index(args.show) not in streams:
        written = STREAM_NAMES[streams[0]]
        raise UserError(
            f"--show {args.show}: {args.model} writes the {written} alone; leave the option out, or take "
            "another model"
        )
