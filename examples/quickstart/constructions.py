"""Constructions of the quickstart grammar that are one main clause each.

Every function draws its words with the random generator and returns (English, German). Those with
a second clause are in `complex_sentences.py`.
"""

from __future__ import annotations

import random

from examples.quickstart import lexicon as lx
from examples.quickstart import pieces
from examples.quickstart.clause import Clause, Predicate, join, modal, perfect, present, sentence
from examples.quickstart.lexicon import NOUNS, TRANSITIVE, Phrase, Subject, noun_phrase

Texts = tuple[str, str]
YOU = lx.PRONOUNS[2]


def _maybe(rng: random.Random, choices: tuple[Phrase, ...], share: float) -> Phrase | None:
    return rng.choice(choices) if rng.random() < share else None


def _planner(rng: random.Random) -> tuple[str, Subject]:
    """A modal and who it is said of; what the listener would like is asked, not stated."""
    name = rng.choice(tuple(lx.MODALS))
    return name, pieces.a_subject(rng, ("you",) if name in ("want to", "would like to") else ())


def plan(rng: random.Random) -> Texts:
    """Modal or future, infinitive last: Wir müssen heute den Vertrag unterschreiben."""
    clause = pieces.a_plan(rng, *_planner(rng), timed=0.6)
    return clause.english(), sentence(clause.statement())


def plan_time_first(rng: random.Random) -> Texts:
    """The same with inversion: Morgen werde ich das Hotel anrufen."""
    clause = pieces.a_plan(rng, *_planner(rng), timed=1.0)
    return clause.english_fronted(), sentence(clause.fronted())


def habit(rng: random.Random) -> Texts:
    """Present tense, separable verbs, often inverted: Jeden Morgen macht sie das Fenster auf."""
    subject = lx.PRONOUNS[0] if rng.random() < 0.2 else pieces.a_subject(rng)
    name = rng.choice(("open", "close", "call", "pick up", "check", "visit", "bring", "print"))
    verb = TRANSITIVE[name][0]
    thing = pieces.an_object(rng, name, subject)
    clause = Clause(subject, present(verb, subject), thing.en, thing.de, rng.choice(lx.HABIT))
    if rng.random() < 0.5:
        return clause.english_fronted(), sentence(clause.fronted())
    return clause.english(), sentence(clause.statement())


def deed(rng: random.Random) -> Texts:
    """Perfect with haben: Wir haben das Zimmer schon gebucht."""
    clause = pieces.a_deed(rng, pieces.a_subject(rng))
    return clause.english(), sentence(clause.statement())


def have_you(rng: random.Random) -> Texts:
    """Question in the perfect: Haben Sie den Bericht schon ausgedruckt?"""
    clause = pieces.a_deed(rng, YOU)
    auxiliary, rest = clause.predicate.en.split(" ", 1)
    return join(auxiliary, "you", rest, clause.after), sentence(clause.inverted(), "?")


def departed(rng: random.Random) -> Texts:
    """Perfect with sein: Der Bus nach Köln ist schon abgefahren."""
    clause = pieces.a_departed(rng)
    return clause.english(), sentence(clause.statement())


def timetable(rng: random.Random) -> Texts:
    """Separable verb with a clock time: Am Montag fährt der Zug nach Wien um halb acht ab."""
    clause = pieces.a_journey(rng)
    day = _maybe(rng, (Phrase("today", "heute"), Phrase("tomorrow", "morgen"), *lx.DAYS), 0.5)
    if day is None:
        return clause.english(), sentence(clause.statement())
    return join(day.en, clause.english()), sentence(join(day.de, clause.inverted()))


def when_does(rng: random.Random) -> Texts:
    """Wann fährt der Zug nach Hamburg ab?"""
    clause, verb = pieces.an_event(rng)
    english = join("when does", clause.subject.en, verb.en, clause.time.en if clause.time else "")
    return english, sentence(f"wann {clause.inverted()}", "?")


def meeting_begins(rng: random.Random) -> Texts:
    """Die Besprechung fängt am Freitag um neun Uhr an."""
    subject = pieces.a_thing("meeting")
    day, hour = rng.choice((Phrase("today", "heute"), *lx.DAYS)), pieces.an_hour(rng)
    time = Phrase(f"{day.en} {hour.en}", f"{day.de} {hour.de}")
    clause = Clause(subject, present(lx.BEGIN, subject), time=time)
    return clause.english(), sentence(clause.statement())


def please(rng: random.Random) -> Texts:
    """Polite imperative: Bitte machen Sie das Fenster zu."""
    verb = pieces.a_verb(rng)
    thing = pieces.an_object(rng, verb.en, YOU)
    time = pieces.a_time(rng, verb, 0.4)
    clause = Clause(YOU, present(verb, YOU), thing.en, thing.de, time)
    english = join("please", verb.en, thing.en, time.en if time else "")
    return english, sentence(f"bitte {clause.inverted()}")


def can_you(rng: random.Random) -> Texts:
    """Polite question: Können Sie bitte morgen meine Kollegin abholen?"""
    clause = pieces.a_plan(rng, "can", YOU, timed=0.4)
    verbs = clause.predicate.en.removeprefix("can ")
    time = clause.time or pieces.NOTHING
    german = join("können Sie bitte", time.de, clause.middle, clause.predicate.bracket)
    return join("can you please", verbs, clause.after, time.en), sentence(german, "?")


def cannot(rng: random.Random) -> Texts:
    """Negation before the infinitive: Ich kann meinen Pass nicht finden."""
    subject = pieces.a_subject(rng)
    name = rng.choice(("find", "find", "open", "close", "print", "visit", "pick up", "sign"))
    verb, thing = TRANSITIVE[name][0], pieces.an_object(rng, name, subject)
    predicate = modal("can", verb, subject)
    predicate = Predicate(f"cannot {verb.en}", predicate.finite, predicate.bracket)
    clause = Clause(subject, predicate, thing.en, f"{thing.de} nicht")
    return clause.english(), sentence(clause.statement())


def lack(rng: random.Random) -> Texts:
    """kein: Wir brauchen heute kein Taxi. / Ich habe keine Fahrkarte."""
    subject = pieces.a_subject(rng)
    need = rng.random() < 0.5
    name = rng.choice(("ticket", "room", "car", "suitcase", "phone", *(["taxi"] if need else [])))
    verb = lx.NEED if need else lx.HAVE
    does = "does not" if subject.person == "3s" else "do not"
    predicate = Predicate(f"{does} {verb.en}", verb.finite(subject.person))
    time = _maybe(rng, (Phrase("today", "heute"), Phrase("tomorrow", "morgen"), *lx.DAYS), 0.5)
    english = noun_phrase(NOUNS[name], "a", "acc").en
    german = noun_phrase(NOUNS[name], "no", "acc").de
    clause = Clause(subject, predicate, english, german, time if need else None)
    return clause.english(), sentence(clause.statement())


def seek(rng: random.Random) -> Texts:
    """Adjective endings: Wir suchen ein billiges Hotel. / Haben Sie ein ruhiges Zimmer?"""
    kind = rng.randrange(3)
    if kind == 0:
        thing = pieces.a_described(rng, ("a",), "acc", lx.WANTED)
        return f"do you have {thing.en}", f"Haben Sie {thing.de}?"
    subject = pieces.a_subject(rng)
    if kind == 1:
        thing = pieces.a_described(rng, ("a", "my", "the"), "acc", lx.WANTED)
        predicate = Predicate(f"{lx.TO_BE[subject.person]} looking for", lx.SEEK[subject.person])
    else:
        thing = pieces.a_described(rng, ("a",), "acc", lx.WANTED)
        predicate = present(lx.NEED, subject)
    clause = Clause(subject, predicate, thing.en, thing.de)
    return clause.english(), sentence(clause.statement())


def wait(rng: random.Random) -> Texts:
    """Verb with a fixed preposition: Sie wartet am Bahnhof auf den Bus."""
    subject = pieces.a_subject(rng)
    awaited = pieces.a_person(rng, "acc", subject)
    place = rng.choice(lx.PLACES_AT)
    if rng.random() < 0.5:
        name = rng.choice(("train", "bus") if place.en == "at the station" else ("bus", "taxi"))
        awaited = noun_phrase(NOUNS[name], "the", "acc")
    predicate = Predicate(f"{lx.TO_BE[subject.person]} waiting for", lx.WAIT[subject.person])
    clause = Clause(subject, predicate, f"{awaited.en} {place.en}", f"{place.de} auf {awaited.de}")
    return clause.english(), sentence(clause.statement())


def quality(rng: random.Random) -> Texts:
    """Predicate adjective, stated or asked: Ist das Hotel sehr teuer?"""
    asked = rng.random() < 0.5
    clause = pieces.a_quality(rng, own=0.0 if asked else 0.4)
    if not asked:
        return clause.english(), sentence(clause.statement())
    return f"is {clause.subject.en} {clause.after}", sentence(clause.inverted(), "?")


def where(rng: random.Random) -> Texts:
    """Wo ist mein schwarzer Koffer? / Wo kann ich eine Fahrkarte kaufen?"""
    if rng.random() < 0.5:
        thing = pieces.a_described(rng, ("the", "my", "my"), "nom", tuple(lx.DESCRIBED))
        return f"where is {thing.en}", f"Wo ist {thing.de}?"
    subject = rng.choice((lx.PRONOUNS[0], lx.PRONOUNS[1]))
    name = rng.choice(("buy", "book", "order", "pick up", "pay for", "print"))
    thing = pieces.an_object(rng, name)
    clause = Clause(subject, modal("can", TRANSITIVE[name][0], subject), thing.en, thing.de)
    return f"where can {subject.en} {name} {thing.en}", f"Wo {clause.inverted()}?"


def price(rng: random.Random) -> Texts:
    """Wie viel kostet eine Fahrkarte nach Wien?"""
    if rng.random() < 0.5:
        thing = noun_phrase(NOUNS[rng.choice(("ticket", "flight"))], "a", "nom")
        town = rng.choice(lx.CITIES)
        thing = Phrase(f"{thing.en} to {town.en}", f"{thing.de} nach {town.de}")
    else:
        thing = pieces.a_described(rng, ("the", "a"), "nom", lx.PRICED)
    return f"how much does {thing.en} cost", f"Wie viel kostet {thing.de}?"


def spot(rng: random.Random) -> Texts:
    """Two-way prepositions, dative or accusative: liegt auf dem Tisch, legen … auf den Tisch."""
    lying = rng.random() < 0.7
    name = rng.choice(lx.THINGS if lying else lx.LUGGAGE)
    determiner = "my" if NOUNS[name].own and rng.random() < 0.5 else "the"
    en, at, onto = rng.choice(lx.SPOTS)
    if rng.random() < 0.5:
        thing = noun_phrase(NOUNS[name], determiner, "nom")
        return f"{thing.en} is {en}", sentence(f"{thing.de} {'liegt' if lying else 'steht'} {at}")
    thing = noun_phrase(NOUNS[name], determiner, "acc")
    put = "legen" if lying else "stellen"
    return f"please put {thing.en} {en}", f"Bitte {put} Sie {thing.de} {onto}."


def hand_over(rng: random.Random) -> Texts:
    """Dative before accusative: Sie wird dem Gast den Schlüssel geben."""
    verb, things = rng.choice(
        (
            (lx.GIVE, ("key", "ticket", "book", "phone")),
            (lx.SEND, ("report", "contract", "letter", "invoice", "book")),
        )
    )
    thing = noun_phrase(NOUNS[rng.choice(things)], "the", "acc")
    if rng.random() < 0.3:
        person = pieces.a_person(rng, "dat")
        german = f"bitte {verb.infinitive} Sie {person.de} {thing.de}"
        return f"please {verb.en} {thing.en} to {person.en}", sentence(german)
    name, subject = _planner(rng)
    person = pieces.a_person(rng, "dat", subject)
    predicate = modal(name, verb, subject)
    if rng.random() < 0.4:
        predicate = perfect(verb, subject, rng.choice(("", "already")))
    schon = "schon" if "already" in predicate.en else ""
    german = join(person.de, thing.de, schon)
    clause = Clause(subject, predicate, f"{thing.en} to {person.en}", german)
    return clause.english(), sentence(clause.statement())


def travel(rng: random.Random) -> Texts:
    """Time, manner, place: Wir wollen morgen mit dem Zug nach Berlin fahren."""
    subject = pieces.a_subject(rng, ("you",))
    if rng.random() < 0.5:
        town = rng.choice(lx.CITIES)
        place = Phrase(f"to {town.en}", f"nach {town.de}")
        by = rng.choice((*lx.BY, lx.BY_TRAIN))
    else:
        place, by = rng.choice(lx.PLACES_TO), rng.choice((*lx.BY, lx.BY_TAXI))
    time = _maybe(rng, lx.SOON, 0.5)
    kind = rng.randrange(3)
    if kind == 0:
        predicate, time = present(lx.GO, subject), rng.choice(lx.HABIT)
    elif kind == 1:
        predicate, time = perfect(lx.GO, subject), None
    else:
        predicate = modal(rng.choice(("must", "want to", "would like to", "will")), lx.GO, subject)
    clause = Clause(subject, predicate, f"{place.en} {by.en}", f"{by.de} {place.de}", time)
    return clause.english(), sentence(clause.statement())
