"""The spoken Tatoeba corpus: real sentence pairs, joined to utterances, and who speaks them.

One English sentence often has several German translations. It and all of them are on one side: what is
said in dev or test is never said in training, not even with other punctuation.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from examples.quickstart import speech
from examples.quickstart.speech import Voice
from examples.quickstart.spoken import Utterance

NEW_VOICE = "test_new_voice"  # the split spoken by the voices that training never hears

VOICES = (
    *speech.TRAINING_VOICES,
    Voice("us-male-low", "en-us+m5", 185, 30),
    Voice("us-female-high", "en-us+f5", 195, 65),
    Voice("gb-male-fast", "en+m1", 230, 45),
    Voice("scotland-female", "en-gb-scotland+f1", 195, 50),
    speech.HELD_OUT_VOICE,
    Voice("lancaster-female", "en-gb-x-gbclan+f4", 195, 50),
)
#: An accent that no other voice has.
TEST_VOICES = (VOICES[-2].name, VOICES[-1].name)

_SPACES = re.compile(r"\s+")
_INVISIBLE = re.compile("[\u200b\u200c\u200d\ufeff]")
_NO_WORDS = re.compile(r"[^\w']+")


@dataclass(frozen=True)
class Sizes:
    """Utterances in each split, `test` being those of each test split, and sentences in an utterance."""

    train: int
    dev: int
    test: int
    sentences: tuple[int, int] = (2, 3)


def read_pairs(path: Path) -> dict[str, list[tuple[str, str]]]:
    """The pairs (English, German) of a table, by what is said: see `said`. In the order of the table.

    The table has two columns with a tab between, English and German, below a header line; fields with
    quotation marks in them may be quoted as spreadsheets do. Pairs that occur twice are taken once.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a line is no pair; file and line are named.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; name a table of English and German sentences with a tab between, such "
            "as one made from https://tatoeba.org"
        )
    pairs: dict[str, list[tuple[str, str]]] = {}
    with path.open(encoding="utf-8") as file:
        next(file, None)
        for number, line in enumerate(file, start=2):
            fields = line.rstrip("\n").split("\t")
            cleaned = [clean(_unquoted(field)) for field in fields]
            if len(cleaned) != 2 or not said(cleaned[0]) or not cleaned[1]:
                raise ValueError(
                    f"{path}, line {number}: {fields!r} is no pair of an English and a German "
                    "sentence; correct or remove it"
                )
            known = pairs.setdefault(said(cleaned[0]), [])
            if (cleaned[0], cleaned[1]) not in known:
                known.append((cleaned[0], cleaned[1]))
    return pairs


def _unquoted(field: str) -> str:
    """A field without the quotation marks of a spreadsheet, which doubles those inside; others, such as
    speech that opens or closes with a mark, are as they are."""
    inner = field[1:-1]
    quoted = len(field) > 1 and field[0] == field[-1] == '"' and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if quoted else field


def clean(text: str) -> str:
    """A text without invisible characters, and with plain spaces alone."""
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()


def said(english: str) -> str:
    """What of a sentence is heard: its words, without case and punctuation. "Run!" is said as "Run."."""
    return _NO_WORDS.sub(" ", english.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")).strip()


def plan(
    pairs: Mapping[str, Sequence[tuple[str, str]]],
    sizes: Sizes,
    seed: int,
    voices: Sequence[Voice],
    test_voices: Sequence[Voice] = (),
) -> dict[str, list[Utterance]]:
    """Who says what in train, dev, test and, with voices for it alone, `NEW_VOICE`.

    Test and `NEW_VOICE` are the same texts by different voices. In dev and test each sentence occurs
    once, in training all occur once before any occurs again, then with its next translation. More training
    utterances change nothing in those there were, nor in dev and test.

    Raises:
        ValueError: there are no voices, a voice is on both sides, or there are too few sentences.
    """
    both = sorted({voice.name for voice in voices} & {voice.name for voice in test_voices})
    if both or not voices:
        raise ValueError(
            f"{', '.join(both) or 'no voice'}: training needs voices of its own; name each on one side"
        )
    keys = _shuffled(sorted(pairs), _random(seed, "sentences"))
    held_out = sizes.sentences[1] * (sizes.dev + sizes.test)
    if len(keys) - held_out < sizes.sentences[1]:
        raise ValueError(
            f"{len(keys)} different sentences are too few for {sizes.test} test and {sizes.dev} dev "
            f"utterances of up to {sizes.sentences[1]} and some to train on; ask for fewer"
        )
    first_dev = sizes.sentences[1] * sizes.test
    parts = {"test": keys[:first_dev], "dev": keys[first_dev:held_out], "train": keys[held_out:]}
    counts = {"train": sizes.train, "dev": sizes.dev, "test": sizes.test}
    texts = {
        split: list(_texts(pairs, parts[split], count, sizes.sentences, _random(seed, split)))
        for split, count in counts.items()
    }
    splits = {split: _spoken(split, texts[split], voices, seed) for split in counts}
    if test_voices:
        splits[NEW_VOICE] = _spoken(NEW_VOICE, texts["test"], test_voices, seed)
    return splits


def _texts(
    pairs: Mapping[str, Sequence[tuple[str, str]]],
    keys: Sequence[str],
    count: int,
    sentences: tuple[int, int],
    random: np.random.Generator,
) -> Iterator[tuple[str, str]]:
    """The texts of `count` utterances: sentences of `keys`, joined; rounds of all of them."""
    deck: list[str] = []
    rounds = 0
    for _ in range(count):
        length = random.integers(sentences[0], sentences[1] + 1)
        chosen: list[tuple[str, str]] = []
        while len(chosen) < length:
            if not deck:
                deck = _shuffled(keys, random)
                rounds += 1
            key = deck.pop()
            chosen.append(pairs[key][(zlib.crc32(key.encode()) + rounds) % len(pairs[key])])
        yield " ".join(english for english, _ in chosen), " ".join(german for _, german in chosen)


def _spoken(
    split: str, texts: Sequence[tuple[str, str]], voices: Sequence[Voice], seed: int
) -> list[Utterance]:
    """The voices take turns in shuffled rounds."""
    random = _random(seed, f"voices of {split}")
    turns: list[int] = []
    while len(turns) < len(texts):
        turns += random.permutation(len(voices)).tolist()
    return [
        Utterance(f"{split}_{number:06d}", english, german, voices[turn])
        for number, ((english, german), turn) in enumerate(zip(texts, turns, strict=False))
    ]


def _shuffled(keys: Sequence[str], random: np.random.Generator) -> list[str]:
    return [keys[place] for place in random.permutation(len(keys))]


def _random(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
