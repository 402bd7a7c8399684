"""Rule-made German of AN4: numbers, dates, commands and spelled names, against hand-written German."""

import re

import pytest

from examples.an4.english_numbers import Number, read_number
from examples.an4.german import ALPHABET, TranslationError, translate

# What people say in AN4: its own sentences, and some like them.
HAND_CHECKED = {
    # commands, alone and with what they are done to
    "yes": "ja",
    "no": "nein",
    "go": "los",
    "help": "Hilfe",
    "start": "starten",
    "stop": "anhalten",
    "repeat": "wiederholen",
    "enter six two four": "sechs zwei vier eingeben",
    "erase c q q f seven": "C Q Q F sieben löschen",
    "rubout t g j w b seventy nine fifty nine": "T G J W B neunundsiebzig neunundfünfzig ausradieren",
    "erase a b enter five": "A B löschen fünf eingeben",
    # names, towns and streets
    "p i t t s b u r g h": "P I T T S B U R G H",
    "o apostrophe h a r a": "O Apostroph H A R A",
    "e a s t eighty fifth s t r e e t": "E A S T fünfundachtzigste S T R E E T",
    "five t h a v e n u e": "fünf T H A V E N U E",
    "a": "A",
    # house numbers
    "one": "eins",
    "nineteen": "neunzehn",
    "one eleven": "einhundertelf",
    "two ten": "zweihundertzehn",
    "eight forty one": "achthunderteinundvierzig",
    "one hundred": "einhundert",
    "one thousand": "eintausend",
    "fifty one fifty six": "einundfünfzig sechsundfünfzig",
    "fifty six oh five": "sechsundfünfzig null fünf",
    "sixty seven ten": "siebenundsechzig zehn",
    "ten seventy one": "zehn einundsiebzig",
    "fifty seven fourteen a": "siebenundfünfzig vierzehn A",
    "fifty eight oh nine and a half": "achtundfünfzig null neuneinhalb",
    "sixty three sixty four and a half": "dreiundsechzig vierundsechzigeinhalb",
    "one and a half": "eineinhalb",
    "two twenty and a half": "zweihundertzwanzigeinhalb",
    # zip codes and telephone numbers: digit by digit
    "one five two one seven": "eins fünf zwei eins sieben",
    "one five two oh six": "eins fünf zwei null sechs",
    "two six eight three zero two seven": "zwei sechs acht drei null zwei sieben",
    "five two one sixty fifty five": "fünf zwei eins sechzig fünfundfünfzig",
    "area code four one two four two two one two two five": (
        "Vorwahl vier eins zwei vier zwei zwei eins zwei zwei fünf"
    ),
    # large numbers
    "a m s j seven thousand one hundred and eighty six": "A M S J siebentausendeinhundertsechsundachtzig",
    "enter four thousand eight hundred eighty three": "viertausendachthundertdreiundachtzig eingeben",
    "j fifty eight thousand nine thirty nine": "J achtundfünfzigtausendneunhundertneununddreißig",
    "v q d b forty nine hundred": "V Q D B viertausendneunhundert",
    "one hundred oh five": "einhundert null fünf",
    "three thousand and one": "dreitausendeins",
    "o u four seven twenty nine": "O U vier sieben neunundzwanzig",
    # dates with the month's name
    "october twenty four nineteen seventy": "vierundzwanzigster Oktober neunzehnhundertsiebzig",
    "march seven nineteen sixty seven": "siebter März neunzehnhundertsiebenundsechzig",
    "march third nineteen twenty eight": "dritter März neunzehnhundertachtundzwanzig",
    "may ninth sixty two": "neunter Mai zweiundsechzig",
    "may twenty first nineteen sixty": "einundzwanzigster Mai neunzehnhundertsechzig",
    "april thirtieth nineteen sixty nine": "dreißigster April neunzehnhundertneunundsechzig",
    "seven may nineteen forty four": "siebter Mai neunzehnhundertvierundvierzig",
    "eighteen february nineteen seventy": "achtzehnter Februar neunzehnhundertsiebzig",
    "ninth of september nineteen sixty four": "neunter September neunzehnhundertvierundsechzig",
    "june first nineteen oh five": "erster Juni neunzehnhundertfünf",
    "july fourth two thousand and one": "vierter Juli zweitausendeins",
    "october nineteen seventy": "Oktober neunzehnhundertsiebzig",
    "january eleventh": "elfter Januar",
    "december": "Dezember",
    "thirty one j a n u a r y one nine seven zero": "einunddreißig J A N U A R Y eins neun sieben null",
    # dates in numbers: month before day in English, day before month in German
    "eight fourteen sixty four": "vierzehnter Achter vierundsechzig",
    "seven fifteen nineteen seventy": "fünfzehnter Siebter neunzehnhundertsiebzig",
    "twelve nine of sixty": "neunter Zwölfter sechzig",
    "twelve nineteen sixty nine": "neunzehnter Zwölfter neunundsechzig",
    "one thirty one sixty three": "einunddreißigster Erster dreiundsechzig",
    # and what only looks like one
    "thirteen fourteen sixty four": "dreizehn vierzehn vierundsechzig",
    "one thirty two sixty three": "eins zweiunddreißig dreiundsechzig",
    "eight nine ten": "acht neun zehn",
    "enter eight fourteen sixty four": "acht vierzehn vierundsechzig eingeben",
}


@pytest.mark.parametrize(("english", "german"), HAND_CHECKED.items())
def test_hand_checked(english, german):
    assert translate(english) == german
    assert translate(english.upper()) == german


def test_the_german_spelling_alphabet():
    assert translate("erase c q f seven", "alphabet") == "Chemnitz Quickborn Frankfurt sieben löschen"
    assert translate("a m y", "alphabet") == "Aachen München Ypsilon"
    assert sorted(ALPHABET) == list("abcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize("transcript", ["go home", "area", "hundred", "half", "and", "twelve of"])
def test_what_no_rule_is_for_is_refused(transcript):
    with pytest.raises(TranslationError, match=repr(transcript)):
        translate(transcript)


def test_all_english_numbers_below_ten_thousand_are_read():
    small = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ]  # fmt: skip
    tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]

    def english(number):
        if number >= 100:
            name, unit = ("thousand", 1000) if number >= 1000 else ("hundred", 100)
            rest = number % unit
            return f"{english(number // unit)} {name}" + (f" {english(rest)}" if rest else "")
        if number < 20:
            return small[number]
        return tens[number // 10 - 2] + (f" {small[number % 10]}" if number % 10 else "")

    for number in range(10_000):
        words = english(number).split()
        assert read_number(words, 0) == (Number(number, whole=number >= 100), len(words))


def transcripts(folder):
    for split in ("train", "test"):
        for line in (folder / "etc" / f"an4_{split}.transcription").read_text("ascii").splitlines():
            yield re.sub(r"</?s>|\(.*\)$", "", line).strip()


def test_every_transcript_of_the_data_set_has_a_translation(shared_data):
    found = list(transcripts(shared_data / "an4"))
    assert len(found) == 948 + 130
    for transcript in found:
        english = transcript.lower().split()
        letters = [word.upper() for word in english if word in ALPHABET]
        for spelling, names in (
            ("letters", letters),
            ("alphabet", [ALPHABET[letter.lower()] for letter in letters]),
        ):
            german = translate(transcript, spelling).split()
            # spelled letters stay as they are and in order; the "a" of "and a half" is none
            spelled = [word for word in german if word in set(names)]
            assert spelled == (names if "half" not in english else []), transcript


def test_different_transcripts_have_different_translations(shared_data):
    readings = {}
    for transcript in transcripts(shared_data / "an4"):
        readings.setdefault(translate(transcript), set()).add(transcript.replace("ZERO", "OH"))
    assert {german: said for german, said in readings.items() if len(said) > 1} == {}
