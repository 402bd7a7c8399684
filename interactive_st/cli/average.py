"""`interactive-st average`: the mean of several checkpoints."""

import argparse
from pathlib import Path

from interactive_st.cli import path_name, print_notes, require_there, say, user_errors, whole_number
from interactive_st.errors import UserError
from interactive_st.wording import counted

HELP = "average the weights of the last or the best checkpoints of a training"
DESCRIPTION = """\
Averages the weights of checkpoints: the last ones of a run, the best ones by a validation metric, or
those that are named. The options of fairseq's scripts/average_checkpoints.py are understood as well.
"""
EPILOG = """\
The training has to keep the checkpoints: --keep-last-epochs 10 (or --keep-interval-updates 10 with
--save-interval-updates) for --last, --keep-best-checkpoints with --best-checkpoint-metric for --best.

examples:
  interactive-st average checkpoints/st --last 10
  interactive-st average checkpoints/st --best 5 --output best5.pt
  interactive-st average --inputs checkpoints/st --num-epoch-checkpoints 10 \\
    --checkpoint-upper-bound 50 --output avg.pt
  interactive-st average a.pt b.pt c.pt --output avg.pt
"""
LAST = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "checkpoints", nargs="*", type=path_name, help="the folder of a run (--save-dir), or checkpoint files"
    )
    parser.add_argument(
        "--inputs",
        nargs="+",
        type=path_name,
        default=[],
        metavar="PATH",
        help="the same, as in fairseq's script",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--last",
        type=whole_number,
        metavar="N",
        help=f"the last N numbered checkpoints (default for a folder: {LAST}), with checkpoint_last.pt where "
        "it is newer than those by updates",
    )
    which.add_argument(
        "--best",
        "--num-best-checkpoints",
        type=whole_number,
        metavar="N",
        help="the N best checkpoints, of those that --keep-best-checkpoints kept: all of a folder, or files",
    )
    for kind in ("epoch", "update"):
        which.add_argument(
            f"--num-{kind}-checkpoints",
            type=whole_number,
            metavar="N",
            help=f"the last N checkpoints by {kind}; fewer are an error",
        )
    parser.add_argument(
        "--metric",
        metavar="NAME",
        help="of --best: the metric (default: the --best-checkpoint-metric of the run, and whether higher is "
        "better, as its checkpoints say)",
    )
    parser.add_argument(
        "--maximize", action="store_true", help="of --metric: higher is better, in place of lower"
    )
    parser.add_argument(
        "--checkpoint-upper-bound",
        type=int,
        metavar="N",
        help="leave checkpoints after this epoch (or update) out",
    )
    parser.add_argument(
        "--output",
        type=path_name,
        metavar="FILE",
        help="the averaged checkpoint (default: avg_last_N_checkpoint.pt or avg_best_N_checkpoint.pt in the "
        "folder of the run)",
    )


def main(args: argparse.Namespace) -> int:
    """Write the average and say of what it is.

    Raises:
        UserError: there is nothing to average, or what there is does not belong together.
    """
    inputs = [*args.checkpoints, *args.inputs]
    with user_errors():
        _check(args, inputs)
    from interactive_st.checkpoint_averaging import average_checkpoints, save_checkpoint
    from interactive_st.writing import check_file

    with user_errors():
        paths = _choose(args, inputs)
        kind = "best" if args.best else "last"
        output = args.output or inputs[0] / f"avg_{kind}_{_count(args)}_checkpoint.pt"
        if any(path.resolve() == output.resolve() for path in paths):
            raise UserError(f"--output {output} is one of the checkpoints to average; choose another name")
        check_file(output, "--output", makes_folder=True)
        _note_repeated(paths)
        state = average_checkpoints(paths)
        save_checkpoint(state, output)
    for path in paths:
        say(path)
    say(f"average of {len(paths)}: {output}")
    return 0


def _check(args: argparse.Namespace, inputs: list[Path]) -> None:
    if not inputs:
        raise UserError("name the folder of a run, or checkpoint files")
    require_there(inputs)
    if args.metric and not args.best:
        raise UserError("--metric is for --best N")
    if args.maximize and not args.metric:
        raise UserError("--maximize is for --metric NAME, the metric of --best")
    if args.checkpoint_upper_bound is not None and args.best:
        raise UserError("--checkpoint-upper-bound is for the last checkpoints, not for --best")
    if any(path.is_dir() for path in inputs):
        if len(inputs) > 1:
            raise UserError("one folder, or files: the checkpoints of two runs have no meaningful average")
    elif _asks_for_a_choice(args) and not args.best:
        raise UserError(f"{inputs[0]} is a file; --last and the like choose from a folder")
    elif not args.output:
        raise UserError("files are averaged into --output FILE")


def _asks_for_a_choice(args: argparse.Namespace) -> bool:
    choices = (args.last, args.best, args.num_epoch_checkpoints, args.num_update_checkpoints)
    return any(value is not None for value in (*choices, args.checkpoint_upper_bound))


def _choose(args: argparse.Namespace, inputs: list[Path]) -> list[Path]:
    from interactive_st.checkpoint_averaging import best_checkpoints, kept_by, newest_checkpoints

    folder, wanted = inputs[0], _count(args)
    if args.best:
        where = folder if folder.is_dir() else inputs
        metric, maximize = (args.metric, args.maximize) if args.metric else kept_by(where)
        paths = best_checkpoints(where, metric, wanted, maximize)
    elif not folder.is_dir():
        return inputs
    else:
        kind = "epoch" if args.num_epoch_checkpoints else "update" if args.num_update_checkpoints else ""
        paths = newest_checkpoints(folder, wanted, kind, args.checkpoint_upper_bound)
        if kind and len(paths) < wanted:
            there = counted(len(paths), "checkpoint")
            raise UserError(f"{folder}: {there} by {kind}, {wanted} were asked for")
    if len(paths) < wanted:
        more = f"{folder} has no more" if folder.is_dir() else "no more are named"
        print_notes([f"{counted(len(paths), 'checkpoint')}, not {wanted}: {more}"])
    return paths


def _note_repeated(paths: list[Path]) -> None:
    """Say which files are named more than once, also by another path or a link."""
    first: dict[tuple[int, int], Path] = {}
    for path in paths:
        place = path.stat()
        same = first.setdefault((place.st_dev, place.st_ino), path)
        if same is not path:
            print_notes([f"{path} is {same} again, which counts once more in the mean"])


def _count(args: argparse.Namespace) -> int:
    """How many checkpoints are asked for of a folder."""
    return args.best or args.num_epoch_checkpoints or args.num_update_checkpoints or args.last or LAST
