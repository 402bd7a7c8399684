"""Dates as they are said in English, and how they are said in German: the day comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from examples.an4.english_numbers import Number
from examples.german_numbers import cardinal, ordinal, year

MONTHS = {
    "january": "Januar", "february": "Februar", "march": "März", "april": "April", "may": "Mai",
    "june": "Juni", "july": "Juli", "august": "August", "september": "September",
    "october": "Oktober", "november": "November", "december": "Dezember",
}  # fmt: skip


@dataclass(frozen=True)
class Month:
    """A month that was named, by its German name."""

    german: str


@dataclass(frozen=True)
class Of:
    """The word "of", as in "ninth of September"."""


def read_date(items: Sequence[object], start: int) -> tuple[str, int] | None:
    """The German of the date that begins at ``items[start]`` and where it ends; None where there is none.

    - "october twenty four nineteen seventy", "may ninth sixty two", "may", "may nineteen seventy"
    - "seven may nineteen forty four", "ninth of september nineteen sixty four"
    - "eight fourteen sixty four": month, day and year of the American order, where nothing else was
      said. In German it is "vierzehnter Achter vierundsechzig".
    """
    first = _at(items, start)
    if isinstance(first, Month):
        day, position = _day(items, start + 1)
        return _said(day, first.german, items, position)
    if isinstance(first, Number):
        behind = _skip_of(items, start + 1)
        named = _at(items, behind)
        if _is_day(first) and isinstance(named, Month):
            return _said(first, named.german, items, behind + 1)
        if start == 0:
            return _in_numbers(items)
    return None


def _in_numbers(items: Sequence[object]) -> tuple[str, int] | None:
    """All of ``items`` as month, day and year, from 20 on so that it is no hour or house number."""
    month, day = _at(items, 0), _at(items, 1)
    if not (isinstance(month, Number) and month.is_plain(1, 12)):
        return None
    if not (isinstance(day, Number) and day.is_plain(1, 31)):
        return None
    position = _skip_of(items, 2)
    said, end = _year(items, position)
    short = _at(items, position)
    if not said or end != len(items):
        return None
    if end == position + 1 and isinstance(short, Number) and short.value < 20:
        return None
    return f"{ordinal(day.value)}er {ordinal(month.value).capitalize()}er {said}", end


def _said(day: Number | None, month: str, items: Sequence[object], position: int) -> tuple[str, int]:
    said, end = _year(items, _skip_of(items, position))
    words = [f"{ordinal(day.value)}er" if day else "", month, said]
    return " ".join(word for word in words if word), end if said else position


def _day(items: Sequence[object], start: int) -> tuple[Number | None, int]:
    """The day behind a month; in "may nineteen seventy" there is none, but a year."""
    day, following = _at(items, start), _at(items, start + 1)
    if not (isinstance(day, Number) and _is_day(day)):
        return None, start
    four_digits = day.is_plain(10, 20) and isinstance(following, Number) and following.is_plain(10, 99)
    if four_digits and not isinstance(_at(items, start + 2), Number):
        return None, start
    return day, start + 1


def _is_day(number: Number) -> bool:
    return 1 <= number.value <= 31 and not (number.half or number.whole)


def _year(items: Sequence[object], start: int) -> tuple[str, int]:
    """A year's German and where it ends: "nineteen seventy", "nineteen oh five", "two thousand", "seventy".

    The German is empty where there is none.
    """
    first, second, third = (_at(items, start + place) for place in range(3))
    if not isinstance(first, Number) or first.ordinal or first.half:
        return "", start
    if first.is_plain(10, 20) and isinstance(second, Number):
        if second.is_plain(10, 99):
            return year(100 * first.value + second.value), start + 2
        if second.is_plain(0, 0) and isinstance(third, Number) and third.is_plain(1, 9):
            return year(100 * first.value + third.value), start + 3
    if first.whole and first.value >= 1000:
        return year(first.value), start + 1
    return (cardinal(first.value), start + 1) if first.is_plain(10, 99) else ("", start)


def _skip_of(items: Sequence[object], position: int) -> int:
    return position + 1 if isinstance(_at(items, position), Of) else position


def _at(items: Sequence[object], position: int) -> object:
    return items[position] if position < len(items) else None
