"""The columns in which scores are shown, on terminals, in pages and in model cards."""

from collections.abc import Mapping
from typing import Any

#: Heads of the columns by the keys of `interactive_st.scoring.corpus_scores.score_pairs`.
COLUMNS = {"wer": "WER %", "cer": "CER %", "bleu": "BLEU", "chrf": "chrF"}


def number(value: float | None, digits: int = 2) -> str:
    """A score as text; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def cells(scores: Mapping[str, Any]) -> list[str]:
    """The scores in the order of `COLUMNS`."""
    return [number(scores.get(key)) for key in COLUMNS]
