"""The course of an example from manifests to report, and the options that all examples share."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples import steps, training
from examples.progress import updates_done
from examples.report import show_pairs, show_scores, write_report
from examples.runner import Recipe

FEW_UPDATES = (
    "note: {updates} updates are few, by little time or a slow or busy machine; the texts make sense after "
    "some {enough}: the same command with a larger --max-minutes (or --max-update) goes on from here"
)
#: What each is called that an example gives options to.
TOOLS = {
    "prepare": "interactive-st prepare",
    "hearing": "fairseq-train, for the recogniser",
    "train": "fairseq-train",
    "generate": "fairseq-generate",
}


@dataclass(frozen=True)
class Options:
    """What an example gives to the tools, before what its user adds.

    ``hearing``: more options of the first of two steps of training (:mod:`examples.training`); None: there is
    one step. ``enough``: updates after which the texts make sense; 0: not known.
    """

    prepare: Sequence[str]
    train: Sequence[str]
    generate: Sequence[str]
    hearing: Sequence[str] | None = None
    enough: int = 0


def add_arguments(
    parser: argparse.ArgumentParser,
    *,
    out: str,
    max_minutes: float = 0.0,
    max_update: int = 0,
    hearing_update: int = 0,
    average: int = 0,
) -> None:
    """Declare the options that every example has, with its defaults.

    ``hearing_update`` is of those that train in two steps, which alone have that option.
    """
    add = parser.add_argument
    tools = ["prepare", "train", "generate"]
    add("--out", type=Path, default=Path(out), help="folder to fill, or to continue")
    add("--threads", type=int, default=2, help="CPU threads of each command")
    add("--seed", type=int, default=1, help="of the corpus and of training")
    if hearing_update:
        tools.insert(1, "hearing")
        add("--hearing-update", type=int, default=hearing_update,
            help="updates of a recogniser, whose encoder the model begins with; 0 = without")  # fmt: skip
    add("--max-update", type=int, default=max_update,
        help="end of training in updates" + ("" if hearing_update else "; 0 = no limit"))  # fmt: skip
    add("--max-minutes", type=float, default=max_minutes,
        help=f"end of {'each' if hearing_update else ''} training in minutes; 0 = no limit")  # fmt: skip
    add("--average", type=int, default=average, metavar="N",
        help="decode with the mean of the N newest checkpoints; 0 = with the best one")  # fmt: skip
    for tool in tools:
        add(f"--{tool}-options", type=shlex.split, default=[], metavar="TEXT",
            help=f"more options of {TOOLS[tool]}, as --{tool}-options='--one 1 --two'")  # fmt: skip


def names(text: str) -> list[str]:
    """The names in a text, with commas between, each once and in order; a type for argparse."""
    return sorted({name.strip() for name in text.split(",") if name.strip()})


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
    if options.hearing is None:
        train_seconds = training.one_step(recipe, data, save_dir, options.train, args)
    else:
        train_seconds = training.two_steps(recipe, data, save_dir, options.train, options.hearing, args)
    updates = updates_done(recipe.out / "logs" / f"train-{save_dir.name}.log")
    checkpoint = save_dir / "checkpoint_best.pt"
    if args.average:
        checkpoint = steps.average(recipe, save_dir, args.average)
    scores, pairs = {}, {}
    for split in (name for name in manifests if name.startswith("test")):
        pairs[split] = args.out / "pairs" / f"{split}.jsonl"
        pairs[split].parent.mkdir(exist_ok=True)
        generate_options = [*training.CTC_SCORES, *options.generate, *args.generate_options]
        steps.generate(recipe, data, checkpoint, split, pairs[split], generate_options)
        scores[split] = steps.score(recipe, pairs[split])
    report = write_report(
        args.out / "report.json",
        recipe,
        checkpoint=checkpoint,
        train_seconds=train_seconds,
        sets=scores,
        main_set="test",
        details={"updates": updates, **details},
    )
    for split in shown:
        if split in pairs:
            show_pairs(pairs[split])
    show_scores(report)
    recipe.say(f"report: {args.out / 'report.json'}")
    if updates < options.enough:
        recipe.say(FEW_UPDATES.format(updates=updates, enough=options.enough))
    return report
