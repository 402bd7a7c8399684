"""The columns in which scores are shown, on terminals, in pages and in model cards."""

from collections.abc import Mapping
from typing import Any

from interactive_st.errors import DataError

#: Heads of the columns by the keys of `interactive_st.scoring.corpus_scores.score_pairs`.
COLUMNS = {"wer": "WER %", "cer": "CER %", "bleu": "BLEU", "chrf": "chrF"}


def check_scores(scores: Any, where: str) -> None:
    """Refuse what is read from a file and cannot be shown as scores.

    Args:
        scores: as `interactive_st.scoring.corpus_scores.score_pairs` returns them.
        where: begins the message.

    Raises:
        DataError: there are no scores by their names, or one is not a number.
    """
    if not isinstance(scores, Mapping) or not set(COLUMNS) & set(scores):
        raise DataError(f"{where}: holds no scores; give what `interactive-st score --json` prints")
    for key in COLUMNS:
        if type(scores.get(key)) not in (float, int, type(None)):
            raise DataError(f"{where}: {key} is {scores[key]!r}, where a number or null is needed")
    speakers = scores.get("speakers", {})
    if not isinstance(speakers, Mapping):
        raise DataError(f"{where}: speakers is {speakers!r}, where their scores by name are needed")
    for speaker, own in speakers.items():
        check_scores(own, f"{where}, speaker {speaker}")


def number(value: float | None, digits: int = 2) -> str:
    """A score as text; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def cells(scores: Mapping[str, Any]) -> list[str]:
    """The scores in the order of `COLUMNS`."""
    return [number(scores.get(key)) for key in COLUMNS]
