"""A new test set for an existing model, from a working directory that is neither data nor checkout."""

import json

import numpy as np
import soundfile
from commands.tools import read_jsonl

from interactive_st.data.manifest import write_manifest


def test_prepare_decode_and_score_new_recordings(tools, generate, trained, corpus, tmp_path):
    here = tmp_path / "somewhere" / "else"
    (here / "audio").mkdir(parents=True)
    rng = np.random.default_rng(5)
    rows = []
    for number, (rate, channels) in enumerate([(8000, 1), (44100, 2)]):
        samples = rng.normal(0, 0.1, (rate, channels))
        soundfile.write(here / "audio" / f"{number}.flac", samples, rate)
        texts = {"src_text": "two three two one", "tgt_text": "zwei drei zwei eins"}
        rows.append({"id": f"new-{number}", "audio": f"audio/{number}.flac", **texts})
    write_manifest(here / "new.tsv", rows, list(rows[0]))

    tools("interactive-st", "prepare", "--manifest", "test=new.tsv", "--like", corpus.data, "--out", "D",
          folder=here)  # fmt: skip
    package = tools("interactive-st", "user-dir", folder=here).stdout.strip()
    decoded = generate("D", trained.best, user_dir=package, pairs_path="P.jsonl", folder=here)
    assert decoded.status == 0, decoded.output[-3000:]
    scored = tools("interactive-st", "score", "P.jsonl", "--json", folder=here)

    pairs = read_jsonl(here / "P.jsonl")
    assert [pair["id"] for pair in pairs] == ["new-0", "new-1"]
    assert {pair["reference_translation"] for pair in pairs} == {"zwei drei zwei eins"}
    scores = json.loads(scored.stdout)
    assert scores["sentences"] == 2
    assert {"wer", "cer", "bleu", "chrf"} <= scores.keys()
    left = {path.name for path in here.iterdir()}
    assert left == {"audio", "new.tsv", "D", "P.jsonl"}
