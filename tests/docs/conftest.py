"""What the examples of the documents begin with: recordings, a data folder, a checkpoint, a model folder."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from mini_corpora import RATE, record

from tests.media_files import write_media

#: Lines of manifests that README.md and pages build on: id, recording, speaker, both texts.
ROWS = (
    ("t1", "talk1.flac", "anna", "good morning", "Guten Morgen"),
    ("t2", "talk2.flac", "ben", "we are here", "wir sind hier"),
    ("t3", "talk3.flac", "anna", "it works", ""),
)


def make_recordings(folder: Path) -> None:
    """Write the recordings that the documents name, 4 s each, of two sentences."""
    for number in (1, 2, 3):
        samples, _ = record("", (2 * number - 2, 2 * number - 1), lead=0.1)
        samples = np.pad(samples, (0, 4 * RATE - len(samples)))
        soundfile.write(folder / f"talk{number}.flac", samples, RATE)
    soundfile.write(folder / "talk.wav", samples, RATE)
    soundfile.write(folder / "talk.mp3", samples, RATE, format="MP3")
    write_media(folder / "talk.mp4", samples, RATE, video=len(samples) / RATE)


def make_manifests(folder: Path) -> None:
    """Write train.tsv, dev.tsv and test.tsv beside the recordings."""
    lines = ["\t".join(row) for row in (("id", "audio", "speaker", "src_text", "tgt_text"), *ROWS)]
    for split in ("train", "dev", "test"):
        (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """A folder with ``data``, ``checkpoints/checkpoint_best.pt`` and ``model``, of random weights."""
    from interactive_st.inference.model_card import Card
    from interactive_st.inference.model_folder import write_model_folder
    from interactive_st.inference.stored_model import load_checkpoint
    from tests import speech_model

    folder = tmp_path_factory.mktemp("made")
    speech = speech_model.make(folder, ctc_weight=0.3)
    shutil.copy(folder / "data" / "train.tsv", folder / "data" / "dev.tsv")
    (folder / "checkpoints").mkdir()
    shutil.copy(speech.checkpoint, folder / "checkpoints" / "checkpoint_best.pt")
    write_model_folder(load_checkpoint(speech.checkpoint, None), folder / "model", Card(name="model"))
    return folder


@pytest.fixture
def place(tmp_path, made):
    """A function that fills an empty folder with what a document begins with, and returns it."""

    def fill(*pieces: str) -> Path:
        make_recordings(tmp_path)
        make_manifests(tmp_path)
        for piece in pieces:
            shutil.copytree(made / piece, tmp_path / piece)
        return tmp_path

    return fill
