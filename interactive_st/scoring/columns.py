"""The columns in which scores are shown, on terminals, in pages and in model cards."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from interactive_st.errors import DataError
from interactive_st.scoring.metrics import METRICS, Scores

#: Heads of the columns by the keys of `Scores`.
COLUMNS = {name: metric.title for name, metric in METRICS.items()}
#: What scores were counted by: names by the keys of the same.
SIGNATURES = {
    "bleu_signature": METRICS["bleu"].title,
    "chrf_signature": METRICS["chrf"].title,
    "wer_normalisation": "WER, normalisation",
}


def check_scores(scores: Any, where: str) -> None:
    """Refuse what is read from a file and cannot be shown as scores.

    Args:
        scores: what should be `Scores`.
        where: begins the message.

    Raises:
        DataError: there are no scores by their names, one is not a number, or a number is not finite.
    """
    if not isinstance(scores, Mapping) or not set(COLUMNS) & set(scores):
        raise DataError(f"{where}: holds no scores; give what `interactive-st score --json` prints")
    for key, value in scores.items():
        is_number = type(value) in (float, int)
        if is_number and not abs(value) <= sys.float_info.max:  # JSON may hold NaN and Infinity, or 1e999
            raise DataError(f"{where}: {key} is {value}, where a finite number is needed")
        if key in COLUMNS and not is_number and value is not None:
            raise DataError(f"{where}: {key} is {value!r}, where a number or null is needed")
    speakers = scores.get("speakers", {})
    if not isinstance(speakers, Mapping):
        raise DataError(f"{where}: speakers is {speakers!r}, where their scores by name are needed")
    for speaker, own in speakers.items():
        check_scores(own, f"{where}, speaker {speaker}")


def number(value: float | None, digits: int = 2) -> str:
    """A score as text; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def signatures(scores: Scores) -> dict[str, str]:
    """What scores were counted by, as far as they say it, by the names in `SIGNATURES` and in that order."""
    return {name: scores[key] for key, name in SIGNATURES.items() if scores.get(key)}


def all_signatures(several: Iterable[Scores]) -> list[str]:
    """What the scores of several systems or test sets were counted by, each once, by name."""
    return sorted({f"{name} {text}" for scores in several for name, text in signatures(scores).items()})


def cells(scores: Scores) -> list[str]:
    """The scores in the order of `COLUMNS`."""
    return [number(scores.get(key)) for key in COLUMNS]
