"""Words of the quickstart grammar: nouns with gender, verbs with their forms, fixed phrases.

Everything here is data plus the few functions that inflect it. How the words are put together to
sentences is in `grammar.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrase:
    """A piece of text that never changes its form, in both languages."""

    en: str
    de: str


@dataclass(frozen=True)
class Noun:
    """A countable noun, singular only; `gender` is m, f or n and rules every German ending."""

    en: str
    de: str
    gender: str
    own: bool = False  # "my passport" is said, "my contract" less so


@dataclass(frozen=True)
class Subject:
    """A noun phrase in the nominative. `person`: 1s (ich), 3s (er, der Chef), pl (wir, Sie)."""

    en: str
    de: str
    person: str


@dataclass(frozen=True)
class Verb:
    """Forms of a verb. German `infinitive` is without the separable `particle`.

    Every German verb here ends in -en, takes -e with "ich" and its infinitive with wir, sie, Sie.
    """

    en: str
    en_third: str
    en_participle: str
    infinitive: str
    third: str
    participle: str
    particle: str = ""
    auxiliary: str = "haben"

    def finite(self, person: str) -> str:
        """German present tense without the particle."""
        return {"1s": self.infinitive[:-1], "3s": self.third, "pl": self.infinitive}[person]

    def bare_infinitive(self) -> str:
        """German infinitive in one word: aufmachen."""
        return self.particle + self.infinitive

    def zu_infinitive(self) -> str:
        """German infinitive with zu: zu buchen, but aufzumachen."""
        middle = "zu" if self.particle else "zu "
        return f"{self.particle}{middle}{self.infinitive}"


# Endings after der/die/das, mein (as ein and kein), by case and gender; "acc" differs from "nom"
# in the masculine only, and the dative has -em, -er, -em throughout.
DEFINITE = {
    "nom": {"m": "der", "f": "die", "n": "das"},
    "acc": {"m": "den", "f": "die", "n": "das"},
    "dat": {"m": "dem", "f": "der", "n": "dem"},
}
EIN_ENDING = {
    "nom": {"m": "", "f": "e", "n": ""},
    "acc": {"m": "en", "f": "e", "n": ""},
    "dat": {"m": "em", "f": "er", "n": "em"},
}
# Adjective endings: weak after the definite article, mixed after ein, kein, mein.
WEAK = {"nom": {"m": "e", "f": "e", "n": "e"}, "acc": {"m": "en", "f": "e", "n": "e"}}
MIXED = {"nom": {"m": "er", "f": "e", "n": "es"}, "acc": {"m": "en", "f": "e", "n": "es"}}
EIN_WORDS = {"a": "ein", "my": "mein", "no": "kein"}
VOWELS = "aeio"  # first letters before which English says "an" in this vocabulary ("u" has none)


def noun_phrase(noun: Noun, determiner: str, case: str, adjective: Phrase | None = None) -> Phrase:
    """Noun with determiner (the, a, my, no) and perhaps an adjective, inflected for `case`."""
    if determiner == "the":
        article, ending = DEFINITE[case][noun.gender], WEAK
    else:
        article = EIN_WORDS[determiner] + EIN_ENDING[case][noun.gender]
        ending = MIXED
    en_words, de_words = [noun.en], [noun.de]
    if adjective is not None:
        stem = "teur" if adjective.de == "teuer" else adjective.de
        en_words.insert(0, adjective.en)
        de_words.insert(0, stem + ending[case][noun.gender])
    if determiner == "a" and en_words[0][0] in VOWELS:
        determiner = "an"
    return Phrase(" ".join([determiner, *en_words]), " ".join([article, *de_words]))


def _nouns(gender: str, words: str) -> dict[str, Noun]:
    """Read "key/Schlüssel*, bus/Bus": the star marks what people call their own."""
    table = {}
    for word in words.split(", "):
        en, de = word.rstrip("*").split("/")
        table[en] = Noun(en, de, gender, own=word.endswith("*"))
    return table


NOUNS: dict[str, Noun] = {
    **_nouns("m", "train/Zug, bus/Bus, flight/Flug, key/Schlüssel*, passport/Pass*, letter/Brief"),
    **_nouns("m", "suitcase/Koffer*, contract/Vertrag, report/Bericht, coffee/Kaffee, boss/Chef"),
    **_nouns("m", "guest/Gast, driver/Fahrer, brother/Bruder*"),
    **_nouns("f", "ticket/Fahrkarte*, bag/Tasche*, invoice/Rechnung"),
    **_nouns("f", "door/Tür, meeting/Besprechung, soup/Suppe, colleague/Kollegin*"),
    **_nouns("f", "sister/Schwester*"),
    **_nouns("n", "hotel/Hotel, room/Zimmer, taxi/Taxi, car/Auto*, window/Fenster, book/Buch"),
    **_nouns("n", "phone/Handy*, museum/Museum"),
}
PEOPLE = ("boss", "guest", "driver", "brother", "colleague", "sister")
FAMILY = ("brother", "sister", "colleague")  # said with "my" only
THINGS = ("key", "passport", "ticket", "letter", "contract", "book", "phone")
LUGGAGE = ("suitcase", "bag")

PRONOUNS = (
    Subject("i", "ich", "1s"),
    Subject("we", "wir", "pl"),
    Subject("you", "Sie", "pl"),
    Subject("he", "er", "3s"),
    Subject("she", "sie", "3s"),
    Subject("they", "sie", "pl"),
)

# fmt: off
# Transitive verbs: forms, what they are done to, and with which determiners.
#   en, he …s, has …; German infinitive, er …, participle, separable particle
TRANSITIVE: dict[str, tuple[Verb, tuple[str, ...], tuple[str, ...]]] = {
    verb.en: (verb, tuple(objects.split()), tuple(determiners.split()))
    for verb, objects, determiners in (
        (Verb("book", "books", "booked", "buchen", "bucht", "gebucht"),
         "room flight hotel", "a the"),
        (Verb("sign", "signs", "signed", "unterschreiben", "unterschreibt", "unterschrieben"),
         "contract letter", "the"),
        (Verb("check", "checks", "checked", "prüfen", "prüft", "geprüft"),
         "contract report invoice", "the"),
        (Verb("buy", "buys", "bought", "kaufen", "kauft", "gekauft"),
         "ticket bag book suitcase", "a the"),
        (Verb("order", "orders", "ordered", "bestellen", "bestellt", "bestellt"),
         "coffee soup taxi", "a the"),
        (Verb("pay for", "pays for", "paid for", "bezahlen", "bezahlt", "bezahlt"),
         "room coffee soup taxi ticket", "the"),
        (Verb("find", "finds", "found", "finden", "findet", "gefunden"),
         "key passport bag ticket phone hotel", "my the"),
        (Verb("lose", "loses", "lost", "verlieren", "verliert", "verloren"),
         "key passport bag ticket phone suitcase", "my the"),
        (Verb("forget", "forgets", "forgotten", "vergessen", "vergisst", "vergessen"),
         "key passport bag ticket phone meeting", "my the"),
        (Verb("bring", "brings", "brought", "bringen", "bringt", "mitgebracht", "mit"),
         "contract report book", "the"),
        (Verb("open", "opens", "opened", "machen", "macht", "aufgemacht", "auf"),
         "window door suitcase", "the"),
        (Verb("close", "closes", "closed", "machen", "macht", "zugemacht", "zu"),
         "window door suitcase", "the"),
        (Verb("call", "calls", "called", "rufen", "ruft", "angerufen", "an"),
         "boss guest driver colleague sister brother hotel", "the my"),
        (Verb("pick up", "picks up", "picked up", "holen", "holt", "abgeholt", "ab"),
         "guest colleague sister brother suitcase key car", "the my"),
        (Verb("print", "prints", "printed", "drucken", "druckt", "ausgedruckt", "aus"),
         "ticket report contract letter invoice", "the"),
        (Verb("visit", "visits", "visited", "besuchen", "besucht", "besucht"),
         "museum sister brother colleague", "the my"),
    )
}
# fmt: on
TAKE = Verb("take", "takes", "taken", "nehmen", "nimmt", "genommen")
GIVE = Verb("give", "gives", "given", "geben", "gibt", "gegeben")
SEND = Verb("send", "sends", "sent", "schicken", "schickt", "geschickt")
GO = Verb("go", "goes", "gone", "fahren", "fährt", "gefahren", auxiliary="sein")
LEAVE = Verb("leave", "leaves", "left", "fahren", "fährt", "abgefahren", "ab", "sein")
ARRIVE = Verb("arrive", "arrives", "arrived", "kommen", "kommt", "angekommen", "an", "sein")
BEGIN = Verb("begin", "begins", "begun", "fangen", "fängt", "angefangen", "an")
NEED = Verb("need", "needs", "needed", "brauchen", "braucht", "gebraucht")
HAVE = Verb("have", "has", "had", "haben", "hat", "gehabt")
SEEK = {"1s": "suche", "3s": "sucht", "pl": "suchen"}
WAIT = {"1s": "warte", "3s": "wartet", "pl": "warten"}

# Auxiliaries: English before the infinitive or participle (third person apart), German by person.
MODALS: dict[str, tuple[str, dict[str, str]]] = {
    "can": ("can", {"1s": "kann", "3s": "kann", "pl": "können"}),
    "must": ("must", {"1s": "muss", "3s": "muss", "pl": "müssen"}),
    "want to": ("wants to", {"1s": "will", "3s": "will", "pl": "wollen"}),
    "would like to": ("would like to", {"1s": "möchte", "3s": "möchte", "pl": "möchten"}),
    "will": ("will", {"1s": "werde", "3s": "wird", "pl": "werden"}),
}
AUXILIARIES = {
    "haben": {"1s": "habe", "3s": "hat", "pl": "haben"},
    "sein": {"1s": "bin", "3s": "ist", "pl": "sind"},
}
TO_BE = {"1s": "am", "3s": "is", "pl": "are"}

DAYS = (
    Phrase("on monday", "am Montag"),
    Phrase("on wednesday", "am Mittwoch"),
    Phrase("on friday", "am Freitag"),
)
SHORTLY = (Phrase("today", "heute"), Phrase("this evening", "heute Abend"))
SOON = (
    Phrase("today", "heute"),
    Phrase("tomorrow", "morgen"),
    Phrase("this evening", "heute Abend"),
    Phrase("next week", "nächste Woche"),
    *DAYS,
)
HABIT = (
    Phrase("every day", "jeden Tag"),
    Phrase("every morning", "jeden Morgen"),
    Phrase("every monday", "jeden Montag"),
    Phrase("every friday", "jeden Freitag"),
)
NUMBERS = (
    Phrase("one", "eins"),
    Phrase("two", "zwei"),
    Phrase("three", "drei"),
    Phrase("four", "vier"),
    Phrase("five", "fünf"),
    Phrase("six", "sechs"),
    Phrase("seven", "sieben"),
    Phrase("eight", "acht"),
    Phrase("nine", "neun"),
    Phrase("ten", "zehn"),
    Phrase("eleven", "elf"),
    Phrase("twelve", "zwölf"),
)
CITIES = (
    Phrase("berlin", "Berlin"),
    Phrase("hamburg", "Hamburg"),
    Phrase("munich", "München"),
    Phrase("vienna", "Wien"),
    Phrase("cologne", "Köln"),
)
PLACES_TO = (
    Phrase("to the station", "zum Bahnhof"),
    Phrase("to the airport", "zum Flughafen"),
    Phrase("to the hotel", "zum Hotel"),
    Phrase("to the museum", "ins Museum"),
    Phrase("to the office", "ins Büro"),
    Phrase("to the meeting", "zur Besprechung"),
)
PLACES_AT = (
    Phrase("at the station", "am Bahnhof"),
    Phrase("at the airport", "am Flughafen"),
    Phrase("at the office", "im Büro"),
    Phrase("at the hotel", "im Hotel"),
)
BY_TRAIN = Phrase("by train", "mit dem Zug")
BY_TAXI = Phrase("by taxi", "mit dem Taxi")
BY = (Phrase("by bus", "mit dem Bus"), Phrase("by car", "mit dem Auto"))
# Two-way prepositions: English, German where something lies (dative), where it is put (accusative).
SPOTS = (
    ("on the table", "auf dem Tisch", "auf den Tisch"),
    ("under the table", "unter dem Tisch", "unter den Tisch"),
    ("on the chair", "auf dem Stuhl", "auf den Stuhl"),
    ("in the car", "im Auto", "ins Auto"),
    ("in the room", "im Zimmer", "ins Zimmer"),
)
ADJECTIVES: dict[str, Phrase] = {
    en: Phrase(en, de)
    for en, de in (
        ("new", "neu"), ("old", "alt"), ("cheap", "billig"), ("expensive", "teuer"),
        ("small", "klein"), ("big", "groß"), ("quiet", "ruhig"), ("heavy", "schwer"),
        ("black", "schwarz"), ("important", "wichtig"),
    )
}  # fmt: skip
# What "very" is not said of.
ABSOLUTE = ("new", "black")
# What one pays for, and what one might want, each with an adjective.
PRICED = ("room", "suitcase", "bag", "car", "phone")
WANTED = ("hotel", "room", "suitcase", "bag", "car", "phone")
# Which adjectives make sense with which noun.
DESCRIBED: dict[str, tuple[str, ...]] = {
    "hotel": ("new", "old", "cheap", "expensive", "small", "big", "quiet"),
    "room": ("cheap", "expensive", "small", "big", "quiet"),
    "suitcase": ("new", "old", "small", "big", "heavy", "black"),
    "bag": ("new", "old", "small", "big", "heavy", "black"),
    "car": ("new", "old", "small", "big", "black", "expensive"),
    "phone": ("new", "old", "small", "expensive", "black"),
    "contract": ("new", "old", "important"),
    "report": ("new", "old", "important"),
    "meeting": ("important",),
    "ticket": ("cheap", "expensive"),
    "museum": ("new", "old", "small", "big"),
}
