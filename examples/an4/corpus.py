"""AN4 as manifests: its MFCC features as arrays, its transcripts, and rule-made German.

The data set has its own test set of ten people who are not in its training set. Dev is made of some of
the training set's people, who are then not trained on: as in the test, nobody in it was heard before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from examples.an4.german import Spelling, translate

DIM = 13  # cepstral coefficients a frame
_LINE = re.compile(r"(?:<s>)?(?P<text>[^<(]+?)\s*(?:</s>)?\s*\((?P<id>[^()\s]+)\)")


@dataclass(frozen=True)
class Utterance:
    """What somebody said. ``mfcc``: its features. ``tempo`` 1.1: to be made 10 % faster."""

    id: str
    speaker: str
    english: str
    german: str
    mfcc: Path
    tempo: float = 1.0

    def row(self, audio: str) -> dict[str, str]:
        """The manifest row of this utterance, its features being in ``audio``."""
        return {
            "id": self.id,
            "audio": audio,
            "src_text": self.english,
            "tgt_text": self.german,
            "speaker": self.speaker,
            "src_lang": "en",
            "tgt_lang": "de",
        }


def list_utterances(an4: Path, part: str, spelling: Spelling = "letters") -> list[Utterance]:
    """The utterances of a part of the data set, in its order.

    Args:
        an4: the data set's folder, with ``etc`` and ``feat`` in it.
        part: "train" or "test".
        spelling: how German spells, see :func:`examples.an4.german.translate`.

    Raises:
        FileNotFoundError: the folder has no such part.
        ValueError: its lists do not belong together; file and line are named.
    """
    lists = [an4 / "etc" / f"an4_{part}.{kind}" for kind in ("fileids", "transcription")]
    for path in lists:
        if not path.is_file():
            raise FileNotFoundError(
                f"{path}: no such file; name the folder of CMU AN4 in its distribution as MFCC features, "
                "which has the folders etc and feat in it"
            )
    files, transcripts = (path.read_text("utf-8").splitlines() for path in lists)
    if len(files) != len(transcripts):
        raise ValueError(
            f"{lists[0]} has {len(files)} lines and {lists[1]} {len(transcripts)}; they have to pair "
            "line by line: get the data set anew"
        )
    utterances = []
    for number, (file, line) in enumerate(zip(files, transcripts, strict=True), start=1):
        found = _LINE.fullmatch(line.strip())
        if not found or Path(file).name != found["id"]:
            raise ValueError(
                f"{lists[1]}, line {number}: {line!r} is no transcript of {file!r}: get the data set anew"
            )
        english = found["text"].strip().lower()
        german = translate(english, spelling)
        mfcc = an4 / "feat" / f"{file}.mfc"
        utterances.append(Utterance(found["id"], Path(file).parent.name, english, german, mfcc))
    return utterances


def dev_speakers(utterances: Sequence[Utterance]) -> list[str]:
    """The people of dev: every ninth of the training set's in alphabetical order, from the fifth on.

    Women's names begin with f and men's with m, so both are in it.
    """
    return sorted({utterance.speaker for utterance in utterances})[4::9]


def read_mfcc(path: Path) -> np.ndarray:
    """The features in a file of the data set: (frames, `DIM`) float32, a frame every 10 ms.

    Raises:
        ValueError: the file is no complete file of features.
    """
    content = path.read_bytes()
    values = int.from_bytes(content[:4], "big")
    if not values or values % DIM or len(content) != 4 + 4 * values:
        raise ValueError(
            f"{path}: no MFCC features: a count of values, big-endian, and that many floats, {DIM} a "
            "frame, were expected; get the file anew"
        )
    return np.frombuffer(content, ">f4", offset=4).reshape(-1, DIM).astype(np.float32)


def change_tempo(features: np.ndarray, tempo: float) -> np.ndarray:
    """Features (frames, dimensions) of the same at another tempo: at 1.1 there are 10 % fewer frames.

    Frames are interpolated between their neighbours. Unlike speech played faster, its pitch and the
    colour of the voice stay.
    """
    if tempo == 1.0 or len(features) < 2:
        return features
    position = np.linspace(0, len(features) - 1, max(2, round(len(features) / tempo)))
    before = np.minimum(position.astype(int), len(features) - 2)
    share = (position - before)[:, None].astype(np.float32)
    return (1 - share) * features[before] + share * features[before + 1]


def write_features(utterances: Sequence[Utterance], folder: Path, inside: str) -> Iterator[dict[str, str]]:
    """Write each utterance's features to ``folder/inside/<id>.npy`` and yield its manifest row.

    The manifest is meant to lie in ``folder``: paths in it are relative, so both can be moved.
    """
    (folder / inside).mkdir(parents=True, exist_ok=True)
    for utterance in utterances:
        audio = f"{inside}/{utterance.id}.npy"
        np.save(folder / audio, change_tempo(read_mfcc(utterance.mfcc), utterance.tempo))
        yield utterance.row(audio)
