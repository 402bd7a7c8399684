"""One clause of the quickstart grammar and the places a German verb can stand in it.

A German clause is a frame: the finite verb and the *bracket* (separable particle, infinitive or
participle) enclose everything else. The same clause is then said in three orders:

    statement   Der Zug   fährt   heute um neun Uhr   ab          finite verb second
    fronted     Heute   fährt   der Zug   um neun Uhr   ab        something else first: inversion
    final       (dass)  der Zug   heute um neun Uhr   abfährt     after dass, weil, ob, wenn

English keeps subject, verb, object in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from examples.quickstart.lexicon import AUXILIARIES, MODALS, TO_BE, Phrase, Subject, Verb


@dataclass(frozen=True)
class Predicate:
    """The verbs of a clause in both languages, already agreeing with a subject."""

    en: str  # "has signed", "must sign", "signs"
    finite: str  # "hat", "muss", "macht"
    bracket: str = ""  # "unterschrieben", "unterschreiben", "auf"
    separable: bool = False  # the bracket is a particle: one word with the verb at the end

    def at_the_end(self) -> str:
        """Both parts in verb-final order: aufmacht, unterschrieben hat, ist."""
        if self.separable:
            return self.bracket + self.finite
        return f"{self.bracket} {self.finite}".strip()


def present(verb: Verb, subject: Subject) -> Predicate:
    """Simple present: opens / macht … auf."""
    en = verb.en_third if subject.person == "3s" else verb.en
    return Predicate(en, verb.finite(subject.person), verb.particle, bool(verb.particle))


def modal(name: str, verb: Verb, subject: Subject) -> Predicate:
    """Modal or future (`name` is a key of MODALS) with the infinitive at the end."""
    third, german = MODALS[name]
    en = third if subject.person == "3s" else name
    return Predicate(f"{en} {verb.en}", german[subject.person], verb.bare_infinitive())


def perfect(verb: Verb, subject: Subject, adverb: str = "") -> Predicate:
    """Present perfect with the participle at the end; English `adverb` goes between the two."""
    en = "has" if subject.person == "3s" else "have"
    words = [en, adverb, verb.en_participle] if adverb else [en, verb.en_participle]
    return Predicate(" ".join(words), AUXILIARIES[verb.auxiliary][subject.person], verb.participle)


def copula(subject: Subject) -> Predicate:
    """am, is, are / bin, ist, sind."""
    return Predicate(TO_BE[subject.person], AUXILIARIES["sein"][subject.person])


@dataclass(frozen=True)
class Clause:
    """Subject, verbs and what goes with them.

    `after` is what follows the English verbs; `middle` is what German puts between the finite verb
    (or the subject) and the bracket. `time` stands last in English and first in the German middle,
    unless it is fronted.
    """

    subject: Subject
    predicate: Predicate
    after: str = ""
    middle: str = ""
    time: Phrase | None = None

    def english(self) -> str:
        """Subject, verbs, rest, time."""
        time = self.time.en if self.time else ""
        return join(self.subject.en, self.predicate.en, self.after, time)

    def statement(self) -> str:
        """Main clause, verb second after the subject."""
        p, time = self.predicate, self.time.de if self.time else ""
        return join(self.subject.de, p.finite, time, self.middle, p.bracket)

    def english_fronted(self) -> str:
        """Time first: "tomorrow we must …"."""
        return join(self._time().en, self.subject.en, self.predicate.en, self.after)

    def fronted(self) -> str:
        """Time first, verb second, subject third: "Morgen müssen wir …"."""
        return join(self._time().de, self.inverted(without_time=True))

    def inverted(self, without_time: bool = False) -> str:
        """Verb before subject, as in questions and after anything fronted."""
        p, time = self.predicate, "" if without_time or not self.time else self.time.de
        return join(p.finite, self.subject.de, time, self.middle, p.bracket)

    def final(self) -> str:
        """Subordinate clause: all verbs at the end."""
        time = self.time.de if self.time else ""
        return join(self.subject.de, time, self.middle, self.predicate.at_the_end())

    def _time(self) -> Phrase:
        if self.time is None:
            raise ValueError(f"Clause {self.english()!r} has no time to put first; give it one.")
        return self.time


def join(*parts: str) -> str:
    """The non-empty parts with single blanks between them."""
    return " ".join(part for part in parts if part)


def sentence(text: str, mark: str = ".") -> str:
    """German sentence: capital first letter and a final mark."""
    return text[0].upper() + text[1:] + mark
