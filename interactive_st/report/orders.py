"""The orders in which utterances of several systems are compared; light, for the command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from interactive_st.report.comparison import Utterance


#: Python makes no numbers of more than 4300 digits.
MOST_DIGITS = 4300


@dataclass(frozen=True)
class Order:
    """An order: what a page calls it, and the key to sort by."""

    title: str
    key: Callable[[Utterance], Any]


def natural(text: str) -> tuple:
    """Sort key in which ``a_10`` comes after ``a_9``."""
    parts = re.split(r"(\d+)", text)
    return tuple(
        (0, int(part), "") if part.isdecimal() and len(part) <= MOST_DIGITS else (1, 0, part)
        for part in parts
        if part
    )


def _mean(values: Mapping[str, float | None]) -> float | None:
    known = [value for value in values.values() if value is not None]
    return sum(known) / len(known) if known else None


def _worst_first(value: float | None, sign: int) -> tuple:
    return (value is None, sign * (value or 0.0))


#: By name; what cannot be measured comes last.
ORDERS = {
    "difference": Order("where systems differ most", lambda u: -u.difference),
    "id": Order("id", lambda u: natural(u.id)),
    "wer": Order("highest WER", lambda u: _worst_first(_mean(u.wer), -1)),
    "bleu": Order("lowest BLEU", lambda u: _worst_first(_mean(u.bleu), 1)),
}


def in_order(utterances: Sequence[Utterance], order: str) -> list[Utterance]:
    """Sort by one of `ORDERS`; among equals by id."""
    return sorted(sorted(utterances, key=lambda u: natural(u.id)), key=ORDERS[order].key)
