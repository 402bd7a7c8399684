"""`interactive-st plot`: pictures of trainings, attention and sweeps."""

import argparse
from collections.abc import Callable
from pathlib import Path

from interactive_st.cli import path_name, print_notes, say, user_errors
from interactive_st.cli.translate.search_options import (
    add_languages,
    add_search,
    chosen_options,
    option_errors,
)
from interactive_st.errors import DataError, UserError
from interactive_st.inference.options import Options
from interactive_st.inference.quieting import quiet

HELP = "draw training curves, attention, or scores over k and λ"
EPILOG = """\
interactive-st plot PICTURE --help describes one of them. Pictures need matplotlib, which the extra
brings: pip install 'interactive_st[plots]'. The suffix of --out chooses the format: .png, .svg, .pdf.
"""
SWEEP_DESCRIPTION = """\
Draws BLEU and WER over a setting that was varied, mean over seeds with bars of one standard
deviation. FILE is a table with one row a run, as TSV with a header line or as JSON (a list of
objects): the setting (k or lambda, or what --parameter names), wer and/or bleu in percent, and
anything else, such as seed:

  k    seed  wer   bleu
  0    1     13.0  41.7
  3    1     11.6  43.9
  inf  1     12.1  42.8
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the pictures and their arguments."""
    pictures = parser.add_subparsers(dest="picture", metavar="PICTURE", required=True, title="pictures")
    _add_training(pictures.add_parser("training", help="loss, accuracy, BLEU and WER of both streams"))
    _add_attention(pictures.add_parser("attention", help="what the model attends to in one recording"))
    sweep = pictures.add_parser(
        "sweep",
        help="scores over k or λ",
        description=SWEEP_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_sweep(sweep)


def main(args: argparse.Namespace) -> int:
    """Draw the picture that was asked for.

    Raises:
        UserError: something cannot be read, drawn or written.
    """
    from interactive_st.plots.style import check_out, require_matplotlib

    with user_errors():
        require_matplotlib()
        check_out(args.out)
        notes = args.draw(args)
    print_notes(notes)
    say(args.out)
    return 0


def _add_training(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Draws what fairseq-train logged (--log-format json or simple): loss and accuracy in training and "
        "validation, BLEU and WER of validation (--eval-bleu, --eval-wer). Several runs share the axes."
    )
    parser.add_argument(
        "runs",
        nargs="+",
        type=path_name,
        metavar="RUN",
        help="a log file, or a folder with *.log or logs/*.log, such as the runs/NAME of the examples",
    )
    parser.add_argument(
        "--x", choices=("updates", "hours"), default="updates", help="x axis (default: updates)"
    )
    _add_out(parser, "training.png", _training)


def _add_attention(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Decodes one recording and draws its features, the attention of both streams to the speech, and "
        "the interactive attention between transcript and translation, in both directions; of 30 s at most."
    )
    add = parser.add_argument
    add("audio", type=path_name, metavar="AUDIO", help="a recording (or .npy of precomputed features)")
    add(
        "--model",
        required=True,
        type=path_name,
        metavar="MODEL",
        help="a checkpoint, or an exported model folder",
    )
    add(
        "--data",
        type=path_name,
        metavar="DIR",
        help="data folder of the checkpoint (default: where it was when the model was trained)",
    )
    add("--layer", type=int, default=-1, metavar="N", help="decoder layer, from 0 (default: -1, the last)")
    add("--head", type=int, metavar="N", help="one head, from 0 (default: the mean over all heads)")
    add("--offset", type=float, default=0.0, metavar="S", help="start in the recording (default: 0)")
    add("--duration", type=float, metavar="S", help="length in seconds (default: to the end)")
    add_languages(parser)
    add_search(parser.add_argument_group("search"))
    _add_out(parser, "attention.png", _attention)


def _add_sweep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", type=path_name, metavar="FILE", help="a table; one row of axes for each"
    )
    parser.add_argument(
        "--parameter", metavar="NAME", help="column of the varied setting (default: k or lambda)"
    )
    _add_out(parser, "sweep.png", _sweep)


def _add_out(
    parser: argparse.ArgumentParser, default: str, draw: Callable[[argparse.Namespace], list[str]]
) -> None:
    parser.add_argument(
        "--out",
        type=path_name,
        default=Path(default),
        metavar="FILE",
        help=f"the picture, .png, .svg or .pdf (default: {default})",
    )
    parser.set_defaults(draw=draw)


def _training(args: argparse.Namespace) -> list[str]:
    from interactive_st.file_names import unique_names
    from interactive_st.plots.fairseq_log import read_run
    from interactive_st.plots.style import drawing, save
    from interactive_st.plots.training import draw_training

    logs = []
    names = unique_names(args.runs, lambda path: path.resolve().name if path.is_dir() else path.stem)
    for path, name in zip(args.runs, names, strict=True):
        found = read_run(path)
        for log in found:
            log.name = name if len(found) == 1 else f"{name}/{log.name.rpartition('/')[2]}"
        logs += found
    with drawing([log.name for log in logs]) as notes:
        save(draw_training(logs, args.x), args.out)
    return notes


@quiet()  # fairseq reports every step of the loading
def _attention(args: argparse.Namespace) -> list[str]:
    from dataclasses import replace

    from interactive_st.data.features.compute import features_from_file
    from interactive_st.inference.model_path import read_model
    from interactive_st.plots.attention import check_length, compute_picture, draw_attention
    from interactive_st.plots.style import drawing, save

    options = Options(**chosen_options(args))  # before the model is loaded
    task, model = read_model(args.model, args.data).build()
    model.float()
    features = features_from_file(args.audio, task.data_cfg.features, args.offset, args.duration)
    try:
        check_length(features, task)
    except DataError as error:
        raise UserError(f"{args.audio}: {error}") from error
    with option_errors():
        picture = compute_picture(
            model, task, features, layer=args.layer, head=args.head, options=options
        )
    layers = len(model.decoder.layers)
    heads = "mean over heads" if args.head is None else f"head {args.head}"
    title = f"{args.audio.name} · decoder layer {args.layer % layers} of 0–{layers - 1}, {heads}"
    with drawing([*picture.texts, title]) as notes:
        save(draw_attention(replace(picture, title=title)), args.out)
    if picture.partner is None:
        notes.append("the model has no interaction (λ = 0, or one text): nothing to draw between the texts")
    return notes


def _sweep(args: argparse.Namespace) -> list[str]:
    from interactive_st.plots.style import drawing, save
    from interactive_st.plots.sweep import draw_sweep, read_sweep

    sweeps = [read_sweep(path, args.parameter) for path in args.files]
    texts = [setting.value for sweep in sweeps for setting in sweep.settings]
    with drawing([*texts, *(sweep.parameter for sweep in sweeps)]) as notes:
        save(draw_sweep(sweeps), args.out)
    return notes
