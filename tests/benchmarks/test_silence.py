"""Silence around recordings: what is decoded of it, and how it is scored."""

import json
from types import SimpleNamespace

import pytest
import speech_model

from benchmarks import silence
from interactive_st.conventions import TRANSCRIPT
from interactive_st.data.manifest import write_manifest
from interactive_st.errors import DataError


def test_scores():
    rows = [{"src_text": "one two three four", "tgt_text": "eins zwei drei vier fünf"}] * 2
    right = SimpleNamespace(transcript="one two three four", translation="eins zwei drei vier fünf")
    wrong = SimpleNamespace(transcript="one two five four", translation="eins zwei drei vier fünf")
    assert silence.scores(rows, [right, wrong]) == {"wer": 12.5, "bleu": pytest.approx(100)}
    assert silence.scores(rows, [right, wrong], streams=(TRANSCRIPT,)) == {"wer": 12.5, "bleu": None}


def test_command(tmp_path, capsys, hears_noise):
    """Digital silence changes nothing for translate, which decodes what is inside."""
    checkpoint = speech_model.make(tmp_path / "training").checkpoint
    sounds = [speech_model.bursts([(0.05, 0.9)], 0.95, seed=seed) for seed in range(3)]
    rows = [
        {
            "id": str(number),
            "audio": speech_model.write(tmp_path / f"{number}.wav", sound).name,
            "src_text": "a b",
            "tgt_text": "b a",
        }
        for number, sound in enumerate(sounds)
    ]
    write_manifest(tmp_path / "test.tsv", rows)
    words = [str(checkpoint), str(tmp_path / "test.tsv"), "--utterances", "2", "--json"]
    assert silence.main([*words, str(tmp_path / "found.json")]) == 0
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["utterances"] == 2
    assert [(each["seconds"], each["noise"]) for each in found["scores"]] == list(silence.SILENCES)
    plain = found["scores"][0]
    assert plain["whole"] == plain["translate"]
    assert all(each["translate"] == plain["translate"] for each in found["scores"] if each["noise"] is None)
    assert "0.5 s, digital silence" in capsys.readouterr().out


def test_a_model_without_translation_has_no_bleu(tmp_path, capsys, hears_noise, monkeypatch):
    monkeypatch.setattr(silence, "SILENCES", silence.SILENCES[:1])
    checkpoint = speech_model.make(tmp_path / "training", arch="asr_tiny").checkpoint
    speech_model.write(tmp_path / "0.wav", speech_model.bursts([(0.05, 0.9)], 0.95, seed=1))
    row = {"id": "0", "audio": "0.wav", "src_text": "a b", "tgt_text": "b a"}
    write_manifest(tmp_path / "test.tsv", [row])
    words = [str(checkpoint), str(tmp_path / "test.tsv"), "--json", str(tmp_path / "found.json")]
    assert silence.main(words) == 0
    [found] = json.loads((tmp_path / "found.json").read_text())["scores"]
    for way in ("whole", "translate"):
        assert found[way]["bleu"] is None
        assert found[way]["wer"] is not None


def test_segments_are_cut_out_of_their_recordings(tmp_path):
    speech_model.write(tmp_path / "long.wav", speech_model.bursts([(0.0, 1.0)], 3.0, seed=1))
    times = [{"offset": "0.5", "duration": "0.75"}, {"offset": "2", "duration": ""}]
    row = {"audio": "long.wav", "src_text": "a", "tgt_text": "b"}
    rows = [row | {"id": str(number)} | each for number, each in enumerate(times)]
    write_manifest(tmp_path / "test.tsv", rows)
    found = silence.read(tmp_path / "test.tsv", 9, 16000)
    assert [len(row["samples"]) for row in found] == [12000, 16000]


@pytest.mark.parametrize("change", [{"audio": ""}, {"src_text": ""}])
def test_a_manifest_without_rows_to_score_is_named(tmp_path, change):
    row = {"id": "1", "audio": "x.wav", "src_text": "a", "tgt_text": "b"} | change
    write_manifest(tmp_path / "test.tsv", [row])
    with pytest.raises(DataError, match=r"test\.tsv: no row has audio, src_text, tgt_text"):
        silence.read(tmp_path / "test.tsv", 9, 16000)
