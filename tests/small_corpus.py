"""A few noises with texts, and a preparation of them; shared by the tests of `prepare`."""

from pathlib import Path

import numpy as np
import soundfile

from interactive_st.data.manifest import write_manifest
from interactive_st.data.preparation.prepare import prepare

RATE = 16000
WORDS = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf"}


def write_audio(path: Path, seed: int, seconds: float = 0.3, rate: int = RATE) -> None:
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate))
    soundfile.write(path, samples.astype(np.float32), rate)


def make_rows(folder: Path, count: int = 6, prefix: str = "u") -> list[dict]:
    """Write short noises beside each other; return their rows."""
    rows = []
    for i in range(count):
        write_audio(folder / f"{prefix}{i}.wav", i, 0.2 + 0.05 * i)
        source = [list(WORDS)[(i + j) % len(WORDS)] for j in range(3)]
        rows.append(
            {
                "id": f"{prefix}{i}",
                "audio": f"{prefix}{i}.wav",
                "src_text": " ".join(source),
                "tgt_text": " ".join(WORDS[word] for word in source),
            }
        )
    return rows


def run(folder: Path, rows: list[dict], out: str = "out", **options):
    columns = list(dict.fromkeys(name for row in rows for name in row))
    write_manifest(folder / "train.in.tsv", rows, columns)
    options = {"workers": 1, "vocab_size": 40, "progress": False, **options}
    return prepare({"train": folder / "train.in.tsv"}, folder / out, **options)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))
