"""Miniatures of published corpora: a few spoken sentences in the file layout of the real ones."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
import soxr

from tests.media_files import write_media

RATE = 16000
#: Silence at the start of a recording: so "11.2" and "8.5" differ in their order as numbers and as text.
LEAD = 8.5
GAP = 0.2

ENGLISH = (
    "good morning", 'he said "no"', "we are here", "thank you very much", "what is that",
    "the sea is deep", "nobody knows", "look at the moon", "it works", "I do not agree",
    "let us begin", "a long way home",
)  # fmt: skip
TRANSLATIONS = {
    "de": (
        "Guten Morgen", 'er sagte "nein"', "wir sind hier", "vielen Dank", "was ist das",
        "das Meer ist tief", "niemand weiß es", "sieh den Mond", "es läuft", "ich stimme nicht zu",
        "fangen wir an", "ein weiter Heimweg",
    ),
    "fr": (
        "bonjour", 'il a dit "non"', "nous sommes là", "merci beaucoup", "qu'est-ce que c'est",
        "la mer est profonde", "personne ne sait", "regarde la lune", "ça marche", "je ne suis pas d'accord",
        "commençons", "un long chemin",
    ),
}  # fmt: skip


class Segment(NamedTuple):
    """Sentence number `sentence` as spoken from `offset` on, in seconds."""

    recording: str
    offset: float
    duration: float
    sentence: int


@cache
def speak(sentence: int) -> np.ndarray:
    """The sound of a sentence at `RATE`: by espeak-ng where it is installed, else a tone."""
    try:
        import espeakng_loader  # noqa: F401

        from examples.quickstart.speech import RATE as SPOKEN
        from examples.quickstart.speech import TRAINING_VOICES
        from examples.quickstart.speech import speak as synthesise
    except ImportError:
        time = np.arange(round((0.6 + 0.05 * sentence) * RATE)) / RATE
        return (0.2 * np.sin(2 * np.pi * (200 + 40 * sentence) * time)).astype(np.float32)
    samples = synthesise(ENGLISH[sentence], TRAINING_VOICES[0]).astype(np.float32) / 2**15
    return soxr.resample(samples, SPOKEN, RATE)


def record(name: str, sentences: Sequence[int], lead: float = LEAD) -> tuple[np.ndarray, list[Segment]]:
    """A recording of several sentences with pauses between them, and where each is."""
    pieces, segments, seconds = [np.zeros(round(lead * RATE), np.float32)], [], lead
    for sentence in sentences:
        samples = speak(sentence)
        duration = int(100 * len(samples) / RATE) / 100
        segments.append(Segment(name, round(seconds, 2), duration, sentence))
        samples = samples[: round(duration * RATE)]
        pieces += [samples, np.zeros(round(GAP * RATE), np.float32)]
        seconds += duration + GAP
    return np.concatenate(pieces), segments


#: The sentences of the talks of each split.
TALKS = {
    "train": {"ted_1": (0, 1, 2, 3), "ted_2": (4, 5, 6, 7)},
    "dev": {"ted_3": (8, 9)},
    "tst-COMMON": {"ted_4": (10, 11)},
    "tst-HE": {"ted_5": (0, 11)},
}


def make_mustc(root: Path, langs: Sequence[str] = ("de",)) -> Path:
    """MuST-C in English and `langs`, as its archives unpack."""
    for lang in langs:
        for split, talks in TALKS.items():
            folder = root / f"en-{lang}" / "data" / split
            for part in ("wav", "txt"):
                (folder / part).mkdir(parents=True)
            segments = []
            for talk, sentences in talks.items():
                samples, own = record(talk, sentences)
                soundfile.write(folder / "wav" / f"{talk}.wav", samples, RATE, "PCM_16")
                segments += own
            lines = [
                f"- {{duration: {s.duration}, offset: {s.offset}, rW: 3, uW: 0, "
                f"speaker_id: spk.{s.recording[-1]}, wav: {s.recording}.wav}}\n"
                for s in segments
            ]
            write_lines(folder / "txt" / f"{split}.yaml", lines)
            write_lines(folder / "txt" / f"{split}.en", [ENGLISH[s.sentence] + "\n" for s in segments])
            texts = [TRANSLATIONS[lang][s.sentence] + "\n" for s in segments]
            write_lines(folder / "txt" / f"{split}.{lang}", texts)
    return root


def make_covost2(root: Path, langs: Sequence[str] = ("de",)) -> Path:
    """Common Voice of English with the tables of CoVoST 2 beside it; clip 7 is of no split of it."""
    folder = root / "en"
    (folder / "clips").mkdir(parents=True)
    splits = ["train", "train_covost", "train", "train", "train", "train_covost"]
    splits += ["train", "", "dev", "dev", "test", "test"]
    rows = ["client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccent\n"]
    for i, sentence in enumerate(ENGLISH):
        clip = f"common_voice_en_{100 + i}.mp3"
        samples = soxr.resample(speak(i), RATE, 48000)
        soundfile.write(folder / "clips" / clip, samples, 48000, format="MP3")
        rows.append(f"client{i % 3}\t{clip}\t{sentence}\t2\t0\t\t\t\n")
    write_lines(folder / "validated.tsv", rows)
    for lang in langs:
        rows = ["path\ttranslation\tsplit\n"]
        for i, split in enumerate(splits):
            if split:
                rows.append(f"common_voice_en_{100 + i}.mp3\t{TRANSLATIONS[lang][i]}\t{split}\n")
        write_lines(folder / f"covost_v2.en_{lang}.tsv", rows)
    return root


#: Recordings of a miniature of Europarl-ST; names have dots, as the real ones have.
SPEECHES = {
    "train": {"en.20081117.22.1-114": (0, 1, 2, 3), "en.20090112.7.1-083": (4, 5, 6, 7)},
    "dev": {"en.20100419.14.1-100": (8, 9)},
    "test": {"en.20110912.3.1-064": (10, 11)},
}


def make_europarl_st(root: Path, langs: Sequence[str] = ("de",), suffix: str = ".m4a") -> Path:
    """Europarl-ST from English; the original recordings are m4a."""
    audios = root / "en" / "audios"
    audios.mkdir(parents=True)
    for split, speeches in SPEECHES.items():
        recorded = {name: record(name, sentences, 0.37) for name, sentences in speeches.items()}
        for name, (samples, _) in recorded.items():
            path, samples = audios / f"{name}{suffix}", soxr.resample(samples, RATE, 44100)
            if suffix == ".m4a":
                write_media(path, samples, 44100)
            else:
                soundfile.write(path, samples, 44100)
        segments = [segment for _, own in recorded.values() for segment in own]
        for lang in langs:
            folder = root / "en" / lang / split
            folder.mkdir(parents=True)
            write_lines(
                folder / "segments.lst",
                [f"{s.recording} {s.offset:.2f} {s.offset + s.duration:.2f}\n" for s in segments],
            )
            write_lines(folder / "segments.en", [ENGLISH[s.sentence] + "\n" for s in segments])
            texts = [TRANSLATIONS[lang][s.sentence] + "\n" for s in segments]
            write_lines(folder / f"segments.{lang}", texts)
            write_lines(folder / "speeches.lst", [f"{name}\n" for name in recorded])
            write_lines(folder / "speakers.lst", [f"MEP_{i}\n" for i in range(len(recorded))])
            write_lines(folder / "url.lst", [f"https://example.org/{name}\n" for name in recorded])
    return root


def write_lines(path: Path, lines: Sequence[str]) -> None:
    path.write_text("".join(lines), encoding="utf-8")


def check_relative_root(read: Callable, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus that is named relative to the working directory has the same files, by relative paths."""

    def paths(root: Path | str) -> list[str]:
        return [u.segment.path for split in read(root).values() for u in split.utterances]

    monkeypatch.chdir(corpus.parent)
    found = paths(corpus.name)
    assert found == [str(Path(path).relative_to(corpus.parent)) for path in paths(corpus)]
    assert all(Path(path).is_file() for path in found)
