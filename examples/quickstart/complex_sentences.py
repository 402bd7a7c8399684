"""Constructions of the quickstart grammar with a subordinate clause or an infinitive with zu.

In all of them the German verbs of the second clause stand at its end. Every function draws its
words with the random generator and returns (English, German).
"""

from __future__ import annotations

import random

from examples.quickstart import lexicon as lx
from examples.quickstart import pieces
from examples.quickstart.clause import Clause, Predicate, join, perfect, present, sentence
from examples.quickstart.lexicon import NOUNS, TRANSITIVE, Phrase, Subject, noun_phrase

Texts = tuple[str, str]
YOU = lx.PRONOUNS[2]
OTHERS = tuple(subject for subject in lx.PRONOUNS if subject is not YOU)


def that(rng: random.Random) -> Texts:
    """dass: Ich glaube, dass sie den Vertrag unterschrieben hat."""
    en, de = rng.choice(
        (
            ("i think that", "ich glaube, dass"),
            ("i hope that", "ich hoffe, dass"),
            ("we know that", "wir wissen, dass"),
            ("she says that", "sie sagt, dass"),
        )
    )
    hoped = en == "i hope that"
    kind = rng.randrange(5)
    if kind == 0:
        clause = pieces.a_journey(rng, city=False)
    elif kind == 1 and not hoped:
        clause = pieces.a_departed(rng)
    elif kind == 2:
        subject = pieces.a_subject(rng)
        clause = pieces.a_deed(rng, subject, adverbs=False, planned=hoped)
    elif kind == 3 and not hoped:
        clause = pieces.a_quality(rng)
    else:
        name = rng.choice(("can", "will") if hoped else ("can", "will", "must", "want to"))
        clause = pieces.a_plan(rng, name, pieces.a_subject(rng))
    return f"{en} {clause.english()}", sentence(f"{de} {clause.final()}")


def cannot_come(rng: random.Random) -> Texts:
    """weil: Ich kann nicht kommen, weil ich den Bericht prüfen muss."""
    subject = rng.choice(OTHERS)
    can = lx.MODALS["can"][1][subject.person]
    if rng.random() < 0.4:
        reason = pieces.a_mishap(rng, subject)
    else:
        reason = pieces.a_plan(rng, "must", subject)
    german = f"{subject.de} {can} nicht kommen, weil {reason.final()}"
    return f"{subject.en} cannot come because {reason.english()}", sentence(german)


def taxi_because(rng: random.Random) -> Texts:
    """weil: Wir brauchen ein Taxi, weil der Koffer sehr schwer ist."""
    subject = pieces.a_subject(rng, ("you",))
    kind = rng.randrange(3)
    if kind == 0:
        reason = pieces.a_delay(rng, ("train", "bus"))
    elif kind == 1:
        thing = pieces.a_thing(rng.choice(("train", "bus")))
        en, de = rng.choice((("already", "schon"), ("just", "gerade")))
        reason = Clause(thing, perfect(lx.LEAVE, thing, en), "", de)
    else:
        thing = pieces.a_thing(rng.choice(lx.LUGGAGE))
        adjective = rng.choice((Phrase("very heavy", "sehr schwer"), Phrase("heavy", "schwer")))
        reason = Clause(thing, Predicate("is", "ist"), adjective.en, adjective.de)
    matrix = Clause(subject, present(lx.NEED, subject), "a taxi", "ein Taxi")
    german = f"{matrix.statement()}, weil {reason.final()}"
    return f"{matrix.english()} because {reason.english()}", sentence(german)


def if_first(rng: random.Random) -> Texts:
    """wenn first, then inversion: Wenn der Zug Verspätung hat, nehmen wir ein Taxi."""
    subject = rng.choice(OTHERS)
    verb, thing = TRANSITIVE["call"][0], pieces.an_object(rng, "call", subject)
    kind = rng.randrange(3)
    if kind == 0:
        condition = pieces.a_delay(rng)
    elif kind == 1:
        condition = Clause(Subject("it", "es", "3s"), Predicate("rains", "regnet"))
    else:
        wish = noun_phrase(NOUNS[rng.choice(("taxi", "room", "ticket"))], "a", "acc")
        condition = Clause(YOU, present(lx.NEED, YOU), wish.en, wish.de)
    if kind < 2 and rng.random() < 0.6:
        verb = lx.TAKE
        thing = rng.choice((Phrase("a taxi", "ein Taxi"), Phrase("the car", "das Auto")))
    result = Clause(subject, present(verb, subject), thing.en, thing.de)
    english = f"if {condition.english()} {subject.en} will {verb.en} {thing.en}"
    return english, sentence(f"wenn {condition.final()}, {result.inverted()}")


def whether(rng: random.Random) -> Texts:
    """ob: Ich weiß nicht, ob der Bus schon abgefahren ist."""
    en, de = rng.choice((("do you know if", "wissen Sie, ob"), ("i do not know if", "ich weiß nicht, ob")))
    if rng.random() < 0.5:
        clause = pieces.a_departed(rng, city=False)
    else:
        subject = pieces.a_subject(rng, ("i", "you"))
        clause = pieces.a_deed(rng, subject, adverbs=False, planned=True)
    mark = "?" if en.startswith("do you") else "."
    return f"{en} {clause.english()}", sentence(f"{de} {clause.final()}", mark)


def indirect_question(rng: random.Random) -> Texts:
    """wann, wo: Wissen Sie, wann der Zug nach Wien abfährt?"""
    if rng.random() < 0.6:
        clause, _ = pieces.an_event(rng)
        return f"do you know when {clause.english()}", f"Wissen Sie, wann {clause.final()}?"
    name = rng.choice(("key", "passport", "ticket", "suitcase", "bag", "phone", "museum", "hotel"))
    thing = noun_phrase(NOUNS[name], "my" if NOUNS[name].own else "the", "nom")
    return f"do you know where {thing.en} is", f"Wissen Sie, wo {thing.de} ist?"


def infinitive(rng: random.Random) -> Texts:
    """zu: Es ist wichtig, das Fenster zuzumachen."""
    en, de = rng.choice(
        (
            ("please do not forget to", "bitte vergessen Sie nicht,"),
            ("i have forgotten to", "ich habe vergessen,"),
            ("it is important to", "es ist wichtig,"),
        )
    )
    verb = pieces.a_verb(rng)
    if verb.en == "order":
        verb = TRANSITIVE["book"][0]  # ordering is hardly important
    thing = pieces.an_object(rng, verb.en)
    time = pieces.a_time(rng, verb, 0.0 if "have" in en else 0.4) or pieces.NOTHING
    german = join(de, time.de, thing.de, verb.zu_infinitive())
    return join(en, verb.en, thing.en, time.en), sentence(german)


def relative(rng: random.Random) -> Texts:
    """Relative clause with its pronoun: Der Koffer, den ich verloren habe, ist sehr schwer."""
    name, verb = rng.choice(
        [
            (name, verb)
            for verb, objects, _ in TRANSITIVE.values()
            for name in objects
            if name in lx.DESCRIBED and verb.en not in ("open", "close")
        ]
    )
    thing = pieces.a_thing(name)
    subject = pieces.a_subject(rng)
    clause = Clause(subject, perfect(verb, subject))
    quality = pieces.a_property(rng, name)
    pronoun = lx.DEFINITE["acc"][NOUNS[name].gender]
    english = join(thing.en, "that", clause.english(), "is", quality.en)
    german = join(f"{thing.de}, {pronoun} {clause.final()}, ist", quality.de)
    return english, sentence(german)
