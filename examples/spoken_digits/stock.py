"""The yardstick: fairseq as it is, without this package, learns the transcripts of the same digits.

``python -m examples.spoken_digits.stock --data runs/digits/data`` trains fairseq's own
``s2t_transformer`` on the features, the splits and the vocabulary of an existing run. It writes one
text where ours writes two; its size, its batches and what its loss takes from CTC are ours.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from examples import steps
from examples.help_formatter import HelpFormatter
from examples.report import print_scores
from examples.runner import Recipe, RecipeError, run_to_the_end, shown
from examples.stamps import fingerprint, write_json
from interactive_st.data import manifest
from interactive_st.data.folder import layout
from interactive_st.scoring.pairs_file import Pair, write_pairs

CONFIG = "config_st.yaml"
SAFE_LOADING = Path(__file__).parent / "safe_loading"
# what fairseq's speech_to_text reads; its tgt_text is the transcript here
COLUMNS = ("id", "audio", "n_frames", "tgt_text", "speaker")

TRAIN_OPTIONS = [
    "--arch", "s2t_transformer_xs",
    # the size of interactive_st_tiny
    "--encoder-layers", "4", "--decoder-layers", "2", "--conv-channels", "256",
    "--encoder-embed-dim", "192", "--encoder-ffn-embed-dim", "768", "--encoder-attention-heads", "4",
    "--decoder-embed-dim", "192", "--decoder-ffn-embed-dim", "768", "--decoder-attention-heads", "4",
    "--share-decoder-input-output-embed",
    "--criterion", "label_smoothed_cross_entropy_with_ctc",
    "--label-smoothing", "0.1", "--ctc-weight", "0.3",
    # and the course of training that run.py gives ours
    "--optimizer", "adam", "--adam-betas", "(0.9, 0.98)", "--clip-norm", "2",
    "--lr", "1e-3", "--lr-scheduler", "inverse_sqrt", "--warmup-updates", "400",
    "--conv-kernel-sizes", "5,5,5", "--max-tokens", "8000",
    "--dropout", "0.1", "--attention-dropout", "0", "--activation-dropout", "0",
    "--validate-interval", "1000", "--save-interval", "1000",
    "--validate-interval-updates", "500", "--save-interval-updates", "500",
    "--keep-interval-updates", "5", "--no-epoch-checkpoints", "--num-workers", "1",
]  # fmt: skip

GENERATE_OPTIONS = [
    "--beam", "5", "--max-tokens", "12000", "--max-len-b", "40", "--scoring", "sacrebleu",
    # fairseq drops the utterances that are left over when batches are multiples of eight
    "--required-batch-size-multiple", "1",
]  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    args = parse(argv)
    if len({folder.name for folder in args.tests}) < len(args.tests):
        raise RecipeError("--tests: two folders of the same name; rename one, their scores go by it")
    recipe = Recipe(args.out, threads=args.threads, seed=args.seed)
    data, splits = make_data(recipe, args.data, "data")
    tests = [(split, args.data, data, split) for split in splits if split.startswith("test")]
    for source in args.tests:
        folder, splits = make_data(recipe, source, f"data-{source.name}")
        tests += [(f"{source.name}-{split}", source, folder, split) for split in splits]
    task = ["--user-dir", str(SAFE_LOADING), "--task", "speech_to_text", "--config-yaml", CONFIG]
    options = [*TRAIN_OPTIONS, *args.train_options]
    train_seconds = steps.fairseq_train(
        recipe,
        data,
        args.out / "checkpoints",
        [*task, *options],
        [steps.training_files(data), steps.training_files(args.data), options, recipe.seed],
        max_update=args.max_update,
        max_minutes=args.max_minutes,
    )
    checkpoint = args.out / "checkpoints" / "checkpoint_best.pt"
    sets = {}
    options = [*task, *GENERATE_OPTIONS, *args.generate_options]
    for name, source, folder, split in tests:
        sets[name] = steps.score(recipe, generate(recipe, name, source, folder, split, checkpoint, options))
    report = {
        "train_seconds": round(train_seconds, 1),
        "checkpoint": str(checkpoint),
        "seed": recipe.seed,
        "threads": recipe.threads,
        "sets": sets,
        "commands": recipe.commands,
    }
    write_json(args.out / "report_stock.json", report)
    print_scores("stock fairseq", sets, ("wer",), f"training {train_seconds / 60:.1f} min")
    recipe.say(f"report: {args.out / 'report_stock.json'}")


def make_data(recipe: Recipe, source: Path, name: str) -> tuple[Path, list[str]]:
    """Make a folder that stock fairseq reads from one of ours; returns it and its splits.

    Its manifests have the transcripts as ``tgt_text``. The features stay where they are. Of the
    transforms of features those are kept that fairseq has itself.

    Raises ``RecipeError`` where the source is no data folder.
    """
    if not (source / layout.CONFIG).is_file():
        raise RecipeError(
            f"{source}: no {layout.CONFIG}; name a folder that `make digits` made, such as runs/digits/data"
        )
    manifests = sorted(path for path in source.glob("*.tsv") if path.name != layout.SKIPPED)
    folder = recipe.out / name

    def write() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path in manifests:
            write_manifest(path, folder / path.name)
        write_config(source, folder)

    recipe.commands.append(f"# {folder} = {source} for stock fairseq, the target being the transcript")
    made_from = [str(source.resolve()), fingerprint([*manifests, source / layout.CONFIG])]
    recipe.step(name, made_from, [folder], write)
    return folder, [path.stem for path in manifests]


def write_manifest(source: Path, target: Path) -> None:
    """Copy fairseq's columns of a manifest; rows without a transcript are left out."""
    rows = (row | {"tgt_text": row["src_text"]} for row in manifest.read_manifest(source) if row["src_text"])
    manifest.write_manifest(target, ({column: row[column] for column in COLUMNS} for row in rows), COLUMNS)


def write_config(source: Path, target: Path) -> None:
    """Write ``config_st.yaml``: that of the source as far as stock fairseq knows it, whole paths in it."""
    import yaml
    from fairseq.data.audio.feature_transforms import AUDIO_FEATURE_TRANSFORM_REGISTRY as known

    config = yaml.safe_load((source / layout.CONFIG).read_text("utf-8"))
    beside = source.resolve()
    transforms = {
        split: [name for name in names if name in known]
        for split, names in config["feature_transforms"].items()
    }
    tokenizer = dict(config["bpe_tokenizer"])
    tokenizer["sentencepiece_model"] = str(beside / tokenizer["sentencepiece_model"])
    stock = {
        "vocab_filename": str(beside / config["vocab_filename"]),
        "bpe_tokenizer": tokenizer,
        "audio_root": str(beside),
        "feature_transforms": transforms,
    }
    for key in ("input_feat_per_channel", "input_channels", "shuffle", "specaugment", "utterance_cmvn"):
        if key in config:
            stock[key] = config[key]
    (target / CONFIG).write_text(yaml.safe_dump(stock, sort_keys=False), encoding="utf-8")


def generate(
    recipe: Recipe,
    name: str,
    source: Path,
    folder: Path,
    split: str,
    checkpoint: Path,
    options: Sequence[str],
) -> Path:
    """``fairseq-generate``: decode a split; its transcripts become a file of pairs that can be scored.

    ``folder`` is what :func:`make_data` made of ``source``; the pairs are called ``name``.
    """
    output = recipe.out / "pairs" / f"{name}.jsonl"
    step = f"generate-{name}"
    arguments = [str(folder), "--gen-subset", split, "--path", str(checkpoint), *options]
    recipe.commands.append(shown("fairseq_cli.generate", arguments))

    def decode() -> None:
        texts: dict[int, str] = {}

        def read(line: str) -> None:
            if line.startswith("D-"):
                number, _, text = line.rstrip("\n").split("\t")
                texts[int(number.removeprefix("D-"))] = text

        recipe.command(step, "fairseq_cli.generate", arguments, read)
        rows = manifest.read_manifest(folder / f"{split}.tsv")
        if len(texts) != len(rows):
            raise RecipeError(f"{step}: {len(texts)} of {len(rows)} utterances were decoded; see its log")
        output.parent.mkdir(exist_ok=True)
        write_pairs(output, (make_pair(row, texts[number]) for number, row in enumerate(rows)))

    made_from = [list(options), fingerprint([checkpoint, source / f"{split}.tsv", source / f"{split}.zip"])]
    recipe.step(step, made_from, [output], decode)
    return output


def make_pair(row: dict[str, str], transcript: str) -> Pair:
    """A pair without a translation, to be scored as ours are."""
    return {
        "id": row["id"],
        "transcript": transcript,
        "translation": None,
        "reference_transcript": row["tgt_text"],
        "speaker": row["speaker"],
    }


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m examples.spoken_digits.stock",
        description="Train stock fairseq on the transcripts of the same digits, test and report.",
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument
    add("--data", type=Path, default=Path("runs/digits/data"), help="data folder that `make digits` made")
    add("--tests", type=Path, nargs="*", default=[], metavar="DIR",
        help="further test sets: data folders made by `interactive-st prepare --like`")  # fmt: skip
    add("--out", type=Path, default=Path("runs/digits/stock"), help="folder to fill, or to continue")
    add("--threads", type=int, default=2, help="CPU threads of each command")
    add("--seed", type=int, default=1, help="of training")
    add("--max-update", type=int, default=0, help="end of training in updates; 0 = no limit")
    add("--max-minutes", type=float, default=19.0, help="end of training in minutes; 0 = no limit")
    for tool in ("train", "generate"):
        add(f"--{tool}-options", type=shlex.split, default=[], metavar="TEXT",
            help=f"more options of fairseq-{tool}, as --{tool}-options='--one 1 --two'")  # fmt: skip
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_to_the_end(main))
