"""Trains and tests the interactive model on a small world of its own making: `make demo`.

No data is needed: the sentences come from a grammar and the speech, which is synthetic, from
espeak-ng. `python -m examples.quickstart.run --help` lists the options.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from examples import recipe as steps
from examples.quickstart import corpus, speech
from examples.report import show_pairs, show_scores, write_report
from examples.runner import Recipe, RecipeError, run_to_the_end

PREPARE_OPTIONS = [
    # nearly every word of this small world is one piece, which keeps the sequences short
    "--vocab-size", "500", "--vocab-type", "unigram",
    "--num-mel-bins", "40",
]  # fmt: skip

TRAIN_OPTIONS = [
    "--arch", "interactive_st_tiny",
    # both streams' cross entropies, and CTC on the encoder, which soon finds where the words are
    "--criterion", "joint_label_smoothed_cross_entropy",
    "--label-smoothing", "0.1",
    "--ctc-weight", "0.3",
    # without it the streams lean on each other's perfect prefixes, which decoding does not have
    "--prefix-corruption", "0.15",
    "--optimizer", "adam", "--adam-betas", "(0.9, 0.98)", "--clip-norm", "10",
    "--lr", "2e-3", "--lr-scheduler", "inverse_sqrt", "--warmup-updates", "300",
    "--dropout", "0.1",
    "--max-tokens", "8000",
    "--num-workers", "1",
    "--validate-interval-updates", "200", "--save-interval-updates", "200",
    "--keep-interval-updates", "5", "--no-epoch-checkpoints",
    "--best-checkpoint-metric", "loss",
]  # fmt: skip

# ten words are at most some 25 pieces in either language
GENERATE_OPTIONS = [
    "--beam", "5", "--max-tokens", "16000", "--max-len-b", "40", "--scoring", "sacrebleu",
]  # fmt: skip

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
    data = steps.prepare(recipe, manifests, args.out / "data", [*PREPARE_OPTIONS, *args.prepare_options])
    save_dir = args.out / "checkpoints"
    train_seconds = steps.train(
        recipe,
        data,
        save_dir,
        [*TRAIN_OPTIONS, *args.train_options],
        max_update=args.max_update,
        max_minutes=args.max_minutes,
    )
    checkpoint = save_dir / "checkpoint_best.pt"
    if args.average:
        checkpoint = steps.average(recipe, save_dir, args.average)
    options = [*GENERATE_OPTIONS, *args.generate_options]
    scores, pairs = {}, {}
    for split in (name for name in manifests if name.startswith("test")):
        path = args.out / "pairs" / f"{split}.jsonl"
        path.parent.mkdir(exist_ok=True)
        pairs[split] = steps.generate(recipe, data, checkpoint, split, path, options)
        scores[split] = steps.score(recipe, path)
    report = write_report(
        args.out / "report.json",
        recipe,
        checkpoint=checkpoint,
        train_seconds=train_seconds,
        sets=scores,
        main_set="test",
        details={
            "speech": SYNTHETIC,
            "speakers": [voice.name for voice in speech.TRAINING_VOICES],
            "new_voice": speech.HELD_OUT_VOICE.name,
        },
    )
    show_pairs(pairs["test"])
    show_scores(report)
    recipe.say(SYNTHETIC)
    recipe.say(f"report: {args.out / 'report.json'}")


def make_corpus(recipe: Recipe, splits: Mapping[str, Sequence[corpus.Utterance]]) -> dict[str, Path]:
    """Speak the utterances of each split and write its manifest; returns manifests by split."""
    folder = recipe.out / "corpus"
    audio = folder / "audio"
    manifests = {split: folder / f"{split}.tsv" for split in splits}

    def write() -> None:
        from tqdm import tqdm

        from interactive_st.data.manifest import write_manifest

        utterances = [utterance for group in splits.values() for utterance in group]
        corpus.remove_others(audio, utterances)
        pause = 0.5 if sys.stderr.isatty() else 30.0  # seconds; a log should not fill with bars
        try:
            spoken = corpus.write_audio(utterances, audio, recipe.threads)
            for _ in tqdm(spoken, "speaking", len(utterances), unit="utt", mininterval=pause):
                pass
        except speech.SpeechError as error:
            raise RecipeError(str(error)) from error
        for split, group in splits.items():
            write_manifest(manifests[split], [utterance.row(audio.name) for utterance in group])

    recipe.commands.append(
        f"# {folder} = sentences and speech made by examples.quickstart.corpus: "
        + ", ".join(f"{len(utterances)} {split}" for split, utterances in splits.items())
    )
    recipe.step("corpus", corpus.describe(splits), [folder], write)
    return manifests


def parse(argv: list[str] | None) -> argparse.Namespace:
    sizes = corpus.Sizes()
    parser = argparse.ArgumentParser(
        prog="python -m examples.quickstart.run",
        description="Make a corpus of synthetic speech, train on it, transcribe and translate.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/demo"), help="folder to fill, or to continue")
    add("--threads", type=int, default=2, help="CPU threads of each command")
    add("--seed", type=int, default=1, help="of the sentences and of training")
    add("--sentences", type=int, default=sizes.train, help="different training sentences")
    add("--voices-each", type=int, default=sizes.voices_each, help="voices that say each of them")
    add("--dev-sentences", type=int, default=sizes.dev, help="for choosing the checkpoint")
    add("--test-sentences", type=int, default=sizes.test, help="unseen, by the training voices")
    add("--new-voice-sentences", type=int, default=sizes.new_voice,
        help="unseen, by a voice never trained on; 0 = none")  # fmt: skip
    add("--max-update", type=int, default=0, help="end of training in updates; 0 = no limit")
    add("--max-minutes", type=float, default=6.5, help="end of training in minutes; 0 = no limit")
    add("--average", type=int, default=0, metavar="N", help="decode with the mean of the N newest")
    for tool in ("prepare", "train", "generate"):
        add(f"--{tool}-options", type=shlex.split, default=[], metavar="TEXT",
            help=f"more options for it, as --{tool}-options='--one 1 --two'")  # fmt: skip
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_to_the_end(main))
