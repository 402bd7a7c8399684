"""Writes the results: quality.json, and quality.md to be read."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.console import markdown_table
from benchmarks.quality.reports import OF_A_RUN, RESULTS_FILE, Reports
from benchmarks.quality.run_list import RunList
from benchmarks.quality.runs import SCORES, Run, Variant, effective
from benchmarks.quality.summary import Cell, Table
from interactive_st.scoring.columns import COLUMNS
from interactive_st.writing import write_whole

NONE = "–"


def write_results(
    folder: Path,
    tables: Sequence[Table],
    runs: RunList,
    reports: Reports,
    settings: Mapping[str, Any],
    pictures: Sequence[str],
) -> None:
    """Write both files; ``settings`` say where, when and by which command, ``pictures`` are file names.

    The reports of all runs are kept, also those that no table shows, or that are not in the list any more.
    """
    done = _done(runs, reports)
    other_data, other_runs = reports.others(runs.data, _listed(runs))
    of_others = {run["run"].partition("/")[0] for run in other_runs}
    names = [name for name in runs.data if name in of_others or any(run.data.name == name for run, _ in done)]
    content = {
        "settings": dict(settings),
        "data": {name: _data_json(runs, name, reports) for name in names} | other_data,
        "tables": [_table_json(table) for table in tables],
        "runs": [*(_run_json(run, report) for run, report in done), *other_runs],
    }
    write_whole(folder / RESULTS_FILE, _json(content))
    write_whole(folder / "quality.md", _markdown(tables, content, pictures))


def _json(content: Mapping[str, Any]) -> str:
    """JSON with a line for each table and each run: small, and a new run changes no other line."""
    parts = []
    for name, value in content.items():
        if isinstance(value, list):
            lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in value)
            parts.append(f"{json.dumps(name)}: [\n{lines}\n]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False, indent=1)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _listed(runs: RunList) -> dict[str, Run]:
    return {need.name: need for run in runs.runs(runs.groups) for need in run.with_needs()}


def _done(runs: RunList, reports: Reports) -> list[tuple[Run, dict[str, Any]]]:
    return [(run, report) for run in _listed(runs).values() if (report := reports.read(run))]


def _data_json(runs: RunList, name: str, reports: Reports) -> dict[str, Any]:
    data = runs.data[name]
    return {
        "source": data.source,
        **data.description(),
        "updates": data.updates,
        "max_minutes": data.max_minutes,
        "average": data.average,
        "size": data.size,
        "train": shlex.join(data.train),
        "train_text": shlex.join(data.train_text),
        "decode": shlex.join(data.decode),
        "decode_transcripts": shlex.join(data.decode_transcripts),
        "commands": reports.data_commands(data),
    }


def _run_json(run: Run, report: Mapping[str, Any]) -> dict[str, Any]:
    sets = {
        name: {key: value for key, value in scores.items() if key != "speakers"}
        for name, scores in report["sets"].items()
    }
    return {"run": run.name, **{key: report[key] for key in OF_A_RUN}, "sets": sets}


def _table_json(table: Table) -> dict[str, Any]:
    rows = []
    for row in table.rows:
        scores = {
            name: {
                "mean": cell.mean,
                "sd": cell.deviation,
                "seeds": cell.values,
                "p": cell.p,
                "reference_better": cell.reference_better,
            }
            for name, cell in row.scores.items()
        }
        names = {"value": row.value, "variant": row.variant.name}
        rows.append(names | {"train_seconds": row.train_seconds} | scores)
    return {
        "group": table.group.name,
        "parameter": table.group.parameter,
        "data": table.data.name,
        "test": table.test,
        "runs_wanted": table.wanted,
        "signatures": table.signatures,
        "rows": rows,
    }


def _markdown(tables: Sequence[Table], content: Mapping[str, Any], pictures: Sequence[str]) -> str:
    settings = content["settings"]
    parts = [
        "# Quality under equal conditions",
        f"Written by `{settings['command']}` on {settings['date']} at commit {settings['commit']}: "
        f"{settings['cpu']}, {settings['cores']} cores, {settings['device']}, Python {settings['python']}, "
        f"torch {settings['torch']}. All numbers, and commands, seconds, machine, date, commit of every run "
        f"are in `quality.json`.",
        f"Scores are mean ± standard deviation (n − 1) over seeds. p: probability of as large a difference "
        f"from the named row by chance, by paired bootstrap resampling ({settings['resamples']} resamples, "
        f"sacrebleu's code, one-sided) of the test utterances, all seeds of an utterance together; smaller "
        f"than 0.05 in bold. It is about the models as they were trained, and says nothing of how much "
        f"trainings differ; in brackets, with how many of the seeds the named row is better. The pipeline's "
        f"transcripts are its recogniser's; its training time includes that one's, and so for models "
        f"that begin with all of another one.",
    ]
    for name, group in {table.group.name: table.group for table in tables}.items():
        parts.append(f"## {group.title}")
        if f"{name}.png" in pictures:
            parts.append(f"![{group.title}]({name}.png)")
        own = [table for table in tables if table.group.name == name]
        parts += [_variants(own), *map(_table_markdown, own)]
    parts.append("## Conditions")
    parts += [_conditions(name, data) for name, data in content["data"].items()]
    return "\n\n".join(parts) + "\n"


def _variants(tables: Sequence[Table]) -> str:
    """What p is about, and what the rows of a group have of options beside those of all."""
    rows = {row.value: row.variant for table in tables for row in table.rows}
    options = [
        f"{value}: {_learns_from(variant)}`{shlex.join(effective([*variant.train, *variant.decode]))}`"
        for value, variant in rows.items()
        if variant.train or variant.decode
    ]
    against = f"p: against `{tables[0].group.reference}`."
    return f"{against} Options: {'; '.join(options)}." if options else against


def _learns_from(variant: Variant) -> str:
    begins = f"begins with all of {variant.model_from}, " if variant.model_from else ""
    return begins + (f"the texts of {variant.text_of} once more, " if variant.text_of else "")


def _table_markdown(table: Table) -> str:
    head = [table.group.parameter or "system"]
    for score in SCORES:
        head += [COLUMNS[score], "p"]
    head += ["seeds", "training, min"]
    rows = []
    for row in table.rows:
        cells = [row.value]
        for score in SCORES:
            cells += [_mean(row.scores[score]), _p(row.scores[score])]
        minutes = [seconds / 60 for seconds in row.train_seconds]
        time = f"{sum(minutes) / len(minutes):.1f}" if minutes else NONE
        rows.append([*cells, str(len(row.seeds)), time])
    done = sum(len(row.seeds) for row in table.rows)
    note = "" if done == table.wanted else f" ({done} of {table.wanted} runs done)"
    signatures = "; ".join(f"{name.replace('_', ' ')} {text}" for name, text in table.signatures.items())
    title = f"**{table.data.name}, {table.test}**{note}"
    return "\n\n".join([title, markdown_table(head, rows), f"<sub>{signatures}</sub>"])


def _mean(cell: Cell) -> str:
    if cell.mean is None:
        return NONE
    spread = "" if cell.deviation is None else f" ± {cell.deviation:.2f}"
    return f"{cell.mean:.2f}{spread}"


def _p(cell: Cell) -> str:
    if cell.p is None:
        return NONE
    text = f"**{cell.p:.3f}**" if cell.p < 0.05 else f"{cell.p:.3f}"
    better, seeds = cell.reference_better
    return f"{text} ({better}/{seeds})" if seeds > 1 else text


def _conditions(name: str, data: Mapping[str, Any]) -> str:
    limit = f", at most {data['max_minutes']:g} minutes" if data["max_minutes"] else ""
    texts = (shlex.join(data[key]) for key in ("corpus", "prepare"))
    words = [
        f"**{name}** ({data['source']}). Every model: size `{data['size']}`, {data['updates']} "
        f"updates{limit}, mean of the {data['average']} newest checkpoints.",
        "- data: " + ", ".join(f"`{text}`" for text in texts if text),
    ]
    for title, key in (
        ("training of speech models", "train"),
        ("training of the pipeline's text model", "train_text"),
        ("decoding", "decode"),
        ("decoding of those that write transcripts, too", "decode_transcripts"),
    ):
        if data[key]:
            words.append(f"- {title}: `{data[key]}`")
    return "\n".join([words[0], "", *words[1:]])
