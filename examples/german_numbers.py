"""Numbers in German words: 42 is "zweiundvierzig", units before tens, all in one word."""

from __future__ import annotations

DIGITS = ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
LARGEST = 999_999

_TEENS = (
    "zehn", "elf", "zwölf", "dreizehn", "vierzehn",
    "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
)  # fmt: skip
_TENS = (
    "", "", "zwanzig", "dreißig", "vierzig",
    "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig",
)  # fmt: skip
_IRREGULAR_ORDINALS = {1: "erst", 3: "dritt", 7: "siebt", 8: "acht"}


def cardinal(number: int) -> str:
    """A number from 0 to 999,999: 21 → "einundzwanzig", 4386 → "viertausenddreihundertsechsundachtzig".

    "eins" keeps its s only at the end; 100 and 1000 begin with "ein", as in dictation.

    Raises:
        ValueError: the number is outside that range.
    """
    if not 0 <= number <= LARGEST:
        raise ValueError(f"{number} cannot be read: give a number from 0 to {LARGEST}")
    if number < 10:
        return DIGITS[number]
    return _joined(number)


def ordinal(number: int) -> str:
    """The stem of an ordinal from 1 on, to which an ending is added: 24 → "vierundzwanzigst" (+ "er").

    Raises:
        ValueError: the number is below 1 or above 999,999.
    """
    if number < 1:
        raise ValueError(f"{number} has no ordinal: give a number from 1 to {LARGEST}")
    word, end = cardinal(number), number % 100
    if end in _IRREGULAR_ORDINALS:
        return word.removesuffix(DIGITS[end]) + _IRREGULAR_ORDINALS[end]
    return f"{word}{'t' if 1 <= end < 20 else 'st'}"


def year(number: int) -> str:
    """A year: 1970 → "neunzehnhundertsiebzig"; from 2000 on, and before 1100, as any number.

    Raises:
        ValueError: the number is outside 0 to 999,999.
    """
    if not 1100 <= number < 2000:
        return cardinal(number)
    return f"{_TEENS[number // 100 - 10]}hundert{_end(number % 100)}"


def _joined(number: int) -> str:
    if number >= 1000:
        return f"{_before(number // 1000)}tausend{_end(number % 1000)}"
    if number >= 100:
        return f"{_before(number // 100)}hundert{_end(number % 100)}"
    if number >= 20:
        units = f"{_before(number % 10)}und" if number % 10 else ""
        return f"{units}{_TENS[number // 10]}"
    return _TEENS[number - 10] if number >= 10 else DIGITS[number]


def _before(number: int) -> str:
    """A number that more follows: one that ends in "eins" loses its s (not one in "sechs")."""
    word = _joined(number)
    return word[:-1] if number % 100 == 1 else word


def _end(number: int) -> str:
    """What follows "hundert" or "tausend": nothing for 0."""
    return _joined(number) if number else ""
