"""Trains and tests the interactive model on spoken Tatoeba: `make tatoeba PAIRS=path/to/en-de.tsv`.

`python -m examples.spoken_tatoeba.run --help` lists the options.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from examples import experiment
from examples.help_formatter import HelpFormatter
from examples.quickstart.speech import Voice
from examples.quickstart.spoken import Utterance, make_corpus
from examples.runner import Recipe, RecipeError, run_to_the_end
from examples.spoken_tatoeba import corpus

PREPARE_OPTIONS = [
    # common words are one piece, rare ones several: no test set has only words of the training set
    "--vocab-size", "4000", "--vocab-type", "unigram",
    "--num-mel-bins", "40",
]  # fmt: skip

TRAIN_OPTIONS = [
    # three convolutions: a frame every 80 ms finds the words sooner than one every 40
    "--conv-kernel-sizes", "5,5,5",
    "--warmup-updates", "500",
    "--max-tokens", "10000",
    "--validate-interval-updates", "250", "--save-interval-updates", "250",
]  # fmt: skip

# three sentences of seven words, and their translations, which may be longer
GENERATE_OPTIONS = [
    "--decoding-ctc-weight", "0.5",
    "--beam", "5", "--max-tokens", "16000", "--max-len-b", "80", "--scoring", "sacrebleu",
]  # fmt: skip

SYNTHETIC = (
    "The sentences are real, the speech is synthetic (espeak-ng): the scores compare systems, they do not "
    "show how well people would be understood."
)


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    splits = plan_splits(args)
    recipe = Recipe(args.out, threads=args.threads, seed=args.seed)
    recipe.say(SYNTHETIC)
    manifests = make_corpus(recipe, splits)
    experiment.run(
        recipe,
        manifests,
        experiment.Options(PREPARE_OPTIONS, TRAIN_OPTIONS, GENERATE_OPTIONS, hearing=[]),
        args,
        details={
            "speech": SYNTHETIC,
            "voices": {split: sorted({u.voice.name for u in group}) for split, group in splits.items()},
        },
        shown=("test", corpus.NEW_VOICE),
    )
    recipe.say(SYNTHETIC)


def plan_splits(args: argparse.Namespace) -> dict[str, list[Utterance]]:
    """What each split consists of: train, dev, test and, with voices for it alone, test_new_voice.

    The corpus is made of it by `make_corpus(recipe, plan_splits(args))`, which returns the manifests.

    Args:
        args: `pairs`, `utterances`, `dev_utterances`, `test_utterances`, `voices`, `test_voices` and
            `seed` of `parse`.

    Raises:
        RecipeError: a voice is unknown or on both sides, or there are too few sentences.
    """
    voices, test_voices = choose_voices(args.voices, args.test_voices)
    sizes = corpus.Sizes(args.utterances, args.dev_utterances, args.test_utterances)
    pairs = corpus.read_pairs(args.pairs)
    try:
        return corpus.plan(pairs, sizes, args.seed, voices, test_voices)
    except ValueError as error:
        raise RecipeError(str(error)) from error


def choose_voices(wanted: list[str], unseen: list[str]) -> tuple[list[Voice], list[Voice]]:
    """The voices to train on, those wanted or else all but the unseen ones, and the unseen ones.

    Raises `RecipeError` where one does not exist.
    """
    by_name = {voice.name: voice for voice in corpus.VOICES}
    unknown = sorted({*wanted, *unseen} - by_name.keys())
    if unknown:
        raise RecipeError(f"no voice {', '.join(unknown)}; there are {', '.join(by_name)}")
    chosen = wanted or [name for name in by_name if name not in unseen]
    return [by_name[name] for name in chosen], [by_name[name] for name in unseen]


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.spoken_tatoeba.run",
        description="Speak real sentence pairs by synthetic voices, train on them, transcribe and translate.",
        formatter_class=HelpFormatter,
    )
    experiment.add_arguments(parser, out="runs/tatoeba", hearing_update=2000, max_update=3000, average=5)
    add = parser.add_argument
    add("--pairs", type=Path, required=True, help="table of English and German sentences, a tab between")
    add("--utterances", type=int, default=15000, help="training utterances")
    add("--dev-utterances", type=int, default=200, help="for choosing the checkpoint")
    add("--test-utterances", type=int, default=500, help="in each test set")
    add("--voices", type=experiment.names, default=[], help="train on these: a,b (default: all others)")
    add("--test-voices", type=experiment.names, default=",".join(sorted(corpus.TEST_VOICES)),
        help="never trained on, tested apart: a,b; '' = none")  # fmt: skip
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_to_the_end(main))
