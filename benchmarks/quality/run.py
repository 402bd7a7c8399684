"""One run: trains its model, decodes the test sets and scores them; what is done is not done again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.quality.corpora import Prepared, with_text
from benchmarks.quality.reports import REPORT, read_report
from benchmarks.quality.runs import ROLES, Run, RunError
from examples import steps
from examples.report import versions
from examples.runner import Recipe
from examples.stamps import fingerprint, write_json
from interactive_st.checkpoint_averaging import average_checkpoints, save_checkpoint, updates_of

_CHECKPOINTS = "checkpoints"


def execute(run: Run, out: Path, prepared: Prepared, threads: int) -> dict[str, Any]:
    """Do a run whose needs are done, from where it was stopped, and return its report.

    Raises:
        RecipeError, OSError, ValueError: a step failed.
    """
    with Recipe(run.folder(out), threads=threads, seed=run.seed) as recipe:
        return _execute(run, recipe, out, prepared)


def checkpoint_of(run: Run, out: Path) -> Path:
    """What the run decodes with, its own or that of the run whose model it takes."""
    if "model_of" in run.needs:
        return checkpoint_of(run.needs["model_of"], out)
    return run.folder(out) / _CHECKPOINTS / "checkpoint_average.pt"


def _execute(run: Run, recipe: Recipe, out: Path, prepared: Prepared) -> dict[str, Any]:
    from benchmarks import timing
    from benchmarks.quality.counts import count_pairs, pack
    from interactive_st.scoring.pairs_file import read_pairs

    for need in run.needs.values():
        if read_report(need, out, prepared) is None:
            raise RunError(f"{need.name}: not done, but {run.name} needs it; run it first")
    train_seconds = _train(run, recipe, out, prepared)
    checkpoint = speech = checkpoint_of(run, out)
    uses, words = [], run.decode_words()
    if run.variant.system == "pipeline":
        speech, uses = checkpoint_of(run.needs["recogniser"], out), [checkpoint]
        words += ["--mt-path", str(checkpoint)]
    sets, counts = {}, {}
    for split in prepared.tests:
        pairs = recipe.out / "pairs" / f"{split}.jsonl"
        pairs.parent.mkdir(exist_ok=True)
        steps.generate(recipe, prepared.folder, speech, split, pairs, words, uses=uses)
        sets[split] = steps.score(recipe, pairs)
        counts[split] = {name: pack(found) for name, found in count_pairs(read_pairs(pairs)).items()}
    report = {
        "run": run.name,
        "definition": run.definition(),
        "data_digest": prepared.digest,
        "seed": run.seed,
        "updates": _updates_done(recipe) if run.train_words() else 0,
        "train_seconds": round(train_seconds, 1),
        "total_seconds": round(recipe.total_seconds, 1),
        "step_seconds": {name: round(value, 1) for name, value in recipe.seconds.items()},
        "checkpoint": str(checkpoint),
        "sets": sets,
        "counts": counts,
        "commands": recipe.commands,
        "versions": versions(),
        "machine": timing.describe_machine(timing.fairseq_device(), recipe.threads),
    }
    _thin(recipe.out / _CHECKPOINTS)
    write_json(recipe.out / REPORT, report)
    return report


def _train(run: Run, recipe: Recipe, out: Path, prepared: Prepared) -> float:
    """Make the run's own checkpoint, if it has one; returns the seconds of training."""
    if "model_of" in run.needs:
        return 0.0
    save_dir, words = recipe.out / _CHECKPOINTS, run.train_words()
    limits = {"max_update": run.updates, "max_minutes": run.data.max_minutes}
    if run.variant.system == "pipeline":
        seconds = _train_text(recipe, prepared.folder, save_dir, words, limits)
    else:
        starts = {
            option: checkpoint_of(run.needs[role], out)
            for role, option in ROLES.items()
            if option and role in run.needs
        }
        words += [word for option, path in starts.items() for word in (option, str(path))]
        uses = list(starts.values())
        text_of = run.variant.text_of
        folder = with_text(prepared.folder, text_of) if text_of else prepared.folder
        seconds = steps.train(recipe, folder, save_dir, words, uses=uses, **limits)
    steps.average(recipe, save_dir, run.data.average)
    return seconds


def _train_text(
    recipe: Recipe, data: Path, save_dir: Path, words: list[str], limits: Mapping[str, float]
) -> float:
    """Train a pipeline's text model on the texts of the same data."""
    from interactive_st.data.folder.layout import MT_FOLDER

    folder = data / MT_FOLDER
    pairs = {path.name.split(".")[1] for path in folder.glob("train.*-*.*")}
    if len(pairs) != 1:
        raise RunError(
            f"{folder}: a text model needs the texts of one language pair, and there are those of "
            f"{', '.join(sorted(pairs)) or 'none'}; leave the pipeline out of the list"
        )
    pair = pairs.pop()
    languages = {path.suffix.removeprefix(".") for path in folder.glob(f"train.{pair}.*")}
    # such as en and pt-BR of en-pt-BR
    source, target = next((a, b) for a in languages for b in languages if f"{a}-{b}" == pair)
    task = [
        "--user-dir", str(steps.USER_DIR), "--task", "translation", "--dataset-impl", "raw",
        "--source-lang", source, "--target-lang", target,
    ]  # fmt: skip
    made_from = [fingerprint([folder]), words, recipe.seed]
    return steps.fairseq_train(recipe, folder, save_dir, [*task, *words], made_from, **limits)


def _updates_done(recipe: Recipe) -> int | None:
    """Updates of the whole training, fewer than the budget where time ended it; None where its last
    checkpoint does not say."""
    return updates_of(recipe.out / _CHECKPOINTS / "checkpoint_last.pt") or None


def _thin(save_dir: Path) -> None:
    """Remove what only a training that still runs needs: the checkpoints that were averaged keep their
    weights, the last one keeps all, so that a higher limit can continue."""
    (save_dir / "checkpoint_best.pt").unlink(missing_ok=True)
    for path in save_dir.glob("checkpoint_*_*.pt"):
        save_checkpoint(average_checkpoints([path]), path)
