"""Trains and tests the interactive model on a small world of its own making: `make demo`.

No data is needed: the sentences come from a grammar and the speech, which is synthetic, from
espeak-ng. `python -m examples.quickstart.run --help` lists the options.
"""

from __future__ import annotations

import argparse
import sys

from examples import experiment
from examples.help_formatter import HelpFormatter
from examples.quickstart import corpus, speech
from examples.quickstart.spoken import make_corpus
from examples.runner import Recipe, run_to_the_end

PREPARE_OPTIONS = [
    # nearly every word of this small world is one piece, which keeps the sequences short
    "--vocab-size", "500", "--vocab-type", "unigram",
    "--num-mel-bins", "40",
    # a floor under the features: with it 1,000 updates reach WER 0.8 %, without it 3.1 %
    "--dynamic-range", "30",
]  # fmt: skip

TRAIN_OPTIONS = [
    "--lr", "2e-3", "--warmup-updates", "200",
    "--max-tokens", "6000",
    "--validate-interval-updates", "200", "--save-interval-updates", "200",
]  # fmt: skip

# ten words are at most some 25 pieces in either language
GENERATE_OPTIONS = [
    "--beam", "5", "--max-tokens", "16000", "--max-len-b", "40", "--scoring", "sacrebleu",
]  # fmt: skip

ENOUGH = 800  # on the dev set BLEU is 7, 33, 58 and 74 after 200, 400, 600 and 800 updates

SYNTHETIC = (
    "The speech is synthetic (espeak-ng) and the sentences come from a small grammar: the scores "
    "show that everything works, not how well it does on people."
)


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    sizes = corpus.Sizes(
        args.sentences, args.dev_sentences, args.test_sentences, args.new_voice_sentences,
        args.voices_each,
    )  # fmt: skip
    splits = corpus.plan(sizes, args.seed)
    recipe = Recipe(args.out, threads=args.threads, seed=args.seed)
    recipe.say(SYNTHETIC)
    manifests = make_corpus(recipe, splits)
    experiment.run(
        recipe,
        manifests,
        experiment.Options(PREPARE_OPTIONS, TRAIN_OPTIONS, GENERATE_OPTIONS, enough=ENOUGH),
        args,
        details={
            "speech": SYNTHETIC,
            "speakers": [voice.name for voice in speech.TRAINING_VOICES],
            "new_voice": speech.HELD_OUT_VOICE.name,
        },
    )
    recipe.say(SYNTHETIC)


def parse(argv: list[str] | None) -> argparse.Namespace:
    sizes = corpus.Sizes()
    parser = argparse.ArgumentParser(
        prog="python -m examples.quickstart.run",
        description="Make a corpus of synthetic speech, train on it, transcribe and translate.",
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument
    experiment.add_arguments(parser, out="runs/demo", max_minutes=6.0)
    add("--sentences", type=int, default=sizes.train, help="different training sentences")
    add("--voices-each", type=int, default=sizes.voices_each, help="voices that say each of them")
    add("--dev-sentences", type=int, default=sizes.dev, help="for choosing the checkpoint")
    add("--test-sentences", type=int, default=sizes.test, help="unseen, by the training voices")
    add("--new-voice-sentences", type=int, default=sizes.new_voice,
        help="unseen, by a voice never trained on; 0 = none")  # fmt: skip
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_to_the_end(main))
