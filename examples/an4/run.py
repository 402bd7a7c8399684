"""Trains and tests the interactive model on AN4: `make an4 AN4=path/to/an4`.

`python -m examples.an4.run --help` lists the options.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from examples import experiment, steps
from examples.an4 import corpus
from examples.an4.german import Spelling
from examples.help_formatter import HelpFormatter
from examples.runner import Recipe, RecipeError, run_to_the_end
from examples.stamps import fingerprint
from interactive_st.data.manifest import write_manifest

PREPARE_OPTIONS = [
    "--features",
    # letters and most words of the 99 in the data set are one piece, German numbers a few
    "--vocab-size", "256", "--vocab-type", "bpe",
    # masks of at most a fifth of the utterance: whole letters would be gone in longer ones
    "--specaugment", "sm",
]  # fmt: skip

TRAIN_OPTIONS = [
    # three convolutions: a frame every 80 ms finds the words sooner than one every 40
    "--conv-kernel-sizes", "5,5,5",
    # so little speech is soon known by heart
    "--dropout", "0.2",
    "--max-tokens", "4000",
    "--validate-interval-updates", "100", "--save-interval-updates", "100",
]  # fmt: skip
HEARING_OPTIONS = ["--dropout", "0.1"]

# the longest texts of the test set are 16 pieces
GENERATE_OPTIONS = [
    "--decoding-ctc-weight", "0.5",
    "--beam", "5", "--max-tokens", "12000", "--max-len-b", "60", "--scoring", "sacrebleu",
]  # fmt: skip

RULE_MADE = "The German was made by rules, from the transcripts: nobody translated AN4."


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    plan = plan_splits(args)
    recipe = Recipe(args.out, threads=args.threads, seed=args.seed)
    recipe.say(RULE_MADE)
    manifests = make_corpus(recipe, plan)
    experiment.run(
        recipe,
        manifests,
        experiment.Options(PREPARE_OPTIONS, TRAIN_OPTIONS, GENERATE_OPTIONS, HEARING_OPTIONS),
        args,
        details={
            "translations": RULE_MADE,
            "speakers": {split: sorted({u.speaker for u in group}) for split, group in plan.items()},
        },
    )


def make_corpus(recipe: Recipe, plan: Mapping[str, Sequence[corpus.Utterance]]) -> dict[str, Path]:
    """Write the features of each split and their manifests; returns manifests by split.

    Args:
        recipe: the run whose folder ``corpus`` is filled; nothing is done where it is complete.
        plan: utterances by split, as from :func:`plan_splits`.
    """

    def write(folder: Path, manifests: Mapping[str, Path]) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        for split, utterances in plan.items():
            rows = list(corpus.write_features(utterances, folder, f"features/{split}"))
            write_manifest(manifests[split], rows)

    described = {
        split: [[utterance.row(utterance.mfcc.name), utterance.tempo] for utterance in utterances]
        for split, utterances in plan.items()
    }
    used = sorted({utterance.mfcc for group in plan.values() for utterance in group})
    what = "features and German written by examples.an4.corpus"
    return steps.make_corpus(recipe, plan, what, [described, fingerprint(used)], write)


def plan_splits(args: argparse.Namespace) -> dict[str, list[corpus.Utterance]]:
    """What each split consists of: train, dev and the data set's own test; nobody is in two of them.

    Args:
        args: ``an4``, ``spelling``, ``dev_speakers`` and ``tempos`` of :func:`parse`.

    Raises:
        RecipeError: somebody named for dev is not in the training set, or nobody is left to train on.
    """
    found = corpus.list_utterances(args.an4, "train", args.spelling)
    present = {utterance.speaker for utterance in found}
    held_out = args.dev_speakers or corpus.dev_speakers(found)
    unknown = sorted(set(held_out) - present)
    if unknown or present <= set(held_out):
        raise RecipeError(
            f"--dev-speakers: {', '.join(unknown) or 'all'}: name some, but not all, of the speakers of "
            f"the training set: {', '.join(sorted(present))}"
        )
    train = [utterance for utterance in found if utterance.speaker not in held_out]
    return {
        "train": [_at_tempo(utterance, tempo) for tempo in args.tempos for utterance in train],
        "dev": [utterance for utterance in found if utterance.speaker in held_out],
        "test": corpus.list_utterances(args.an4, "test", args.spelling),
    }


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.an4.run",
        description="Transcribe and translate AN4: corpus, training, test, report.",
        formatter_class=HelpFormatter,
    )
    experiment.add_arguments(parser, out="runs/an4", hearing_update=2000, max_update=3000, average=5)
    add = parser.add_argument
    add("--an4", type=Path, required=True, help="folder of the data set, with etc and feat in it")
    add("--spelling", choices=get_args(Spelling), default="letters",
        help="how German spells: C Q, or by its spelling alphabet Chemnitz Quickborn")  # fmt: skip
    add("--dev-speakers", type=experiment.names, default=[],
        help="training speakers kept for dev: a,b (default: every ninth)")  # fmt: skip
    add("--tempos", type=_tempos, default=(0.9, 1.0, 1.1),
        help="train on each utterance at these tempos (default: 0.9,1,1.1)")  # fmt: skip
    return parser.parse_args(argv)


def _at_tempo(utterance: corpus.Utterance, tempo: float) -> corpus.Utterance:
    if tempo == 1.0:
        return utterance
    return dataclasses.replace(utterance, id=f"{utterance.id}_{tempo:g}", tempo=tempo)


def _tempos(text: str) -> tuple[float, ...]:
    tempos = tuple(sorted({float(part) for part in text.split(",")}))
    if not all(0.5 <= tempo <= 2.0 for tempo in tempos):
        raise argparse.ArgumentTypeError(f"{text!r}: tempos are numbers from 0.5 to 2")
    return tempos


if __name__ == "__main__":
    sys.exit(run_to_the_end(main))
