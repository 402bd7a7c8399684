"""How the examples train: in one step, or in two, of which the first teaches the encoder to hear."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from examples import steps
from examples.runner import Recipe, RecipeError

# In a few minutes CTC learns where the words are better than attention does: let both decide.
CTC_SCORES = ["--decoding-ctc-weight", "0.3"]
# What all trainings have in common; each example adds its own limits and sizes behind it.
LEARNING = [
    # both streams' cross entropies, and CTC on the encoder, which soon finds where the words are
    "--criterion", "joint_label_smoothed_cross_entropy",
    "--label-smoothing", "0.1",
    "--ctc-weight", "0.3",
    # so that the streams do not lean on each other's perfect prefixes, which decoding does not have
    "--prefix-corruption", "0.05",
    "--optimizer", "adam", "--adam-betas", "(0.9, 0.98)",
    # dropout costs time where the masks are as large as the attention weights
    "--dropout", "0.1", "--attention-dropout", "0", "--activation-dropout", "0",
    # by updates alone: epochs are short, and validating after each of them would cost minutes
    "--validate-interval", "1000", "--save-interval", "1000",
    "--keep-interval-updates", "5", "--no-epoch-checkpoints",
    "--num-workers", "1",
]  # fmt: skip

ONE_STEP = [
    "--arch", "interactive_st_tiny",
    # what the published scores of these examples were trained with; 1, the default, has not been tried there
    "--fusion-lambda", "0.3",
    *LEARNING,
    "--clip-norm", "2",
    "--lr-scheduler", "inverse_sqrt",
    # validation decodes, by the same scores as the tests
    "--eval-wer", "--eval-bleu", "--eval-bleu-args", '{"beam": 1, "max_len_b": 40}',
    "--best-checkpoint-metric", "bleu", "--maximize-best-checkpoint-metric",
    *CTC_SCORES,
]  # fmt: skip

HEARING = [
    "--arch", "asr_tiny",
    *LEARNING,
    "--ctc-weight", "1",
    "--clip-norm", "10",
    "--lr", "2e-3", "--lr-scheduler", "polynomial_decay", "--warmup-updates", "200",
]  # fmt: skip
WRITING = [
    "--arch", "interactive_st_tiny",
    *LEARNING,
    # two layers, as the size tiny has, are few for the words of two languages
    "--decoder-layers", "4",
    # CTC decides on most words of the transcript: its cross entropy need not be in the translation's way
    "--asr-weight", "0.2",
    "--clip-norm", "10",
    "--lr", "1e-3", "--lr-scheduler", "polynomial_decay", "--warmup-updates", "200",
]  # fmt: skip
_AVERAGED = 5  # checkpoints of the recogniser whose mean gives the encoder


def one_step(
    recipe: Recipe, data: Path, save_dir: Path, options: Sequence[str], args: argparse.Namespace
) -> float:
    """Train from nothing until the time is over, keeping the best checkpoint; returns seconds.

    Args:
        options: behind those that all have.
        args: ``max_update`` and ``max_minutes`` of ``experiment.add_arguments``.
    """
    limits = {"max_update": args.max_update, "max_minutes": args.max_minutes}
    return steps.train(recipe, data, save_dir, [*ONE_STEP, *options, *args.train_options], **limits)


def two_steps(
    recipe: Recipe,
    data: Path,
    save_dir: Path,
    options: Sequence[str],
    hearing: Sequence[str],
    args: argparse.Namespace,
) -> float:
    """Train a recogniser, then the model that begins with its encoder; returns the seconds of both.

    The encoder stays as it is while the decoder learns, which takes less than half of the time, and
    learns on in the last fifth of the updates. What it is good for: benchmarks/quality/README.md.

    Args:
        options: of both, behind those that all have.
        hearing: of the first, behind those of both.
        args: ``hearing_update``, ``max_update`` and ``max_minutes`` of ``experiment.add_arguments``.

    Raises:
        RecipeError: an end in updates is missing, which the learning rate falls towards.
    """
    if args.max_update < 1:
        raise RecipeError(
            f"--max-update {args.max_update}: the learning rate falls to 0 at the last update, so there has "
            "to be one; --max-minutes may end the training before it"
        )
    seconds, uses, start = 0.0, [], []
    if args.hearing_update:
        folder = save_dir.with_name("hearing")
        words = [*HEARING, *options, *hearing, *_until(args.hearing_update), *args.hearing_options]
        limits = {"max_update": args.hearing_update, "max_minutes": args.max_minutes}
        seconds += steps.train(recipe, data, folder, words, **limits)
        encoder = steps.average(recipe, folder, _AVERAGED)
        uses = [encoder]
        start = ["--load-pretrained-encoder-from", str(encoder)]
        start += ["--encoder-freezing-updates", str(args.max_update * 4 // 5)]
    words = [*WRITING, *options, *_until(args.max_update), *start, *args.train_options]
    limits = {"max_update": args.max_update, "max_minutes": args.max_minutes}
    return seconds + steps.train(recipe, data, save_dir, words, uses=uses, **limits)


def _until(updates: int) -> list[str]:
    return ["--total-num-update", str(updates)]
