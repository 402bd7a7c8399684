"""How digits are read: one by one in English, two at a time in German (4 2 is "zweiundvierzig")."""

from __future__ import annotations

from collections.abc import Sequence

from examples.german_numbers import DIGITS, cardinal

ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def read_pair(tens: int, units: int) -> str:
    """How two digits (0–9 each) are read: (4, 2) → "zweiundvierzig", (0, 7) → "null sieben".

    A leading zero is read out; otherwise the pair is one number. Raises ``ValueError`` where a
    digit is not one.
    """
    for digit in (tens, units):
        if not 0 <= digit <= 9:
            raise ValueError(f"{digit} is not a digit: pairs are made of 0–9")
    if tens == 0:
        return f"{DIGITS[0]} {DIGITS[units]}"
    return cardinal(10 * tens + units)


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
