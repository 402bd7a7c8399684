"""What there is to report of a run: gathered from its folder, or from files named one by one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interactive_st.conventions import FRAMES_PER_SECOND
from interactive_st.data.manifest import read_manifest
from interactive_st.errors import DataError
from interactive_st.file_names import unique_names
from interactive_st.plots.fairseq_log import LOGS, NoTraining, TrainingLog, read_log, read_run
from interactive_st.scoring.columns import check_scores
from interactive_st.scoring.corpus_scores import score_pairs
from interactive_st.scoring.metrics import Scores
from interactive_st.scoring.pairs_file import Pair, read_pairs

FRAMES_PER_HOUR = 3600 * FRAMES_PER_SECOND
#: What is read of a run beside its `LOGS`.
SUMMARY, PAIRS, CORPUS, DATA = "report.json", "pairs/*.jsonl", "corpus/*.tsv", "data/*.tsv"


@dataclass
class RunContents:
    """A run; every part may be lacking.

    ``pairs`` and ``scores`` are by test set; ``data`` by split: utterances and, where known, hours;
    ``manifests`` those that may say where recordings are; ``summary`` is report.json.
    """

    name: str
    logs: list[TrainingLog] = field(default_factory=list)
    pairs: dict[str, list[Pair]] = field(default_factory=dict)
    scores: dict[str, Scores] = field(default_factory=dict)
    data: dict[str, tuple[int, float | None]] = field(default_factory=dict)
    manifests: list[Path] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)


def files_of_run(run: Path) -> list[Path]:
    """The files of a run that `read_contents` may read."""
    return [path for pattern in (SUMMARY, *LOGS, PAIRS, CORPUS, DATA) for path in run.glob(pattern)]


def read_contents(
    run: Path,
    logs: Sequence[Path] = (),
    pairs: Mapping[str, Path] | None = None,
    manifests: Sequence[Path] = (),
) -> RunContents:
    """Read a run folder of the examples, or a folder of checkpoints with what is named beside it.

    Args:
        run: the folder; of its own ``report.json``, ``logs/*.log`` or ``*.log``, ``pairs/*.jsonl``,
            ``data/*.tsv`` and ``corpus/*.tsv`` those are read that exist.
        logs: files to read instead of the folder's logs.
        pairs: pairs files by the name of the test set, instead of the folder's.
        manifests: tables that say where recordings are, looked at before the folder's.

    Raises:
        DataError: nothing is there to report, or a file cannot be read; the message names it.
    """
    if not run.is_dir():
        raise DataError(f"{run}: no such folder; give a run of the examples, or a --save-dir with --log")
    for path in manifests:
        if not path.is_file():
            raise DataError(f"{path}: no such manifest; give a table with id and audio")
    contents = RunContents(run.resolve().name, manifests=list(manifests))
    contents.summary = _read_json(run / SUMMARY)
    _check_summary(contents.summary, run / SUMMARY)
    if logs:
        names = unique_names(logs, lambda path: path.stem)
        contents.logs = [read_log(path, name) for path, name in zip(logs, names, strict=True)]
    else:
        try:
            contents.logs = read_run(run)
        except NoTraining:
            contents.logs = []  # a run may have been decoded only
    files = pairs or {path.stem: path for path in sorted(run.glob(PAIRS))}
    contents.pairs = {name: read_pairs(path) for name, path in files.items()}
    known = _known_scores(contents.summary, run / SUMMARY) if pairs is None else {}
    contents.scores = {
        name: known.get(name) or score_pairs(own, per_speaker=True) for name, own in contents.pairs.items()
    }
    contents.scores |= {name: scores for name, scores in known.items() if name not in contents.scores}
    contents.data = _data(run, contents.logs)
    contents.manifests += [*sorted(run.glob(CORPUS)), *sorted(run.glob(DATA))]
    if not (contents.logs or contents.pairs or contents.summary):
        raise DataError(
            f"{run}: no {SUMMARY}, no log of a training, no {PAIRS} in it; name them with --log and --pairs"
        )
    return contents


def _data(run: Path, logs: Sequence[TrainingLog]) -> dict[str, tuple[int, float | None]]:
    """Utterances and hours by split: from the data folder, else from what fairseq logged of it."""
    found: dict[str, tuple[int, float | None]] = {}
    for path in sorted(run.glob(DATA)):
        rows = read_manifest(path)
        if rows and "n_frames" in rows[0]:
            found[path.stem] = (len(rows), sum(_frames(path, rows)) / FRAMES_PER_HOUR)
    for log in logs:
        for split, count in log.samples.items():
            found.setdefault(split, (count, None))
    order = {"train": 0, "dev": 1, "valid": 1}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], 2), item[0])))


def _check_summary(summary: Mapping[str, Any], path: Path) -> None:
    """Raise `DataError` for facts of another kind than pages show; scores are checked by `_known_scores`."""
    commands = summary.get("commands") or []
    fits = {
        "train_seconds": isinstance(summary.get("train_seconds") or 0, int | float),
        "commands": isinstance(commands, list) and all(isinstance(each, str) for each in commands),
        "versions": isinstance(summary.get("versions") or {}, dict),
    }
    for name, is_so in fits.items():
        if not is_so:
            raise DataError(f"{path}: {name} is {summary[name]!r}; remove the file, or run the example again")


def _known_scores(summary: Mapping[str, Any], path: Path) -> dict[str, Scores]:
    sets = summary.get("sets", {})
    if not isinstance(sets, dict):
        raise DataError(f"{path}: sets is {sets!r}, where test sets and their scores are needed")
    for name, scores in sets.items():
        check_scores(scores, f"{path}: {name}")
    return sets


def _frames(path: Path, rows: Sequence[Mapping[str, str]]) -> Iterator[int]:
    for line, row in enumerate(rows, start=2):
        if not row["n_frames"].isdecimal():
            raise DataError(f"{path}:{line}: n_frames is {row['n_frames']!r}, where a whole number is needed")
        yield int(row["n_frames"])


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}); remove it, or run the example again") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: a JSON object is needed, found {type(content).__name__}")
    return content
