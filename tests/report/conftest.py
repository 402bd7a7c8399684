"""A run as the examples leave it, with everything a report can show."""

import json

import numpy as np
import pytest
import soundfile
from training_log import json_lines, write_log

from interactive_st.data.manifest import write_manifest
from interactive_st.scoring.corpus_scores import score_pairs
from interactive_st.scoring.pairs_file import write_pairs

RATE = 8000


@pytest.fixture(scope="package")
def pairs():
    return [
        {
            "id": f"test_theo_{number}",
            "transcript": "four two <b>" if number % 2 else "four two one",
            "translation": "zweiundvierzig eins eins",
            "score": -1.0,
            "reference_transcript": "four two one",
            "reference_translation": f"zweiundvierzig eins siebenhundertsiebenundsiebzigtausend{number}",
            "speaker": ("theo", "lucas")[number % 2],
            "src_lang": "en",
            "tgt_lang": "de",
        }
        for number in range(6)
    ]


@pytest.fixture(scope="package")
def run_folder(tmp_path_factory, pairs):
    """report.json, logs, pairs, data and a corpus with recordings of 0.5 s (one of 2 s)."""
    run = tmp_path_factory.mktemp("runs") / "digits"
    write_log(run / "logs" / "train-checkpoints.log", json_lines())
    write_log(run / "logs" / "generate-test.log", ["no training here"])
    (run / "pairs").mkdir()
    write_pairs(run / "pairs" / "test.jsonl", pairs)
    rows = []
    (run / "corpus" / "audio").mkdir(parents=True)
    for number, pair in enumerate(pairs):
        name = f"audio/{pair['id']}.flac"
        seconds = 2.0 if number == 0 else 0.5
        samples = 0.1 * np.sin(np.arange(int(seconds * RATE)) / 5)
        soundfile.write(run / "corpus" / name, samples, RATE)
        rows.append({"id": pair["id"], "audio": name, "src_text": "x", "tgt_text": "y"})
    write_manifest(run / "corpus" / "test.tsv", rows)
    (run / "data").mkdir()
    frames = [{"id": f"u{i}", "audio": f"train.zip:{i}:9", "n_frames": "18000"} for i in range(4)]
    write_manifest(run / "data" / "train.tsv", frames)
    report = {
        "sets": {"test": score_pairs(pairs, per_speaker=True)},
        "train_seconds": 90.0,
        "threads": 2,
        "commands": ["python -m fairseq_cli.train data --arch 'interactive_st_tiny'"],
        "versions": {"python": "3.11.7", "torch": "2.13.0"},
    }
    (run / "report.json").write_text(json.dumps(report))
    return run
