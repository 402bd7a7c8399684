"""English number words to numbers: ["four", "thousand", "three", "hundred", "and", "six"] is 4306."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_CARDINALS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_ORDINALS = (
    "", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth",
    "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
)  # fmt: skip
_DECADES = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

_UNITS = {word: number for number, word in enumerate(_CARDINALS)} | {"oh": 0}
_UNIT_ORDINALS = {word: number for number, word in enumerate(_ORDINALS) if word}
_TENS = {word: number for number, word in enumerate(_DECADES) if word}
_TENS_ORDINALS = {f"{word.removesuffix('y')}ieth": number for word, number in _TENS.items()}
_AND_A_HALF = ("and", "a", "half")


@dataclass(frozen=True)
class Number:
    """A number as it was said.

    ``ordinal``: "fifth" and not "five". ``half``: "and a half" came behind it. ``whole``: said with
    "hundred" or "thousand", so that it is no part of a longer number.
    """

    value: int
    ordinal: bool = False
    half: bool = False
    whole: bool = False

    def is_plain(self, lowest: int, highest: int) -> bool:
        """Whether it is a short cardinal in that range, both ends included."""
        return lowest <= self.value <= highest and not (self.ordinal or self.half or self.whole)


def read_number(words: Sequence[str], start: int) -> tuple[Number, int] | None:
    """The number that begins at ``words[start]`` and where it ends; None where none begins there.

    As much is taken as English reads as one number: "fifty one" is one, "one fifty" are two. Words are
    in lower case.
    """
    found = _below_hundred(words, start)
    if found is None:
        return None
    number, position = found
    if not number.ordinal and _word(words, position) == "thousand":
        rest, position = _below_thousand(words, position + 1)
        number = Number(number.value * 1000 + rest.value, rest.ordinal, whole=True)
    elif not number.ordinal and _word(words, position) == "hundred":
        number, position = _hundreds(number.value, words, position + 1)
    if not number.ordinal and tuple(words[position : position + 3]) == _AND_A_HALF:
        return Number(number.value, half=True, whole=number.whole), position + 3
    return number, position


def _below_hundred(words: Sequence[str], start: int) -> tuple[Number, int] | None:
    word, following = _word(words, start), _word(words, start + 1)
    if word in _TENS:
        tens = 10 * _TENS[word]
        if following in _UNITS and 1 <= _UNITS[following] <= 9:
            return Number(tens + _UNITS[following]), start + 2
        if following in _UNIT_ORDINALS and _UNIT_ORDINALS[following] <= 9:
            return Number(tens + _UNIT_ORDINALS[following], ordinal=True), start + 2
        return Number(tens), start + 1
    if word in _UNITS:
        return Number(_UNITS[word]), start + 1
    if word in _UNIT_ORDINALS:
        return Number(_UNIT_ORDINALS[word], ordinal=True), start + 1
    if word in _TENS_ORDINALS:
        return Number(10 * _TENS_ORDINALS[word], ordinal=True), start + 1
    return None


def _hundreds(hundreds: int, words: Sequence[str], start: int) -> tuple[Number, int]:
    """What follows "hundred", with it: "and twenty three", "twenty three", "third" or nothing."""
    rest, position = _rest(words, start)
    return Number(hundreds * 100 + rest.value, rest.ordinal, whole=True), position


def _below_thousand(words: Sequence[str], start: int) -> tuple[Number, int]:
    """What follows "thousand": as in `_hundreds`, with hundreds or, for short, "nine thirty nine"."""
    rest, position = _rest(words, start)
    if rest.is_plain(1, 9):
        if _word(words, position) == "hundred":
            return _hundreds(rest.value, words, position + 1)
        short = _below_hundred(words, position)
        if short and short[0].is_plain(10, 99):
            return Number(100 * rest.value + short[0].value), short[1]
    return rest, position


def _rest(words: Sequence[str], start: int) -> tuple[Number, int]:
    linked = start + 1 if _word(words, start) == "and" else start
    found = _below_hundred(words, linked)
    if found is None or found[0].value == 0:  # "one hundred oh five" goes on with another number
        return Number(0), start
    return found


def _word(words: Sequence[str], position: int) -> str:
    return words[position] if position < len(words) else ""
