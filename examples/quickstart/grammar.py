"""English–German sentence pairs about travel and office, from a small grammar.

English is lower case without punctuation, as a transcript is; German is written as Germans write
it, with capital nouns, commas and a final mark. "you" is always the polite "Sie", and time stands
before objects and manner before place, the neutral order in German, so that every English sentence
has one German.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from examples.quickstart import complex_sentences as cs
from examples.quickstart import constructions as cn

MIN_WORDS, MAX_WORDS = 4, 10  # of the English sentence
MAX_REPEATED = 2000  # repetitions in a row after which the grammar counts as exhausted

# Name: function and its weight in the mixture.
CONSTRUCTIONS: dict[str, tuple[Callable[[random.Random], tuple[str, str]], float]] = {
    "plan": (cn.plan, 3),
    "plan time first": (cn.plan_time_first, 2),
    "habit": (cn.habit, 2),
    "deed": (cn.deed, 2),
    "have you": (cn.have_you, 1),
    "departed": (cn.departed, 0.5),
    "timetable": (cn.timetable, 2),
    "when does": (cn.when_does, 0.7),
    "meeting begins": (cn.meeting_begins, 1),
    "please": (cn.please, 1),
    "can you": (cn.can_you, 1),
    "cannot": (cn.cannot, 1),
    "lack": (cn.lack, 1),
    "seek": (cn.seek, 1.5),
    "wait": (cn.wait, 1),
    "quality": (cn.quality, 1),
    "where": (cn.where, 0.7),
    "price": (cn.price, 0.7),
    "spot": (cn.spot, 1),
    "hand over": (cn.hand_over, 1.5),
    "travel": (cn.travel, 2.5),
    "that": (cs.that, 3),
    "cannot come": (cs.cannot_come, 1),
    "taxi because": (cs.taxi_because, 0.7),
    "if first": (cs.if_first, 1),
    "whether": (cs.whether, 1),
    "indirect question": (cs.indirect_question, 0.7),
    "infinitive": (cs.infinitive, 1.5),
    "relative": (cs.relative, 1.5),
}


@dataclass(frozen=True)
class Pair:
    """A sentence in both languages, and the construction it comes from."""

    english: str
    german: str
    construction: str


def stream(seed: int = 1) -> Iterator[Pair]:
    """Pairs in random order, none twice in either language; the same for the same seed.

    Ends when the grammar hardly has new sentences left.
    """
    rng = random.Random(seed)
    names = list(CONSTRUCTIONS)
    weights = [CONSTRUCTIONS[name][1] for name in names]
    seen: set[str] = set()
    repeated = 0
    while repeated < MAX_REPEATED:
        name = rng.choices(names, weights)[0]
        english, german = CONSTRUCTIONS[name][0](rng)
        if not MIN_WORDS <= len(english.split()) <= MAX_WORDS:
            continue
        if english in seen or german in seen:
            repeated += 1
            continue
        repeated = 0
        seen |= {english, german}
        yield Pair(english, german, name)


def split(sizes: Mapping[str, int], seed: int = 1) -> dict[str, list[Pair]]:
    """Disjoint sets of pairs, the first of which has every word that occurs in the others.

    `sizes` maps names to numbers of pairs, the training set first. No sentence is in two sets, in
    either language. Raises `ValueError` when the grammar, or the words of so few training
    sentences, do not suffice for as many.
    """
    source = stream(seed)
    sets: dict[str, list[Pair]] = {}
    known: set[str] = set()
    for name, size in sizes.items():
        first = not sets
        candidates = source if first else itertools.islice(source, 5000 + 20 * size)
        usable = (pair for pair in candidates if first or known.issuperset(words(pair)))
        sets[name] = list(itertools.islice(usable, size))
        if len(sets[name]) < size:
            raise ValueError(
                f"{name}: the grammar has only {len(sets[name])} more sentences where {size} are "
                "wanted; ask for fewer, or for more training sentences (they must show every word)."
            )
        if first:
            known.update(word for pair in sets[name] for word in words(pair))
    return sets


def words(pair: Pair) -> list[str]:
    """English and German words of a pair, told apart by language, without punctuation."""
    german = pair.german.replace(",", "").rstrip(".?")
    return [f"en:{w}" for w in pair.english.split()] + [f"de:{w}" for w in german.split()]
