"""German for what people say in AN4, by rules: commands, spelled names, numbers and dates.

A transcript is read from left to right into items; dates are put together from them, then everything is
said as Germans say it. The same transcript always gives the same German.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from examples.an4.dates import MONTHS, Month, Of, read_date
from examples.an4.english_numbers import Number, read_number
from examples.german_numbers import cardinal, ordinal

Spelling = Literal["letters", "alphabet"]

# Infinitives, as German tells machines what to do; they stand behind what they are done to.
VERBS = {
    "enter": "eingeben",
    "erase": "löschen",
    "repeat": "wiederholen",
    "rubout": "ausradieren",
    "start": "starten",
    "stop": "anhalten",
}
WORDS = {"go": "los", "help": "Hilfe", "no": "nein", "yes": "ja", "apostrophe": "Apostroph"}
PHRASES = {("area", "code"): "Vorwahl"}

# The names of letters by DIN 5009:2022, which are towns.
ALPHABET = {
    name[0].lower(): name for name in (
        "Aachen", "Berlin", "Chemnitz", "Düsseldorf", "Essen", "Frankfurt", "Goslar", "Hamburg",
        "Ingelheim", "Jena", "Köln", "Leipzig", "München", "Nürnberg", "Offenbach", "Potsdam",
        "Quickborn", "Rostock", "Salzwedel", "Tübingen", "Unna", "Völklingen", "Wuppertal", "Xanten",
        "Ypsilon", "Zwickau",
    )
}  # fmt: skip


class TranslationError(ValueError):
    """A transcript has a word that no rule is for."""


@dataclass(frozen=True)
class Verb:
    """A command that is done to what follows it."""

    german: str


Item = Number | Month | Of | Verb | str  # a string is German already


def translate(transcript: str, spelling: Spelling = "letters") -> str:
    """The German of a transcript: "erase c q q f seven" → "C Q Q F sieben löschen".

    Args:
        transcript: words of AN4's vocabulary with spaces between, in upper or lower case.
        spelling: spelled letters as "letters" (C Q F), or by the German spelling "alphabet"
            (Chemnitz Quickborn Frankfurt).

    Raises:
        TranslationError: a word is not of the vocabulary, or has no meaning where it stands.
    """
    items = _read(transcript.lower().split(), spelling)
    said: list[str] = []
    waiting = ""  # the verb whose objects are being said
    position = 0
    while position < len(items):
        item = items[position]
        if date := read_date(items, position):
            text, position = date
            said.append(text)
        elif isinstance(item, Number):
            end = _end_of_numbers(items, position)
            said += _numbers([number for number in items[position:end] if isinstance(number, Number)])
            position = end
        elif isinstance(item, Verb):
            said += [waiting] if waiting else []
            waiting, position = item.german, position + 1
        elif isinstance(item, str):
            said.append(item)
            position += 1
        else:
            raise TranslationError(f"{transcript!r}: 'of' without a date around it has no rule")
    return " ".join([*said, waiting] if waiting else said)


def _read(words: Sequence[str], spelling: Spelling) -> list[Item]:
    items: list[Item] = []
    position = 0
    while position < len(words):
        word = words[position]
        if number := read_number(words, position):
            items.append(number[0])
            position = number[1]
        elif phrase := PHRASES.get(tuple(words[position : position + 2])):
            items.append(phrase)
            position += 2
        else:
            items.append(_read_word(word, words, spelling))
            position += 1
    return items


def _read_word(word: str, words: Sequence[str], spelling: Spelling) -> Item:
    if word in ALPHABET:
        return ALPHABET[word] if spelling == "alphabet" else word.upper()
    if word in VERBS:
        return Verb(VERBS[word])
    if word in MONTHS:
        return Month(MONTHS[word])
    if word == "of":
        return Of()
    if word in WORDS:
        return WORDS[word]
    raise TranslationError(
        f"{' '.join(words)!r}: no rule for {word!r} here; add one to examples/an4/german.py"
    )


def _end_of_numbers(items: Sequence[Item], start: int) -> int:
    """The end of the numbers that begin at ``start`` and belong to no date."""
    end = start + 1
    while end < len(items) and isinstance(items[end], Number) and not read_date(items, end):
        end += 1
    return end


def _numbers(numbers: Sequence[Number]) -> list[str]:
    """Numbers in a row, each on its own, but for "four fifty one", which is 451."""
    if len(numbers) == 2 and numbers[0].is_plain(1, 9):
        hundreds, rest = numbers
        if 10 <= rest.value <= 99 and not (rest.ordinal or rest.whole):
            numbers = [Number(100 * hundreds.value + rest.value, half=rest.half)]
    return [_number(number) for number in numbers]


def _number(number: Number) -> str:
    if number.ordinal:
        return f"{ordinal(number.value)}e"
    word = cardinal(number.value)
    if not number.half:
        return word
    if number.value == 0:
        return "einhalb"
    return f"{word[:-1] if number.value % 100 == 1 else word}einhalb"
