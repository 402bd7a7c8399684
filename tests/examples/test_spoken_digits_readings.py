"""How pairs of digits are read: in German as one number."""

import csv

import pytest

from examples.spoken_digits import readings

KNOWN_READINGS = {
    (0, 0): "null null",
    (0, 7): "null sieben",
    (1, 0): "zehn",
    (1, 1): "elf",
    (1, 2): "zwölf",
    (1, 6): "sechzehn",
    (1, 7): "siebzehn",
    (2, 0): "zwanzig",
    (2, 1): "einundzwanzig",
    (3, 3): "dreiunddreißig",
    (4, 2): "zweiundvierzig",
    (5, 5): "fünfundfünfzig",
    (6, 0): "sechzig",
    (7, 1): "einundsiebzig",
    (7, 6): "sechsundsiebzig",
    (9, 8): "achtundneunzig",
}


@pytest.mark.parametrize(("pair", "reading"), KNOWN_READINGS.items())
def test_known_readings(pair, reading):
    assert readings.read_pair(*pair) == reading


def test_readings_equal_the_shared_table(shared_data):
    with (shared_data / "fsdd" / "german_pairs.tsv").open(encoding="utf-8") as file:
        table = {row["spoken"]: row["german"] for row in csv.DictReader(file, delimiter="\t")}
    ours = {
        readings.transcript(pair): readings.read_pair(*pair)
        for pair in ((tens, units) for tens in range(10) for units in range(10))
    }
    assert ours == table


def test_all_pairs_read_differently():
    different = {readings.translation([t, u]) for t in range(10) for u in range(10)}
    assert len(different) == 100


def test_several_pairs():
    assert readings.transcript([4, 2, 7, 1]) == "four two seven one"
    assert readings.translation([4, 2, 7, 1]) == "zweiundvierzig einundsiebzig"
    with pytest.raises(ValueError, match="3 digits"):
        readings.translation([1, 2, 3])
    with pytest.raises(ValueError, match="10 is not a digit"):
        readings.read_pair(10, 2)
