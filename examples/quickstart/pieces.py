"""Pieces that the constructions of the quickstart grammar are made of, drawn at random.

Each function takes the random generator first and returns a phrase, a subject or a whole clause
that makes sense (nobody books a soup) and whose words agree.
"""

from __future__ import annotations

import random

from examples.quickstart import lexicon as lx
from examples.quickstart.clause import Clause, Predicate, copula, join, modal, perfect, present
from examples.quickstart.lexicon import NOUNS, Phrase, Subject, Verb, noun_phrase

NOTHING = Phrase("", "")
AT_ONCE = ("open", "close", "order")
UNPLANNED = ("lose", "find", "forget")  # said of what has happened, not of what one will do


def an_object(rng: random.Random, verb_name: str, avoid: Subject | None = None) -> Phrase:
    """A sensible object of the verb in the accusative, never the subject itself."""
    _, objects, determiners = lx.TRANSITIVE[verb_name]
    choices = [
        (name, determiner)
        for name in objects
        for determiner in determiners
        if (determiner != "my" or NOUNS[name].own)
        and (determiner != "the" or name not in lx.FAMILY)
        and not (avoid and avoid.en.endswith(" " + name))
    ]
    name, determiner = rng.choice(choices)
    return noun_phrase(NOUNS[name], determiner, "acc")


def a_person(rng: random.Random, case: str, avoid: Subject | None = None) -> Phrase:
    """the guest, my sister: anybody but the subject."""
    names = [n for n in lx.PEOPLE if not (avoid and avoid.en.endswith(" " + n))]
    name = rng.choice(names)
    return noun_phrase(NOUNS[name], "my" if name in lx.FAMILY else "the", case)


def a_subject(rng: random.Random, without: tuple[str, ...] = ()) -> Subject:
    """Mostly a pronoun, else one of the people."""
    if rng.random() < 0.6:
        return rng.choice([s for s in lx.PRONOUNS if s.en not in without])
    phrase = a_person(rng, "nom")
    return Subject(phrase.en, phrase.de, "3s")


def a_thing(name: str, determiner: str = "the") -> Subject:
    """A thing as subject: the train, my suitcase."""
    phrase = noun_phrase(NOUNS[name], determiner, "nom")
    return Subject(phrase.en, phrase.de, "3s")


def a_verb(rng: random.Random, planned: bool = True) -> Verb:
    """A transitive verb; where `planned`, one for things that people intend."""
    names = [n for n in lx.TRANSITIVE if not (planned and n in UNPLANNED)]
    return lx.TRANSITIVE[rng.choice(names)][0]


def an_hour(rng: random.Random) -> Phrase:
    """at seven / um sieben Uhr; at half past seven / um halb acht: German names the coming hour."""
    index = rng.randrange(1, len(lx.NUMBERS))
    if index < len(lx.NUMBERS) - 1 and rng.random() < 0.25:
        return Phrase(f"at half past {lx.NUMBERS[index].en}", f"um halb {lx.NUMBERS[index + 1].de}")
    return Phrase(f"at {lx.NUMBERS[index].en}", f"um {lx.NUMBERS[index].de} Uhr")


def a_time(rng: random.Random, verb: Verb, share: float) -> Phrase | None:
    """When something will be done, in `share` of the cases; small things are not planned ahead."""
    if rng.random() >= share:
        return None
    return rng.choice(lx.SHORTLY if verb.en in AT_ONCE else lx.SOON)


def a_plan(rng: random.Random, name: str, subject: Subject, timed: float = 0.0) -> Clause:
    """Somebody must, can, will … do something; with a time in `timed` of the cases."""
    verb = a_verb(rng)
    thing = an_object(rng, verb.en, subject)
    place = NOTHING
    if verb.en == "pick up" and rng.random() < 0.6:
        place = rng.choice(lx.PLACES_AT)
    predicate = modal(name, verb, subject)
    after, middle = join(thing.en, place.en), join(thing.de, place.de)
    return Clause(subject, predicate, after, middle, a_time(rng, verb, timed))


def a_deed(rng: random.Random, subject: Subject, adverbs: bool = True, planned: bool = False) -> Clause:
    """Somebody has (already, just) done something."""
    verb = a_verb(rng, planned)
    thing = an_object(rng, verb.en, subject)
    adverb, middle = "", thing.de
    if adverbs and verb.en not in UNPLANNED:
        adverb = rng.choice(("already", "just", ""))
    if adverb == "just":
        middle = f"gerade {thing.de}"
    elif adverb == "already":
        definite = not thing.en.startswith(("a ", "an "))
        middle = f"{thing.de} schon" if definite else f"schon {thing.de}"
    return Clause(subject, perfect(verb, subject, adverb), thing.en, middle)


def a_mishap(rng: random.Random, subject: Subject) -> Clause:
    """Somebody has lost or forgotten something."""
    verb = lx.TRANSITIVE[rng.choice(("lose", "forget"))][0]
    thing = an_object(rng, verb.en, subject)
    return Clause(subject, perfect(verb, subject), thing.en, thing.de)


def a_journey(rng: random.Random, timed: bool = True, city: bool = True) -> Clause:
    """The train to Berlin leaves at nine; the flight from Vienna arrives at two."""
    leaving = rng.random() < 0.5
    noun = rng.choice(("train", "bus") if leaving else ("train", "bus", "flight"))
    subject = a_thing(noun)
    if city:
        town = rng.choice(lx.CITIES)
        words = (f"to {town.en}", f"nach {town.de}")
        if not leaving:
            words = (f"from {town.en}", f"aus {town.de}")
        subject = Subject(join(subject.en, words[0]), join(subject.de, words[1]), "3s")
    verb = lx.LEAVE if leaving else lx.ARRIVE
    return Clause(subject, present(verb, subject), time=an_hour(rng) if timed else None)


def an_event(rng: random.Random) -> tuple[Clause, Verb]:
    """The train to Vienna leaves; the meeting begins; with the verb."""
    if rng.random() < 0.2:
        subject, day = a_thing("meeting"), rng.choice((*lx.SHORTLY, *lx.DAYS))
        return Clause(subject, present(lx.BEGIN, subject), time=day), lx.BEGIN
    clause = a_journey(rng, timed=False)
    return clause, lx.LEAVE if clause.predicate.en == lx.LEAVE.en_third else lx.ARRIVE


def a_departed(rng: random.Random, city: bool = True) -> Clause:
    """The train has already left; the bus from Cologne has just arrived."""
    clause = a_journey(rng, timed=False, city=city and rng.random() < 0.5)
    verb = lx.LEAVE if clause.predicate.en == lx.LEAVE.en_third else lx.ARRIVE
    en, de = rng.choice((("already", "schon"), ("just", "gerade")))
    return Clause(clause.subject, perfect(verb, clause.subject, en), "", de)


def a_delay(rng: random.Random, names: tuple[str, ...] = ("train", "bus", "flight")) -> Clause:
    """The bus is late / Der Bus hat Verspätung."""
    subject = a_thing(rng.choice(names))
    return Clause(subject, Predicate("is late", "hat"), "", "Verspätung")


def a_property(rng: random.Random, name: str) -> Phrase:
    """(very) quiet, of the noun `name`."""
    adjective = lx.ADJECTIVES[rng.choice(lx.DESCRIBED[name])]
    if adjective.en in lx.ABSOLUTE or rng.random() < 0.5:
        return adjective
    return Phrase(f"very {adjective.en}", f"sehr {adjective.de}")


def a_quality(rng: random.Random, own: float = 0.4) -> Clause:
    """The room is (very) quiet; `own` is the share of "my" where it fits."""
    name = rng.choice(tuple(lx.DESCRIBED))
    determiner = "my" if NOUNS[name].own and rng.random() < own else "the"
    subject, quality = a_thing(name, determiner), a_property(rng, name)
    return Clause(subject, copula(subject), quality.en, quality.de)


def a_described(
    rng: random.Random, determiners: tuple[str, ...], case: str, names: tuple[str, ...]
) -> Phrase:
    """a cheap hotel, my black suitcase."""
    determiner = rng.choice(determiners)
    name = rng.choice([n for n in names if determiner != "my" or NOUNS[n].own])
    adjective = lx.ADJECTIVES[rng.choice(lx.DESCRIBED[name])]
    return noun_phrase(NOUNS[name], determiner, case, adjective)
