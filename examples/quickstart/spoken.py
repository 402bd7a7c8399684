"""Utterances of synthetic speech: sentence pairs spoken to files, with a manifest for each split."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from examples import steps
from examples.progress import watched
from examples.quickstart import room, speech
from examples.quickstart.room import Room
from examples.quickstart.speech import Voice
from examples.runner import Recipe, RecipeError
from interactive_st.data.manifest import write_manifest

SAMPLE_RATE = 16000  # Hz, of the files: what recognisers commonly take
FULL_SCALE = 32768  # of 16-bit samples


@dataclass(frozen=True)
class Utterance:
    """A pair of texts, who speaks the English one, and where; None: the voice alone is heard."""

    id: str
    english: str
    german: str
    voice: Voice
    room: Room | None = None

    @property
    def audio(self) -> str:
        """File name, made from all that shapes the sound, so that what is there can be kept."""
        return f"{self.voice.name}/{self._sound.hexdigest()[:20]}.flac"

    def sound(self) -> np.ndarray:
        """The sound, (samples,) int16 at `SAMPLE_RATE`. Raises `SpeechError` as `speech.speak` does."""
        samples = soxr.resample(speech.speak(self.english, self.voice), speech.RATE, SAMPLE_RATE)
        if self.room is None:
            return samples
        seed = int.from_bytes(self._sound.digest()[:8], "big")
        sound = room.put_into(samples / FULL_SCALE, SAMPLE_RATE, self.room, seed)
        return np.clip(np.rint(sound * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)

    @property
    def _sound(self) -> hashlib._Hash:
        shape = [self.english, *astuple(self.voice), SAMPLE_RATE, *(astuple(self.room) if self.room else ())]
        return hashlib.sha256("\n".join(map(str, shape)).encode())

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


def make_corpus(recipe: Recipe, splits: Mapping[str, Sequence[Utterance]]) -> dict[str, Path]:
    """Speak the utterances of each split and write its manifest; returns manifests by split.

    Args:
        recipe: the run whose folder `corpus` is filled; what is there of it is kept.
        splits: utterances by split.

    Raises:
        RecipeError: espeak-ng is missing or refuses to speak.
    """

    def write(folder: Path, manifests: Mapping[str, Path]) -> None:
        audio = folder / "audio"
        utterances = [utterance for group in splits.values() for utterance in group]
        remove_others(audio, utterances)
        try:
            spoken = write_audio(utterances, audio, recipe.threads)
            for _ in watched(spoken, "speaking", len(utterances)):
                pass
        except speech.SpeechError as error:
            raise RecipeError(str(error)) from error
        for split, group in splits.items():
            write_manifest(manifests[split], [utterance.row(audio.name) for utterance in group])

    what = "sentences spoken by examples.quickstart.spoken"
    return steps.make_corpus(recipe, splits, what, describe(splits), write)


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


def _write(job: tuple[Utterance, Path]) -> Utterance:
    utterance, folder = job
    path = folder / utterance.audio
    if not path.exists():
        samples = utterance.sound()
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        soundfile.write(unfinished, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
        os.replace(unfinished, path)
    return utterance
