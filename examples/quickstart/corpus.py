"""The quickstart corpus: sentences of the grammar, spoken, with a manifest for each split."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import soundfile
import soxr

from examples.quickstart import grammar, speech
from examples.quickstart.speech import Voice

SAMPLE_RATE = 16000  # Hz, of the files: what recognisers commonly take
HELD_OUT = "test_new_voice"  # the split spoken by the voice that training never hears


@dataclass(frozen=True)
class Sizes:
    """Sentences in each split. `voices_each`: how many voices speak a training sentence."""

    train: int = 4000
    dev: int = 200
    test: int = 300
    new_voice: int = 150
    voices_each: int = 1


@dataclass(frozen=True)
class Utterance:
    """A sentence pair and who speaks it."""

    id: str
    english: str
    german: str
    voice: Voice

    @property
    def audio(self) -> str:
        """File name, made from all that shapes the sound, so that what is there can be kept."""
        spoken = "\n".join(map(str, (self.english, *astuple(self.voice), SAMPLE_RATE)))
        return f"{self.voice.name}/{hashlib.sha256(spoken.encode()).hexdigest()[:20]}.flac"

    def row(self, folder: str) -> dict[str, str]:
        """The manifest row, the sound being below `folder`."""
        return {
            "id": self.id,
            "audio": f"{folder}/{self.audio}",
            "src_text": self.english,
            "tgt_text": self.german,
            "speaker": self.voice.name,
            "src_lang": "en",
            "tgt_lang": "de",
        }


def plan(
    sizes: Sizes,
    seed: int = 1,
    voices: Sequence[Voice] = speech.TRAINING_VOICES,
    new_voice: Voice = speech.HELD_OUT_VOICE,
) -> dict[str, list[Utterance]]:
    """Who says what in train, dev, test and `HELD_OUT`; no sentence is in two of them.

    The training voices take turns, in the first three. A split of size 0 is left out.

    Raises `ValueError` where the held-out voice is among the training voices, where training asks
    for more voices a sentence than there are, or where the grammar has too few sentences.
    """
    if new_voice in voices:
        raise ValueError(f"{new_voice.name} is to be held out; take it off the training voices")
    if not 1 <= sizes.voices_each <= len(voices):
        raise ValueError(
            f"each training sentence was to be spoken by {sizes.voices_each} voices; "
            f"ask for 1 to {len(voices)}"
        )
    counts = {
        "train": sizes.train, "dev": sizes.dev, "test": sizes.test, HELD_OUT: sizes.new_voice
    }  # fmt: skip
    pairs = grammar.split({name: count for name, count in counts.items() if count}, seed)
    rng = random.Random(seed)
    splits: dict[str, list[Utterance]] = {}
    for split, chosen in pairs.items():
        speakers = [new_voice] if split == HELD_OUT else list(voices)
        each = sizes.voices_each if split == "train" else 1
        turns = _turns(speakers, len(chosen), each, rng)
        spoken = ((pair, voice) for pair, group in zip(chosen, turns, strict=True) for voice in group)
        splits[split] = [
            Utterance(f"{split}_{number:05d}", pair.english, pair.german, voice)
            for number, (pair, voice) in enumerate(spoken)
        ]
    return splits


def write_audio(utterances: Sequence[Utterance], folder: Path, processes: int = 1) -> Iterator[Utterance]:
    """Speak each utterance to its file below `folder` (flac, 16 bit) and yield it when it is there.

    Files already there are kept, so a stopped run goes on; they appear only when complete.
    """
    for name in {utterance.voice.name for utterance in utterances}:
        (folder / name).mkdir(parents=True, exist_ok=True)
    jobs = [(utterance, folder) for utterance in utterances]
    if processes == 1:
        yield from map(_write, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(_write, jobs, chunksize=32)


def remove_others(folder: Path, utterances: Iterable[Utterance]) -> None:
    """Delete sound files below `folder` that belong to none of the utterances."""
    wanted = {folder / utterance.audio for utterance in utterances}
    for path in folder.glob("*/*.flac"):
        if path not in wanted:
            path.unlink()


def describe(splits: Mapping[str, Sequence[Utterance]]) -> dict[str, list[dict[str, str]]]:
    """All that makes the corpus, in types that JSON can hold."""
    return {split: [u.row("audio") for u in utterances] for split, utterances in splits.items()}


def _turns(voices: Sequence[Voice], sentences: int, each: int, rng: random.Random) -> Iterator[list[Voice]]:
    """For each sentence `each` different voices; all voices equally often, in shuffled rounds."""
    waiting: list[Voice] = []
    for _ in range(sentences):
        group: list[Voice] = []
        while len(group) < each:
            if not waiting:
                waiting = rng.sample(list(voices), len(voices))
            position = next((i for i, v in enumerate(waiting) if v not in group), None)
            if position is None:
                waiting += rng.sample(list(voices), len(voices))
                continue
            group.append(waiting.pop(position))
        yield group


def _write(job: tuple[Utterance, Path]) -> Utterance:
    utterance, folder = job
    path = folder / utterance.audio
    if not path.exists():
        samples = speech.speak(utterance.english, utterance.voice)
        samples = soxr.resample(samples, speech.RATE, SAMPLE_RATE)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        soundfile.write(unfinished, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
        os.replace(unfinished, path)
    return utterance
