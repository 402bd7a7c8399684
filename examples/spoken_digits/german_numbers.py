"""How Germans read a pair of digits: 4 2 is "zweiundvierzig", units before tens."""

from __future__ import annotations

from collections.abc import Sequence

ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
GERMAN = ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")

_TEENS = (
    "zehn", "elf", "zwölf", "dreizehn", "vierzehn",
    "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
)  # fmt: skip
_TENS = (
    "", "", "zwanzig", "dreißig", "vierzig",
    "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig",
)  # fmt: skip


def read_pair(tens: int, units: int) -> str:
    """How two digits (0–9 each) are read: (4, 2) → "zweiundvierzig", (0, 7) → "null sieben".

    A leading zero is read out; otherwise the pair is one number. Raises ``ValueError`` where a
    digit is not one.
    """
    for digit in (tens, units):
        if not 0 <= digit <= 9:
            raise ValueError(f"{digit} is not a digit: pairs are made of 0–9")
    if tens == 0:
        return f"{GERMAN[0]} {GERMAN[units]}"
    if tens == 1:
        return _TEENS[units]
    if units == 0:
        return _TENS[tens]
    before_und = "ein" if units == 1 else GERMAN[units]  # "eins" loses its s inside a number
    return f"{before_und}und{_TENS[tens]}"


def transcript(digits: Sequence[int]) -> str:
    """Digit by digit in English: [4, 2, 7, 1] → "four two seven one"."""
    return " ".join(ENGLISH[digit] for digit in digits)


def translation(digits: Sequence[int]) -> str:
    """Pair by pair in German: [4, 2, 7, 1] → "zweiundvierzig einundsiebzig".

    Raises ``ValueError`` where the number of digits is odd.
    """
    if len(digits) % 2:
        raise ValueError(f"{len(digits)} digits cannot be read in pairs: give an even number")
    pairs = zip(digits[::2], digits[1::2], strict=True)
    return " ".join(read_pair(tens, units) for tens, units in pairs)
