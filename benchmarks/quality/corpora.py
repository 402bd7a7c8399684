"""The corpora of the comparison: made and prepared once by their recipes, then shared by all runs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.quality.runs import TEXT_SPLIT, DataSet, RunError
from examples import steps
from examples.runner import Recipe
from examples.stamps import digest, fingerprint, write_json

FOLDER = "data"  # of all data sets, below --out
_SUMMARY = "prepared.json"


@dataclass(frozen=True)
class Prepared:
    """A data folder that fairseq reads, its test splits, and a hash of all its files."""

    folder: Path
    tests: tuple[str, ...]
    digest: str


def make_spoken_digits(recipe: Recipe, source: Path, words: list[str]) -> dict[str, Path]:
    """The manifests of :mod:`examples.spoken_digits`, by split; ``words`` are its options."""
    from examples.spoken_digits import corpus, run

    args = run.parse(["--recordings", str(source), "--seed", str(recipe.seed), *words])
    takes = corpus.list_takes(args.recordings)
    speakers = run.choose_speakers(takes, args.speakers, args.test_speakers)
    return run.make_corpus(recipe, run.plan_splits(takes, speakers, args))


def make_an4(recipe: Recipe, source: Path, words: list[str]) -> dict[str, Path]:
    """The manifests of :mod:`examples.an4`, by split; ``words`` are its options."""
    from examples.an4 import run

    args = run.parse(["--an4", str(source), "--seed", str(recipe.seed), *words])
    return run.make_corpus(recipe, run.plan_splits(args))


def make_spoken_tatoeba(recipe: Recipe, source: Path, words: list[str]) -> dict[str, Path]:
    """The manifests of :mod:`examples.spoken_tatoeba`, by split; ``words`` are its options."""
    from examples.quickstart.spoken import make_corpus
    from examples.spoken_tatoeba import run

    args = run.parse(["--pairs", str(source), "--seed", str(recipe.seed), *words])
    return make_corpus(recipe, run.plan_splits(args))


Maker = Callable[[Recipe, Path, list[str]], dict[str, Path]]
MAKERS: dict[str, Maker] = {
    "spoken_digits": make_spoken_digits,
    "an4": make_an4,
    "spoken_tatoeba": make_spoken_tatoeba,
}


def prepare(data: DataSet, source: Path, out: Path, threads: int) -> Prepared:
    """Make the corpus from ``source`` and the data folder from it, unless both are there already.

    Raises:
        RunError: the data set's recipe is unknown, or makes no test set.
        RecipeError, OSError, ValueError: a step failed.
    """
    if data.recipe not in MAKERS:
        raise RunError(f"{data.name}: no recipe {data.recipe!r}; there are {', '.join(MAKERS)}")
    with Recipe(out / FOLDER / data.name, threads=threads) as recipe:
        manifests = MAKERS[data.recipe](recipe, source, list(data.corpus))
        tests = tuple(split for split in manifests if split.startswith("test"))
        if not tests:
            raise RunError(f"{data.name}: its recipe makes no split whose name begins with test")
        folder = steps.prepare(recipe, manifests, recipe.out / "data", list(data.prepare))
        prepared = Prepared(folder, tests, digest(fingerprint([folder])))
        summary = {"tests": tests, "digest": prepared.digest}
        write_json(
            recipe.out / _SUMMARY, summary | {"commands": recipe.commands, "seconds": recipe.seconds}
        )
    return prepared


def with_text(folder: Path, split: str) -> Path:
    """A data folder beside ``folder`` with the same files and the texts of ``split`` as a split of its own.

    Runs that go on at the same time may make the same one.

    Raises:
        DataError, OSError: it cannot be made.
    """
    from interactive_st.data.manifest import read_manifest, write_manifest

    made = folder.with_name(f"{folder.name}_text_of_{split}")
    made.mkdir(exist_ok=True)
    for path in folder.iterdir():
        _link(made / path.name, path.resolve())
    rows = read_manifest(folder / f"{split}.tsv")
    write_manifest(made / f"{TEXT_SPLIT}.tsv", (row | {"audio": "", "n_frames": 0} for row in rows))
    return made


def _link(link: Path, target: Path) -> None:
    """Let ``link`` point to ``target`` at every moment, whoever else does the same."""
    if link.is_symlink() and link.readlink() == target:
        return
    unfinished = link.parent.with_name(f".{link.name}.{os.getpid()}")  # where no training looks for data
    unfinished.unlink(missing_ok=True)
    unfinished.symlink_to(target)
    os.replace(unfinished, link)


def commands(data: DataSet, out: Path) -> list[str]:
    """What made a data set, as one would type it; nothing where it was not made yet."""
    try:
        summary = json.loads((out / FOLDER / data.name / _SUMMARY).read_text("utf-8"))
    except FileNotFoundError:
        return []
    return summary["commands"]
