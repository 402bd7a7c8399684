"""Trains and tests the interactive model on spoken digits: `make digits FSDD=path/to/recordings`.

`python -m examples.spoken_digits.run --help` lists the options.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from examples import experiment, steps
from examples.help_formatter import HelpFormatter
from examples.progress import watched
from examples.runner import Recipe, RecipeError, run_to_the_end
from examples.spoken_digits import corpus
from examples.stamps import fingerprint
from interactive_st.data.manifest import write_manifest

TRAINING_TAKES = range(5, 50)

PREPARE_OPTIONS = [
    # two pieces a number: "zwei" + "undvierzig"; a larger vocabulary would hold whole
    # numbers, which share nothing with each other, a smaller one would spell them
    "--vocab-size", "128", "--vocab-type", "bpe",
    # the recordings hold nothing above 4 kHz
    "--sample-rate", "8000", "--num-mel-bins", "40",
    # pauses as deep as in the noisiest recordings, and masks no longer than a digit or two
    "--dynamic-range", "25", "--specaugment", "sm",
]  # fmt: skip

# more than in the other examples: of a voice never heard, the encoder alone knows most
CTC_SCORES = ["--decoding-ctc-weight", "0.5"]

TRAIN_OPTIONS = [
    *CTC_SCORES,
    # three convolutions: a frame every 80 ms is enough for words of 400 ms, and twice as fast
    "--conv-kernel-sizes", "5,5,5",
    "--lr", "1e-3", "--warmup-updates", "400",
    "--max-tokens", "8000",
    "--validate-interval-updates", "500", "--save-interval-updates", "500",
]  # fmt: skip

# ten digits are at most 20 pieces in either language
GENERATE_OPTIONS = [
    *CTC_SCORES,
    "--beam", "5", "--max-tokens", "12000", "--max-len-b", "40", "--scoring", "sacrebleu",
]  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    takes = corpus.list_takes(args.recordings)
    speakers = choose_speakers(takes, args.speakers, args.test_speakers)
    recipe = Recipe(args.out, threads=args.threads, seed=args.seed)
    manifests = make_corpus(recipe, plan_splits(takes, speakers, args))
    experiment.run(
        recipe,
        manifests,
        experiment.Options(PREPARE_OPTIONS, TRAIN_OPTIONS, GENERATE_OPTIONS),
        args,
        details={"speakers": speakers, "test_speakers": args.test_speakers},
        shown=("test", "test_unseen"),
    )


def make_corpus(recipe: Recipe, plan: Mapping[str, Sequence[corpus.Utterance]]) -> dict[str, Path]:
    """Write the utterances of each split and their manifests; returns manifests by split."""

    def write(folder: Path, manifests: Mapping[str, Path]) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        for split, utterances in plan.items():
            rows = corpus.write_audio(utterances, folder, f"audio/{split}", recipe.threads)
            write_manifest(manifests[split], watched(rows, split, len(utterances)))

    drawn = {split: [describe(u) for u in utterances] for split, utterances in plan.items()}
    used = sorted({take.path for group in plan.values() for u in group for take in u.takes})
    what = "utterances made by examples.spoken_digits.corpus"
    return steps.make_corpus(recipe, plan, what, [drawn, fingerprint(used)], write)


def plan_splits(
    takes: Sequence[corpus.Take], speakers: Sequence[str], args: argparse.Namespace
) -> dict[str, list[corpus.Utterance]]:
    """Draw what each split consists of: train, dev, test and, with unseen speakers, test_unseen.

    Training and dev use takes 5–49. With ``--dev-takes N`` the N last of them are dev's alone, else
    dev joins the same recordings in other combinations. Both test sets use takes 0–4.
    """
    last = len(TRAINING_TAKES) - args.dev_takes
    train_takes = corpus.select(takes, speakers, TRAINING_TAKES[:last])
    dev_takes = corpus.select(takes, speakers, TRAINING_TAKES[last:]) or train_takes
    plain = corpus.Shape()
    # pauses longer than those tested too: some speakers' recordings begin and end with silence
    perturbed = corpus.Shape(pause=(0.0, 0.4), perturb=args.perturb, noisy=args.noisy, short=True)
    train = corpus.draw(train_takes, "train", args.utterances, args.seed, perturbed)
    seen = frozenset(utterance.takes for utterance in train)
    plan = {
        "train": train,
        "dev": corpus.draw(dev_takes, "dev", args.dev_utterances, args.seed, plain, avoid=seen),
    }
    for split, names in (("test", speakers), ("test_unseen", args.test_speakers)):
        if names:
            found = corpus.select(takes, names, corpus.TEST_TAKES)
            plan[split] = corpus.draw(found, split, args.test_utterances, args.seed, plain)
    return plan


def describe(utterance: corpus.Utterance) -> dict[str, object]:
    """All that makes an utterance, but not the folder its recordings are in."""
    return vars(utterance) | {"takes": [take.path.name for take in utterance.takes]}


def choose_speakers(
    takes: Sequence[corpus.Take], wanted: Sequence[str], unseen: Sequence[str]
) -> list[str]:
    """The speakers to train on: those wanted, else all but the unseen ones.

    Raises ``RecipeError`` where a speaker does not exist, is on both sides, or none is left.
    """
    present = sorted({take.speaker for take in takes})
    unknown = sorted({*wanted, *unseen} - set(present))
    if unknown:
        raise RecipeError(
            f"no recordings of {', '.join(unknown)}; there are those of {', '.join(present)}"
        )
    both = sorted({*wanted} & {*unseen})
    if both:
        raise RecipeError(
            f"{', '.join(both)}: both in --speakers and in --test-speakers, but an unseen speaker "
            "is one never trained on; name each once"
        )
    chosen = list(wanted) or [name for name in present if name not in unseen]
    if not chosen:
        raise RecipeError("no speaker is left to train on; name fewer --test-speakers")
    return chosen


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.spoken_digits.run",
        description="Transcribe and translate spoken digits: corpus, training, test, report.",
        formatter_class=HelpFormatter,
    )
    experiment.add_arguments(parser, out="runs/digits", max_minutes=19.0)
    add = parser.add_argument
    add("--recordings", type=Path, required=True, help="folder of digit_speaker_take.wav files")
    add("--speakers", type=experiment.names, default=[], help="train on these: a,b (default: all others)")
    add("--test-speakers", type=experiment.names, default=[], help="never trained on, tested apart: a,b")
    add("--utterances", type=int, default=12000, help="training utterances")
    add("--dev-utterances", type=int, default=150, help="for choosing the checkpoint")
    add("--test-utterances", type=int, default=500, help="in each test set")
    add("--dev-takes", type=int, default=0, choices=range(0, 41), metavar="N",
        help="keep the N last training takes for dev alone")  # fmt: skip
    add("--perturb", type=float, default=0.2, help="share by which training speeds vary; 0 = none")
    add("--noisy", type=float, default=0.3, help="share of training utterances that get noise")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_to_the_end(main))
