"""The steps that every example takes: make a corpus, prepare, train, average, generate, score.

Each step runs one command line tool of fairseq or of this package in a process of its own, exactly
as one would type it; the commands are kept for the report. A step whose output is complete and
whose inputs and options are unchanged is skipped, so a stopped run continues where it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from examples.progress import TrainingProgress
from examples.runner import ROOT, Recipe, RecipeError, shown
from examples.stamps import Stamp, digest, fingerprint, write_json
from interactive_st import checkpoint_averaging as averaging
from interactive_st.conventions import TASK
from interactive_st.data.folder.layout import CONFIG

USER_DIR = ROOT / "interactive_st"


def make_corpus(
    recipe: Recipe,
    splits: Mapping[str, Sequence[Any]],
    what: str,
    made_from: Any,
    write: Callable[[Path, Mapping[str, Path]], None],
) -> dict[str, Path]:
    """Fill the folder ``corpus`` of a run, unless that is done already; returns manifests by split.

    Args:
        splits: utterances by split.
        what: the folder holds and by which module, for the report.
        made_from: as of :meth:`Recipe.step`.
        write: is given the folder and the manifests to write.
    """
    folder = recipe.out / "corpus"
    manifests = {split: folder / f"{split}.tsv" for split in splits}
    counts = ", ".join(f"{len(utterances)} {split}" for split, utterances in splits.items())
    recipe.commands.append(f"# {folder} = {what}: {counts}")
    recipe.step("corpus", made_from, [folder], lambda: write(folder, manifests))
    return manifests


def prepare(
    recipe: Recipe, manifests: Mapping[str, Path], data: Path, options: Sequence[str]
) -> Path:
    """``interactive-st prepare``: manifests by split name → the data folder fairseq reads."""
    arguments = ["prepare", "--out", str(data), "--overwrite", "--workers", str(recipe.threads)]
    for split, path in manifests.items():
        arguments += ["--manifest", f"{split}={path}"]
    arguments += options
    recipe.commands.append(shown("interactive_st_cli", arguments))
    recipe.step(
        f"prepare-{data.name}",
        [sorted(manifests), list(options), fingerprint(manifests.values())],
        [data],
        lambda: recipe.command(f"prepare-{data.name}", "interactive_st_cli", arguments),
    )
    return data


def train(
    recipe: Recipe,
    data: Path,
    save_dir: Path,
    options: Sequence[str],
    *,
    max_update: int = 0,
    max_minutes: float = 0.0,
    uses: Sequence[Path] = (),
) -> float:
    """``fairseq-train`` of a speech model on the splits train and dev; returns its wall-clock seconds.

    ``uses`` are files named in the options on whose contents the result depends, such as a checkpoint
    to start from. Limits, seconds and what is raised are those of :func:`fairseq_train`.
    """
    words = [
        "--user-dir", str(USER_DIR), "--task", TASK, "--config-yaml", CONFIG, *options,
    ]  # fmt: skip
    made_from = [training_files(data), _without_places(options, uses), recipe.seed]
    if uses:
        made_from.append(fingerprint(uses))
    limits = {"max_update": max_update, "max_minutes": max_minutes}
    return fairseq_train(recipe, data, save_dir, words, made_from, **limits)


def fairseq_train(
    recipe: Recipe,
    data: Path,
    save_dir: Path,
    options: Sequence[str],
    made_from: Any,
    *,
    max_update: int = 0,
    max_minutes: float = 0.0,
) -> float:
    """``fairseq-train`` with any task on the splits train and dev; returns its wall-clock seconds.

    Training ends at ``max_update`` updates or after ``max_minutes`` of training, whichever comes
    first (0 = no such limit). Seconds are summed over resumed runs, start-up included. A higher
    limit continues a finished training; another ``made_from`` begins a new one, the old checkpoints
    being kept beside it in ``<save_dir>.1``, ``.2``, …

    Raises ``ValueError`` where no limit is given.
    """
    if not max_update and not max_minutes:
        raise ValueError("training needs an end: give max_update, max_minutes or both")
    name = f"train-{save_dir.name}"
    arguments = [
        str(data), "--train-subset", "train", "--valid-subset", "dev",
        "--save-dir", str(save_dir), "--seed", str(recipe.seed),
        "--log-format", "json", "--log-interval", "20", *options,
    ]  # fmt: skip
    if max_update:
        arguments += ["--max-update", str(max_update)]
    if max_minutes:
        arguments += ["--stop-time-hours", f"{max_minutes / 60:.6g}"]
    recipe.commands.append(shown("fairseq_cli.train", arguments))

    path = recipe.stamp_path(name)
    source = digest(made_from)
    limit = f"{max_update} updates, {max_minutes:g} minutes"
    stamp = Stamp.read(path)
    if stamp.made_from != source:
        _set_aside(recipe, save_dir)
        stamp = Stamp(made_from=source)
    recipe.seconds[name] = stamp.seconds
    last = save_dir / "checkpoint_last.pt"
    # killed behind its last update, which is saved, fairseq-train would do one more when it is called again
    if last.exists() and (stamp.made == limit or 0 < max_update <= averaging.updates_of(last)):
        stamp.made = limit
        stamp.write(path)
        recipe.say(f"{name}: done before")
        return stamp.seconds
    stamp.made = ""
    recipe.say(f"{name} (log: {recipe.out / 'logs' / name}.log) …")
    before, started = stamp.seconds, time.monotonic()

    def keep_time() -> None:
        stamp.seconds = before + time.monotonic() - started
        stamp.write(path)

    keep_time()
    try:
        with TrainingProgress(max_update, max_minutes * 60, before, keep_time) as progress:
            recipe.command(name, "fairseq_cli.train", arguments, progress.read)
        stamp.made = limit
    finally:
        keep_time()
        recipe.seconds[name] = stamp.seconds
    return stamp.seconds


def training_files(data: Path) -> list[list[str]]:
    """Fingerprint of what training reads of a data folder: all but the splits of tests, and but the texts
    in folders, which are for text models."""
    return fingerprint(
        path
        for path in sorted(data.iterdir())
        if path.is_file()
        and (path.suffix not in (".tsv", ".zip") or path.stem == "dev" or path.stem.startswith("train"))
    )


def average(recipe: Recipe, save_dir: Path, count: int) -> Path:
    """Average the newest ``count`` checkpoints of a training into ``checkpoint_average.pt``.

    After a training that was shorter than the interval of its checkpoints the last state is all there is.
    """
    last = save_dir / "checkpoint_last.pt"
    if last.exists() and not any(save_dir.glob("checkpoint_*_*.pt")):
        paths = [last]
    else:
        paths = averaging.newest_checkpoints(save_dir, count)
    output = save_dir / "checkpoint_average.pt"
    recipe.commands.append(
        f"# {output} = mean of {', '.join(path.name for path in paths)} "
        "(interactive_st.checkpoint_averaging)"
    )
    recipe.step(
        f"average-{save_dir.name}",
        fingerprint(paths),
        [output],
        lambda: averaging.save_checkpoint(averaging.average_checkpoints(paths), output),
    )
    return output


def generate(
    recipe: Recipe,
    data: Path,
    checkpoint: Path,
    subset: str,
    pairs_path: Path,
    options: Sequence[str],
    *,
    uses: Sequence[Path] = (),
) -> Path:
    """``fairseq-generate``: decode a split into a file of pairs; ``uses`` as of :func:`train`."""
    name = f"generate-{pairs_path.stem}"
    arguments = [
        str(data), "--user-dir", str(USER_DIR), "--task", TASK,
        "--config-yaml", CONFIG, "--gen-subset", subset, "--path", str(checkpoint),
        "--pairs-path", str(pairs_path), *options,
    ]  # fmt: skip
    recipe.commands.append(shown("fairseq_cli.generate", arguments))
    shared = [p for p in sorted(data.iterdir()) if p.is_file() and p.suffix not in (".tsv", ".zip")]
    files = [checkpoint, *uses, *shared, data / f"{subset}.tsv", data / f"{subset}.zip"]
    recipe.step(
        name,
        [_without_places(options, uses), fingerprint(files)],
        [pairs_path],
        lambda: recipe.command(name, "fairseq_cli.generate", arguments),
    )
    return pairs_path


def score(recipe: Recipe, pairs_path: Path, options: Sequence[str] = ()) -> dict[str, Any]:
    """``interactive-st score``: the scores of a file of pairs, whole and under ``speakers``."""
    arguments = ["score", str(pairs_path), "--json", "--per-speaker", *options]
    recipe.commands.append(shown("interactive_st_cli", arguments))
    name, output = f"score-{pairs_path.stem}", pairs_path.with_suffix(".scores.json")

    def write_scores() -> None:
        lines: list[str] = []
        recipe.command(name, "interactive_st_cli", arguments, lines.append)
        text = "".join(lines)
        try:  # warnings may come before the object
            scores = json.loads(text[text.index("{\n") :])
        except ValueError as error:
            raise RecipeError(f"{name}: no scores in its output:\n{text}") from error
        write_json(output, scores)

    recipe.step(name, [list(options), fingerprint([pairs_path])], [output], write_scores)
    return json.loads(output.read_text("utf-8"))


def _without_places(options: Sequence[str], uses: Sequence[Path]) -> list[str]:
    """The options, with files by their names: what is in them counts, and not where the run's folder is."""
    names = {str(path): path.name for path in uses}
    return [names.get(word, word) for word in options]


def _set_aside(recipe: Recipe, save_dir: Path) -> None:
    if not save_dir.exists() or not any(save_dir.iterdir()):
        return
    number = 1
    while (aside := save_dir.with_name(f"{save_dir.name}.{number}")).exists():
        number += 1
    save_dir.rename(aside)
    recipe.say(f"training data or options changed: the old checkpoints are now in {aside}")
