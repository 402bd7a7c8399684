"""The corpus of the command-line tests: a few sentences of numbers, spoken by espeak-ng."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import yaml

from interactive_st.data.manifest import write_manifest

ENGLISH = ("one", "two", "three", "four", "five")
GERMAN = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf"}
RATE = 22050  # Hz, unlike that of the features
#: Utterances of each split, and which of them lack a text.
SPLITS = {"train_a": 8, "train_b": 6, "dev": 4, "test": 5}
WITHOUT = {("train_b", 1): "src_text", ("train_b", 2): "tgt_text", ("train_b", 4): "src_text"}


@dataclass(frozen=True)
class Corpus:
    """The manifests of recordings, and the data folder prepared from them."""

    recordings: Path
    data: Path

    def rows(self, split: str) -> list[dict[str, str]]:
        """The rows of a manifest."""
        names, *lines = (self.recordings / f"{split}.tsv").read_text(encoding="utf-8").splitlines()
        return [dict(zip(names.split("\t"), line.split("\t"), strict=True)) for line in lines]

    def configure(self, name: str, **changes: object) -> str:
        """Write the data folder's configuration, changed, beside it; return its name."""
        config = yaml.safe_load((self.data / "config_joint.yaml").read_text(encoding="utf-8"))
        (self.data / name).write_text(yaml.safe_dump(config | changes), encoding="utf-8")
        return name


def speech(text: str, number: int) -> np.ndarray:
    """The sound of a text, (samples,) at RATE: spoken where espeak-ng is installed, else noise."""
    from examples.quickstart.speech import TRAINING_VOICES, SpeechError, speak

    try:
        return speak(text, TRAINING_VOICES[number % len(TRAINING_VOICES)])
    except SpeechError:
        noise = np.random.default_rng(number).normal(0, 0.1, RATE // 2)
        return (noise * 32767).clip(-32767, 32767).astype(np.int16)


def write_recordings(folder: Path, split: str, count: int, first: int) -> None:
    """Speak `count` sentences of four or five numbers and list them in a manifest."""
    rows = []
    for number in range(first, first + count):
        words = [ENGLISH[(number * step + step) % len(ENGLISH)] for step in range(1, 5 + number % 2)]
        row = {
            "id": f"{split}-{number}",
            "audio": f"{split}-{number}.wav",
            "src_text": " ".join(words),
            "tgt_text": " ".join(GERMAN[word] for word in words),
            "speaker": ("theo", "lucas")[number % 2],
        }
        soundfile.write(folder / row["audio"], speech(row["src_text"], number), RATE)
        lacking = WITHOUT.get((split, number - first))
        rows.append(row | {lacking: ""} if lacking else row)
    write_manifest(folder / f"{split}.tsv", rows, list(rows[0]))
