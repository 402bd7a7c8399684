"""German number words, against readings written by hand."""

import pytest

from examples.german_numbers import cardinal, ordinal, year

CARDINALS = {
    0: "null",
    1: "eins",
    11: "elf",
    16: "sechzehn",
    17: "siebzehn",
    21: "einundzwanzig",
    30: "dreißig",
    66: "sechsundsechzig",
    77: "siebenundsiebzig",
    100: "einhundert",
    101: "einhunderteins",
    111: "einhundertelf",
    121: "einhunderteinundzwanzig",
    649: "sechshundertneunundvierzig",
    1000: "eintausend",
    1001: "eintausendeins",
    2552: "zweitausendfünfhundertzweiundfünfzig",
    4900: "viertausendneunhundert",
    6000: "sechstausend",
    21000: "einundzwanzigtausend",
    58939: "achtundfünfzigtausendneunhundertneununddreißig",
    101000: "einhunderteintausend",
    116016: "einhundertsechzehntausendsechzehn",
    999999: "neunhundertneunundneunzigtausendneunhundertneunundneunzig",
}
ORDINALS = {
    1: "erst",
    2: "zweit",
    3: "dritt",
    6: "sechst",
    7: "siebt",
    8: "acht",
    12: "zwölft",
    17: "siebzehnt",
    18: "achtzehnt",
    19: "neunzehnt",
    20: "zwanzigst",
    24: "vierundzwanzigst",
    31: "einunddreißigst",
    85: "fünfundachtzigst",
    100: "einhundertst",
    101: "einhunderterst",
    1007: "eintausendsiebt",
    1018: "eintausendachtzehnt",
}
YEARS = {
    1066: "eintausendsechsundsechzig",
    1100: "elfhundert",
    1901: "neunzehnhunderteins",
    1970: "neunzehnhundertsiebzig",
    1999: "neunzehnhundertneunundneunzig",
    2000: "zweitausend",
    2026: "zweitausendsechsundzwanzig",
}


@pytest.mark.parametrize(("number", "word"), CARDINALS.items())
def test_cardinals(number, word):
    assert cardinal(number) == word


@pytest.mark.parametrize(("number", "stem"), ORDINALS.items())
def test_ordinals(number, stem):
    assert ordinal(number) == stem


@pytest.mark.parametrize(("number", "word"), YEARS.items())
def test_years(number, word):
    assert year(number) == word


def test_no_two_numbers_sound_alike():
    assert len({cardinal(number) for number in range(10_000)}) == 10_000
    assert len({ordinal(number) for number in range(1, 2000)}) == 1999


@pytest.mark.parametrize("number", [-1, 1_000_000])
def test_numbers_without_a_word(number):
    with pytest.raises(ValueError, match="from 0 to 999999"):
        cardinal(number)
    with pytest.raises(ValueError, match="to 999999"):
        ordinal(number)
