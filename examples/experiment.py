"""The course of an example from manifests to report, and the options that all examples share."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples import recipe as steps
from examples.report import show_pairs, show_scores, write_report
from examples.runner import Recipe

# In a few minutes CTC learns where the words are better than attention does: let both decide.
CTC_SCORES = ["--decoding-ctc-weight", "0.3"]
# What the examples have in common; each adds its own limits and sizes behind it.
TRAIN_OPTIONS = [
    "--arch", "interactive_st_tiny",
    # what the published scores of the examples were trained with; 1, the default, has not been tried there
    "--fusion-lambda", "0.3",
    # both streams' cross entropies, and CTC on the encoder, which soon finds where the words are
    "--criterion", "joint_label_smoothed_cross_entropy",
    "--label-smoothing", "0.1",
    "--ctc-weight", "0.3",
    # so that the streams do not lean on each other's perfect prefixes, which decoding does not have
    "--prefix-corruption", "0.05",
    "--optimizer", "adam", "--adam-betas", "(0.9, 0.98)", "--clip-norm", "2",
    "--lr-scheduler", "inverse_sqrt",
    # dropout costs time where the masks are as large as the attention weights
    "--dropout", "0.1", "--attention-dropout", "0", "--activation-dropout", "0",
    # validation decodes, by the same scores as the tests
    "--eval-wer", "--eval-bleu", "--eval-bleu-args", '{"beam": 1, "max_len_b": 40}',
    "--best-checkpoint-metric", "bleu", "--maximize-best-checkpoint-metric",
    *CTC_SCORES,
    # by updates alone: epochs are short, and validating after each of them would cost minutes
    "--validate-interval", "1000", "--save-interval", "1000",
    "--keep-interval-updates", "5", "--no-epoch-checkpoints",
    "--num-workers", "1",
]  # fmt: skip


@dataclass(frozen=True)
class Options:
    """What an example gives to the tools, before what its user adds."""

    prepare: Sequence[str]
    train: Sequence[str]
    generate: Sequence[str]


def add_arguments(
    parser: argparse.ArgumentParser, *, out: str, max_minutes: float, average: int = 0
) -> None:
    """Declare the options that every example has, with its defaults."""
    add = parser.add_argument
    add("--out", type=Path, default=Path(out), help="folder to fill, or to continue")
    add("--threads", type=int, default=2, help="CPU threads of each command")
    add("--seed", type=int, default=1, help="of the corpus and of training")
    add("--max-update", type=int, default=0, help="end of training in updates; 0 = no limit")
    add("--max-minutes", type=float, default=max_minutes,
        help="end of training in minutes; 0 = no limit")  # fmt: skip
    add("--average", type=int, default=average, metavar="N",
        help="decode with the mean of the N newest checkpoints; 0 = with the best one")  # fmt: skip
    for tool in ("prepare", "train", "generate"):
        add(f"--{tool}-options", type=shlex.split, default=[], metavar="TEXT",
            help=f"more options for it, as --{tool}-options='--one 1 --two'")  # fmt: skip


def run(
    recipe: Recipe,
    manifests: Mapping[str, Path],
    options: Options,
    args: argparse.Namespace,
    *,
    details: Mapping[str, Any],
    shown: Sequence[str] = ("test",),
) -> dict[str, Any]:
    """Prepare, train, decode and score every split named ``test…``, show and report.

    Args:
        manifests: by split name; "train", "dev" and "test" are needed.
        args: the options of :func:`add_arguments`.
        details: what else the report should hold.
        shown: the test splits of which some pairs are shown.

    Returns:
        What report.json holds.
    """
    data = steps.prepare(recipe, manifests, args.out / "data", [*options.prepare, *args.prepare_options])
    save_dir = args.out / "checkpoints"
    train_seconds = steps.train(
        recipe,
        data,
        save_dir,
        [*TRAIN_OPTIONS, *options.train, *args.train_options],
        max_update=args.max_update,
        max_minutes=args.max_minutes,
    )
    checkpoint = save_dir / "checkpoint_best.pt"
    if args.average:
        checkpoint = steps.average(recipe, save_dir, args.average)
    scores, pairs = {}, {}
    for split in (name for name in manifests if name.startswith("test")):
        pairs[split] = args.out / "pairs" / f"{split}.jsonl"
        pairs[split].parent.mkdir(exist_ok=True)
        generate_options = [*CTC_SCORES, *options.generate, *args.generate_options]
        steps.generate(recipe, data, checkpoint, split, pairs[split], generate_options)
        scores[split] = steps.score(recipe, pairs[split])
    report = write_report(
        args.out / "report.json",
        recipe,
        checkpoint=checkpoint,
        train_seconds=train_seconds,
        sets=scores,
        main_set="test",
        details=details,
    )
    for split in shown:
        if split in pairs:
            show_pairs(pairs[split])
    show_scores(report)
    recipe.say(f"report: {args.out / 'report.json'}")
    return report
