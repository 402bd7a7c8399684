"""The report of a run: one page with everything in it."""

from collections.abc import Iterable, Sequence
from typing import Any

from interactive_st.conventions import STREAM_NAMES
from interactive_st.plots.fairseq_log import TrainingLog
from interactive_st.plots.style import PlotError
from interactive_st.report.audio_clips import Recordings
from interactive_st.report.curves import curves_html
from interactive_st.report.html import article, codes, escape, facts, folded, line, page, table, text_or_dash
from interactive_st.report.run_contents import RunContents
from interactive_st.report.word_diff import HTML_LEGEND, compare, to_html
from interactive_st.scoring.columns import COLUMNS, all_signatures, cells, number
from interactive_st.scoring.metrics import METRICS, Scores
from interactive_st.scoring.pairs_file import LANGUAGE_KEYS, Pair
from interactive_st.wording import counted

#: Options that tell what a model is and how it was trained: how they are called in the page.
OPTIONS = {
    "arch": "architecture", "wait_k": "wait-k", "fusion": "fusion", "fusion_lambda": "λ",
    "learn_fusion_lambda": "λ learned", "cross_attention_positions": "positions of the speech",
    "search": "search", "criterion": "criterion",
    "asr_weight": "weight, transcript", "st_weight": "weight, translation",
    "ctc_weight": "weight, CTC", "label_smoothing": "label smoothing",
    "prefix_corruption": "prefix corruption", "dropout": "dropout", "optimizer": "optimiser",
    "lr": "learning rate", "lr_scheduler": "schedule", "warmup_updates": "warm-up (updates)",
    "max_tokens": "batch (frames)", "update_freq": "batches an update",
    "clip_norm": "gradient norm", "max_update": "end (updates)", "stop_time_hours": "end (hours)",
    "encoder_layers": "encoder layers", "decoder_layers": "decoder layers",
    "encoder_embed_dim": "dimension", "encoder_ffn_embed_dim": "dimension, feed-forward",
    "encoder_attention_heads": "heads", "front_end": "front end", "seed": "seed",
}  # fmt: skip
#: Options that are off, or set no limit, when they are 0: then there is nothing to say of them.
OFF_AT_ZERO = (
    "learn_fusion_lambda", "cross_attention_positions", "max_update", "stop_time_hours", "prefix_corruption",
    "clip_norm",
)  # fmt: skip
#: Metrics of validation: what they are called, and whether the largest value is the best.
BEST = {"loss": ("loss", False)} | {
    name: (METRICS[name].title, METRICS[name].higher_is_better) for name in ("wer", "bleu")
}


def build_page(
    contents: RunContents,
    title: str,
    *,
    examples: int = 12,
    choose: str = "spread",
    clip_seconds: float = 15.0,
) -> tuple[str, list[str]]:
    """Return the HTML of a run's report, and notes on what is lacking in it.

    Args:
        contents: what is reported.
        title: of the page.
        examples: utterances shown of each test set.
        choose: ``spread`` evenly over the set, or those with the most errors (``worst``).
        clip_seconds: longest recording in a player.
    """
    notes: list[str] = []
    parts = [_header(contents, title), _scores(contents)]
    if contents.logs:
        parts.append(f"<h2>Curves</h2>{_curves(contents.logs, notes)}")
    parts.append(_examples(contents, examples, choose, clip_seconds, notes))
    parts += [_training(log, len(contents.logs) > 1) for log in contents.logs]
    parts += [_data(contents), _commands(contents), _versions(contents)]
    return page(title, "\n".join(part for part in parts if part)), notes


def _header(contents: RunContents, title: str) -> str:
    said = []
    for log in contents.logs:
        options = log.options
        what = options.get("arch") or "training"
        size = f", {log.parameters / 1e6:.1f}M parameters" if log.parameters else ""
        said.append(f"{what}{size}, {counted(log.last_update, 'update', ',')}")
    if seconds := contents.summary.get("train_seconds"):
        threads = contents.summary.get("threads")
        said.append(f"trained for {seconds / 60:.1f} min" + (f", threads: {threads}" if threads else ""))
    return f'<h1>{escape(title)}</h1><p class="soft">{escape(" · ".join(said))}</p>'


def _scores(contents: RunContents) -> str:
    if not contents.scores:
        return ""
    rows: list[Sequence[str]] = []
    inside = set()
    for name, scores in contents.scores.items():
        rows.append(_score_row(name, scores))
        speakers = scores.get("speakers", {})
        for speaker, own in speakers.items() if len(speakers) > 1 else ():
            inside.add(len(rows))
            rows.append(_score_row(speaker or "(no speaker)", own))
    head = ["test set", "utt.", *COLUMNS.values()]
    signatures = codes(all_signatures(contents.scores.values()))
    return f"<h2>Scores</h2>{table(head, rows, rows_inside=inside)}{signatures}"


def _score_row(name: str, scores: Scores) -> list[str]:
    return [name, str(scores.get("sentences", "–")), *cells(scores)]


def _curves(logs: Sequence[TrainingLog], notes: list[str]) -> str:
    try:
        return curves_html(logs) + _best(logs)
    except PlotError as error:
        notes.append(f"no curves: {error}")
        return f'<p class="soft">No curves: {escape(str(error))}</p>{_best(logs)}'


def _best(logs: Sequence[TrainingLog]) -> str:
    rows = []
    for log in logs:
        for subset in log.valid_subsets:
            where = f"{log.name}, {subset}" if len(logs) > 1 else subset
            for metric, (label, largest) in BEST.items():
                if point := log.best(subset, metric, largest):
                    rows.append((where, label, number(point.metrics[metric]), f"{point.updates:,}"))
    if not rows:
        return ""
    return "<h3>Best in validation</h3>" + table(("", "", "value", "at update"), rows, numbers_from=2)


def _examples(contents: RunContents, count: int, choose: str, clip_seconds: float, notes: list[str]) -> str:
    if not contents.pairs or count == 0:
        return ""
    recordings = Recordings(path for path in contents.manifests if path.is_file())
    parts, players = [f"<h2>Examples</h2>{HTML_LEGEND}"], 0
    for name, pairs in contents.pairs.items():
        chosen = _choose(pairs, count, choose)
        order = "spread evenly over the set" if choose == "spread" else "those with the most errors"
        parts.append(f"<h3>{escape(name)}</h3>")
        parts.append(f'<p class="soft">{len(chosen)} of {counted(len(pairs), "utterance")}, {order}</p>')
        for pair in chosen:
            player = recordings.player(_id(pair), clip_seconds)
            players += bool(player)
            parts.append(_utterance(pair, player))
    if recordings.gone is not None:
        some = "some" if players else "all"
        notes.append(
            f"{some} examples are without their recordings, such as {recordings.gone}, which is not there; "
            "paths are relative to the table, and --audio may name another one"
        )
    elif not players:
        found = "the manifests name features, which have no sound" if recordings.names_features else ""
        advice = "name the table that lists them, as it was given to prepare, with --audio"
        notes.append("; ".join(filter(None, ("no recordings found for the examples", found, advice))))
    return "\n".join(parts)


def _utterance(pair: Pair, player: str) -> str:
    lines = []
    for stream, key in zip(STREAM_NAMES, LANGUAGE_KEYS, strict=True):
        language = pair.get(key) or ""
        reference, written = pair.get(f"reference_{stream}"), pair[stream]
        if reference:
            lines.append(line(f"reference {stream}", escape(reference), language))
        marked = reference and written is not None
        html = to_html(compare(written, reference)) if marked else text_or_dash(written)
        lines.append(line(stream, html, language))
    return article(_id(pair), pair.get("speaker") or "", lines, player=player)


def _id(pair: Pair) -> str:
    return "" if pair.get("id") is None else str(pair["id"])


def _choose(pairs: Sequence[Pair], count: int, how: str) -> list[Pair]:
    if how == "worst":
        return sorted(pairs, key=lambda pair: -_errors(pair))[:count]
    return spread(pairs, count)


def spread(items: Sequence[Any], count: int) -> list[Any]:
    """``count`` items at even distances, the first among them; all where there are fewer."""
    if len(items) <= count:
        return list(items)
    return [items[i * len(items) // count] for i in range(count)]


def _errors(pair: Pair) -> float:
    texts = ((pair.get(f"reference_{stream}"), pair[stream]) for stream in STREAM_NAMES)
    return sum(compare(text, said).error_rate or 0.0 for said, text in texts if said and text is not None)


def _training(log: TrainingLog, named: bool) -> str:
    title = f"Training: {log.name}" if named else "Training"
    given = {key: log.options[key] for key in OPTIONS if log.options.get(key) is not None}
    shown = [(OPTIONS[k], _value(v)) for k, v in given.items() if v or k not in OFF_AT_ZERO]
    if log.parameters:
        shown.insert(1, ("parameters", f"{log.parameters:,}"))
    shown.append(("updates done", f"{log.last_update:,}"))
    every = [(key, repr(value)) for key, value in sorted(log.options.items())]
    more = folded(f"all {counted(len(every), 'option')}", facts(every)) if every else ""
    return f"<h2>{escape(title)}</h2>{facts(shown)}{more}"


def _data(contents: RunContents) -> str:
    if not contents.data:
        return ""
    rows = [(name, f"{count:,}", number(hours)) for name, (count, hours) in contents.data.items()]
    return "<h2>Data</h2>" + table(("split", "utterances", "hours"), rows)


def _commands(contents: RunContents) -> str:
    commands = contents.summary.get("commands") or []
    if not commands:
        return ""
    return "<h2>Commands</h2>" + folded(
        f"{counted(len(commands), 'command')}, as run",
        "".join(f"<pre>{escape(command)}</pre>" for command in commands),
    )


def _versions(contents: RunContents) -> str:
    versions: Iterable[tuple[str, str]] = (contents.summary.get("versions") or {}).items()
    rows = [(name, str(version)) for name, version in versions]
    return f"<h2>Versions</h2>{facts(rows)}" if rows else ""


def _value(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
