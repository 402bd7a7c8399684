"""Whole data folders: what is in them, what stops them, and that they are all or nothing."""

import os
import signal
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from fairseq.data.audio.audio_utils import get_features_or_waveform
from fairseq.data.audio.data_cfg import S2TDataConfig
from fairseq.data.audio.feature_transforms import CompositeAudioFeatureTransform

from interactive_st.data import atomic, feature_pass
from interactive_st.data.audio import load_audio
from interactive_st.data.errors import BadRowsError, DataError
from interactive_st.data.features import fbank
from interactive_st.data.manifest import read_manifest, write_manifest
from interactive_st.data.prepare import prepare

RATE = 16000
WORDS = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf"}
FILES = {
    "config_joint.yaml",
    "dict.txt",
    "spm_joint.model",
    "spm_joint.vocab",
    "train.tsv",
    "train.zip",
}


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
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def test_a_whole_folder(tmp_path):
    rows = make_rows(tmp_path)
    rows[1]["src_text"] = ""
    rows[2]["tgt_text"] = ""
    rows[3] = {**rows[3], "speaker": "anna", "src_lang": "fr", "tgt_lang": "nl"}
    rows[4] = {**rows[4], "offset": 0.1, "duration": 0.2}
    report = run(tmp_path, rows)
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == FILES
    table = read_manifest(out / "train.tsv")
    assert list(table[0]) == [
        *("id", "audio", "n_frames", "tgt_text", "src_text", "speaker", "src_lang", "tgt_lang")
    ]
    for row, written in zip(rows, table, strict=True):
        assert written["id"] == row["id"]
        assert written["src_text"] == row["src_text"]
        assert written["tgt_text"] == row["tgt_text"]
        assert written["speaker"] == row.get("speaker", "")
        assert written["src_lang"] == row.get("src_lang", "en")
        assert written["tgt_lang"] == row.get("tgt_lang", "de")
        features = get_features_or_waveform(str(out / written["audio"]))
        waveform, _ = load_audio(
            tmp_path / row["audio"], RATE, row.get("offset", 0.0), row.get("duration")
        )
        np.testing.assert_array_equal(features, fbank(waveform, RATE))
        assert int(written["n_frames"]) == len(features)
    assert report.rows == {"train": 6}
    assert report.frames == {"train": sum(int(row["n_frames"]) for row in table)}
    dictionary = (out / "dict.txt").read_text(encoding="utf-8").split("\n")
    assert [line.split(" ")[0] for line in dictionary[:4]] == [
        *("<lang:de>", "<lang:en>", "<lang:fr>", "<lang:nl>")
    ]
    config = yaml.safe_load((out / "config_joint.yaml").read_text(encoding="utf-8"))
    assert config == {
        "vocab_filename": "dict.txt",
        "bpe_tokenizer": {"bpe": "sentencepiece", "sentencepiece_model": "spm_joint.model"},
        "input_feat_per_channel": 80,
        "input_channels": 1,
        "shuffle": True,
        "feature_transforms": {
            "*": ["utterance_cmvn"],
            "_train": ["utterance_cmvn", "specaugment"],
        },
        "specaugment": {
            "time_warp_W": 0,
            "freq_mask_N": 1,
            "freq_mask_F": 27,
            "time_mask_N": 1,
            "time_mask_T": 100,
            "time_mask_p": 1.0,
        },
        "source_lang": "en",
        "target_lang": "de",
        "features": {"type": "fbank", "num_mel_bins": 80, "sample_rate": 16000},
    }


@pytest.mark.parametrize("specaugment", ["lb", "ld", "sm", "ss", "none"])
@pytest.mark.parametrize("dim", [4, 13, 80])
def test_fairseq_applies_the_transforms(tmp_path, monkeypatch, specaugment, dim):
    rows = make_rows(tmp_path, 3)
    for i, row in enumerate(rows):
        row["audio"] = f"{i}.npy"
        array = np.random.default_rng(i).normal(i, 2.0, (30 + i, dim)).astype(np.float32)
        np.save(tmp_path / row["audio"], array)
    run(tmp_path, rows, features=True, specaugment=specaugment, cmvn="global")
    monkeypatch.chdir(tmp_path / "out")  # where the relative path of the statistics holds
    config = S2TDataConfig(Path("config_joint.yaml"))
    features = np.concatenate([np.load(tmp_path / row["audio"]) for row in rows])
    plain = CompositeAudioFeatureTransform.from_config_dict(
        config.get_feature_transforms("dev", False)
    )
    normal = plain(features)
    np.testing.assert_allclose(normal.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(normal.std(axis=0), 1, atol=1e-5)
    training = CompositeAudioFeatureTransform.from_config_dict(
        config.get_feature_transforms("train", True)
    )
    np.random.seed(0)  # noqa: NPY002 - fairseq draws from the global generator
    masked = [training(features) for _ in range(20)]
    assert any((one != normal).any() for one in masked) == (specaugment != "none")


def test_without_cmvn(tmp_path):
    run(tmp_path, make_rows(tmp_path), cmvn="none", specaugment="none")
    config = yaml.safe_load((tmp_path / "out/config_joint.yaml").read_text())
    assert config["feature_transforms"] == {"*": []}
    assert "specaugment" not in config


def test_several_splits_and_a_joint_vocabulary_of_training_text(tmp_path):
    rows = make_rows(tmp_path)
    for name, part in {"train_a": rows[:2], "train_b": rows[2:4], "dev": rows[4:]}.items():
        part[0]["src_text"] = {"train_a": "xx yy", "train_b": "zz", "dev": "qq"}[name]
        write_manifest(tmp_path / f"{name}.in.tsv", part)
    manifests = {name: tmp_path / f"{name}.in.tsv" for name in ("dev", "train_a", "train_b")}
    report = prepare(manifests, tmp_path / "out", vocab_size=500, workers=1, progress=False)
    assert report.rows == {"dev": 2, "train_a": 2, "train_b": 2}
    dictionary = (tmp_path / "out/dict.txt").read_text(encoding="utf-8")
    assert "x" in dictionary
    assert "z" in dictionary
    assert "q" not in dictionary
    assert "not 500" in report.notes[0]


def test_rows_of_one_recording_share_its_features(tmp_path):
    rows = make_rows(tmp_path, 2)
    rows.append({**rows[0], "id": "again", "tgt_text": "une deux", "tgt_lang": "fr"})
    report = run(tmp_path, rows)
    table = read_manifest(tmp_path / "out/train.tsv")
    assert table[2]["audio"] == table[0]["audio"] != table[1]["audio"]
    assert report.frames["train"] == int(table[0]["n_frames"]) + int(table[1]["n_frames"])


def test_text_is_stripped_and_otherwise_kept(tmp_path):
    rows = make_rows(tmp_path)
    rows[0]["src_text"] = '  "two"  \u00a0 three\u2028four \u00bd '
    run(tmp_path, rows)
    text = read_manifest(tmp_path / "out/train.tsv")[0]["src_text"]
    assert text == '"two"    three four \u00bd'


def test_workers_do_not_change_a_byte(tmp_path):
    rows = make_rows(tmp_path, 40)
    run(tmp_path, rows, "one", cmvn="global")
    run(tmp_path, rows, "two", cmvn="global", workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


BAD = {
    "missing": "no such audio file",
    "text": "not readable as audio",
    "empty": "zero length",
    "short": "too short",
    "nan": "NaN or infinite",
    "twin": "the id is that of line 2 already",
    "silent": "src_text and tgt_text are both empty",
    "tabbed": "5 fields|9 fields",
    "tagged": "<lang:de>, which stands for a language",
    "early": "offset '-1'",
    "endless": "duration 'inf'",
    "beyond": "beyond the end",
    "spoken": "src_lang 'e n'",
    "latin": "not UTF-8",
    "noaudio": "audio is empty",
}


def make_bad_manifest(folder: Path) -> Path:
    """Write a manifest of five good rows and one bad row of every kind."""
    good = make_rows(folder, 5)
    (folder / "text.wav").write_text("no audio")
    soundfile.write(folder / "empty.wav", np.zeros(0), RATE)
    write_audio(folder / "short.wav", 0, 0.02)
    soundfile.write(folder / "nan.wav", np.full(RATE, np.nan), RATE, subtype="FLOAT")
    row = "{id}\t{audio}\t{src_text}\t{tgt_text}\t{src_lang}\t{offset}\t{duration}"
    base = {**good[0], "src_lang": "", "offset": "", "duration": ""}
    lines = ["id\taudio\tsrc_text\ttgt_text\tsrc_lang\toffset\tduration"]
    lines += [row.format(**{**base, **one}) for one in good]
    changes = {
        "missing": {"audio": "missing.wav"},
        "text": {"audio": "text.wav"},
        "empty": {"audio": "empty.wav"},
        "short": {"audio": "short.wav"},
        "nan": {"audio": "nan.wav"},
        "twin": {"id": good[0]["id"]},
        "silent": {"src_text": " ", "tgt_text": ""},
        "tabbed": {"src_text": "a\tb\tc"},
        "tagged": {"tgt_text": "ein <lang:de> Wort"},
        "early": {"offset": "-1"},
        "endless": {"duration": "inf"},
        "beyond": {"offset": "0.1", "duration": "5"},
        "spoken": {"src_lang": "e n"},
        "latin": {"src_text": "LATIN"},
        "noaudio": {"audio": ""},
    }
    lines += [row.format(**{**base, "id": name, **change}) for name, change in changes.items()]
    content = "\n".join(lines).encode().replace(b"LATIN", "Grüße".encode("latin-1"))
    path = folder / "train.in.tsv"
    path.write_bytes(content + b"\n")
    return path


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_rows_are_listed_at_once_and_nothing_is_written(tmp_path, workers):
    path = make_bad_manifest(tmp_path)
    with pytest.raises(BadRowsError) as raised:
        prepare({"train": path}, tmp_path / "out", workers=workers, progress=False)
    bad = raised.value.rows
    assert [row.line for row in bad] == list(range(7, 7 + len(BAD)))
    for row, (name, reason) in zip(bad, BAD.items(), strict=True):
        assert row.id == ("u0" if name == "twin" else name)
        assert any(part in row.reason for part in reason.split("|")), (name, row.reason)
        assert f"{path}:{row.line}" in str(raised.value)
    assert not (tmp_path / "out").exists()
    assert leftovers(tmp_path) == []


def test_skip_bad_leaves_out_exactly_the_bad_rows(tmp_path):
    path = make_bad_manifest(tmp_path)
    options = {"vocab_size": 40, "workers": 1, "progress": False}
    report = prepare({"train": path}, tmp_path / "out", skip_bad=True, **options)
    skipped = read_manifest(tmp_path / "out/skipped.tsv")
    assert [row["line"] for row in skipped] == [str(row.line) for row in report.skipped]
    assert [int(row["line"]) for row in skipped] == list(range(7, 7 + len(BAD)))
    assert {(row["split"], row["file"]) for row in skipped} == {("train", str(path))}
    good = make_rows(tmp_path, 5)
    run(tmp_path, good, "clean")
    made = contents(tmp_path / "out")
    del made["skipped.tsv"]
    assert made == contents(tmp_path / "clean")


def test_no_usable_row(tmp_path):
    rows = make_rows(tmp_path, 2)
    (tmp_path / "u0.wav").unlink()
    (tmp_path / "u1.wav").unlink()
    with pytest.raises(DataError, match=r"train has no usable row\n.*u0\.wav: no such audio"):
        run(tmp_path, rows, skip_bad=True)
    (tmp_path / "empty.tsv").write_text("id\taudio\tsrc_text\ttgt_text\n")
    with pytest.raises(DataError, match="no text to train"):
        prepare({"train": tmp_path / "empty.tsv"}, tmp_path / "out", progress=False)
    assert leftovers(tmp_path) == []


def test_missing_columns_are_named(tmp_path):
    (tmp_path / "a.tsv").write_text("id\taudio\ttext\n")
    with pytest.raises(DataError, match=r"a\.tsv:1: missing columns src_text, tgt_text"):
        prepare({"train": tmp_path / "a.tsv"}, tmp_path / "out", skip_bad=True, progress=False)


def test_unknown_columns_are_noted(tmp_path):
    rows = [{**row, "offest": "0.1"} for row in make_rows(tmp_path)]
    assert "train: unknown columns ignored: offest" in run(tmp_path, rows).notes


class Crash(Exception):
    pass


@pytest.mark.parametrize("moment", ["add", "write_config", "rename"])
def test_a_crash_leaves_nothing_behind(tmp_path, monkeypatch, moment):
    def crash(*_, **__):
        raise Crash

    target = {
        "add": "interactive_st.data.archive.FeatureArchive.add",
        "write_config": "interactive_st.data.prepare.write_config",
        "rename": "pathlib.Path.rename",
    }[moment]
    monkeypatch.setattr(target, crash)
    with pytest.raises(Crash):
        run(tmp_path, make_rows(tmp_path))
    assert not (tmp_path / "out").exists()
    assert leftovers(tmp_path) == []


def test_a_crash_while_overwriting_keeps_the_old_folder(tmp_path, monkeypatch):
    rows = make_rows(tmp_path)
    run(tmp_path, rows)
    before = contents(tmp_path / "out")
    rename = Path.rename

    def fail(self, target):
        if self.name.startswith(".out.preparing"):
            raise OSError("no space")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no space"):
        run(tmp_path, rows[:4], overwrite=True)
    assert contents(tmp_path / "out") == before
    assert leftovers(tmp_path) == []


KILLED = """
    import os, signal, sys
    sys.modules.setdefault("interactive_st_cli", sys)  # without torch and fairseq
    from interactive_st.data import prepare as module

    def stop(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    module._write_settings = stop
    manifest, out = sys.argv[1:]
    module.prepare({"train": manifest}, out, vocab_size=40, workers=1, progress=False)
"""


def test_a_kill_leaves_nothing_at_out_and_the_next_run_cleans_up(tmp_path, repository):
    rows = make_rows(tmp_path)
    write_manifest(tmp_path / "train.in.tsv", rows)
    killed = subprocess.run(
        [
            *(sys.executable, "-c", textwrap.dedent(KILLED)),
            *(tmp_path / "train.in.tsv", tmp_path / "out"),
        ],
        env={**os.environ, "PYTHONPATH": str(repository)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    (stale,) = leftovers(tmp_path)
    assert stale.startswith(".out.preparing-")
    run(tmp_path, rows)
    assert (tmp_path / "out/train.zip").exists()
    assert leftovers(tmp_path) == []


def test_a_kill_between_the_renames_is_mended_by_the_next_run(tmp_path):
    rows = make_rows(tmp_path)
    run(tmp_path, rows)
    (tmp_path / "out").rename(tmp_path / ".out.replaced")
    before = contents(tmp_path / ".out.replaced")
    with pytest.raises(DataError, match="needs at least"):
        run(tmp_path, rows, vocab_size=8, overwrite=True)
    assert contents(tmp_path / "out") == before
    assert leftovers(tmp_path) == []


def test_a_folder_that_another_run_is_making_is_left_alone(tmp_path):
    with atomic.atomic_folder(tmp_path / "out") as first:
        (first / "a").touch()
        with atomic.atomic_folder(tmp_path / "out") as second:
            assert first.exists()
            assert second != first


def test_what_is_there_is_not_overwritten_by_accident(tmp_path):
    rows = make_rows(tmp_path)
    other = tmp_path / "out"
    other.mkdir()
    run(tmp_path, rows)  # an empty folder is as good as none
    first = contents(other)
    with pytest.raises(DataError, match=r"out: is not empty; .* --overwrite"):
        run(tmp_path, rows[:4])
    assert contents(other) == first
    run(tmp_path, rows[:4], overwrite=True)
    assert contents(other) != first
    assert leftovers(tmp_path) == []
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years")
    with pytest.raises(DataError, match="no data folder"):
        run(tmp_path, rows, "mine", overwrite=True)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file"):
        run(tmp_path, rows, "file", overwrite=True)
    with pytest.raises(DataError, match="is input, and inside"):
        run(tmp_path, rows, ".", overwrite=True)


def test_a_new_test_set_for_an_existing_folder(tmp_path):
    run(tmp_path, make_rows(tmp_path), cmvn="global", num_mel_bins=40, sample_rate=8000)
    new = tmp_path / "elsewhere"
    new.mkdir()
    rows = make_rows(new, 3, "new")
    rows[0]["src_text"] = "quite new"
    write_manifest(new / "x.tsv", rows)
    report = prepare(
        {"test": new / "x.tsv"}, new / "out", like=tmp_path / "out", workers=1, progress=False
    )
    old, made = contents(tmp_path / "out"), contents(new / "out")
    for name in ("spm_joint.model", "spm_joint.vocab", "dict.txt", "gcmvn.npz"):
        assert made[name] == old[name]
    assert made["config_joint.yaml"] == old["config_joint.yaml"]
    assert set(made) == set(old) - {"train.tsv", "train.zip"} | {"test.tsv", "test.zip"}
    assert "unknown to the vocabulary" in report.notes[0]
    entry = read_manifest(new / "out/test.tsv")[0]["audio"]
    waveform, _ = load_audio(new / "new0.wav", 8000)
    np.testing.assert_array_equal(
        get_features_or_waveform(str(new / "out" / entry)), fbank(waveform, 8000, 40)
    )


def test_like_refuses_what_contradicts_it(tmp_path):
    rows = make_rows(tmp_path)
    run(tmp_path, rows)
    like = tmp_path / "out"
    with pytest.raises(DataError, match=r"no tag for ja; .*--target-lang"):
        run(tmp_path, [{**row, "tgt_lang": "ja"} for row in rows], "b", like=like, vocab_size=None)
    with pytest.raises(DataError, match="--vocab-size cannot go with --like"):
        run(tmp_path, rows, "b", like=like)
    with pytest.raises(DataError, match="--num-mel-bins cannot go with --like"):
        run(tmp_path, rows, "b", like=like, vocab_size=None, num_mel_bins=80)
    with pytest.raises(DataError, match="computed from audio"):
        run(tmp_path, rows, "b", like=like, vocab_size=None, features=True)
    with pytest.raises(DataError, match=r"config_joint\.yaml: cannot be read"):
        run(tmp_path, rows, "b", like=tmp_path, vocab_size=None)
    whole = (like / "config_joint.yaml").read_text()
    (like / "config_joint.yaml").write_text(whole.replace("sentencepiece_model:", "model:"))
    with pytest.raises(DataError, match="lacks sentencepiece_model of bpe_tokenizer"):
        run(tmp_path, rows, "b", like=like, vocab_size=None)
    (like / "config_joint.yaml").write_text(whole)
    (like / "dict.txt").unlink()
    with pytest.raises(DataError, match=r"dict\.txt: named by config_joint\.yaml"):
        run(tmp_path, rows, "b", like=like, vocab_size=None)
    assert not (tmp_path / "b").exists()


def test_languages_that_like_has_may_be_swapped(tmp_path):
    rows = make_rows(tmp_path)
    run(tmp_path, rows)
    options = {"vocab_size": None, "source_lang": "de", "target_lang": "en"}
    run(tmp_path, rows, "b", like=tmp_path / "out", **options)
    config = yaml.safe_load((tmp_path / "b/config_joint.yaml").read_text())
    assert (config["source_lang"], config["target_lang"]) == ("de", "en")
    assert {row["src_lang"] for row in read_manifest(tmp_path / "b/train.tsv")} == {"de"}


def test_default_languages_are_those_of_the_rows(tmp_path):
    rows = [{**row, "src_lang": "it", "tgt_lang": "ja"} for row in make_rows(tmp_path)]
    run(tmp_path, rows)
    config = yaml.safe_load((tmp_path / "out/config_joint.yaml").read_text())
    assert (config["source_lang"], config["target_lang"]) == ("it", "ja")
    dictionary = (tmp_path / "out/dict.txt").read_text(encoding="utf-8")
    assert dictionary.startswith("<lang:it> 0\n<lang:ja> 0\n")
    assert "<lang:en>" not in dictionary


def test_existing_features_of_any_dimension(tmp_path):
    rows = make_rows(tmp_path, 4)
    arrays = [np.random.default_rng(i).normal(size=(9 + i, 13)).astype("f4") for i in range(4)]
    for row, array in zip(rows, arrays, strict=True):
        row["audio"] = f"{row['id']}.npy"
        np.save(tmp_path / row["audio"], array)
    run(tmp_path, rows, features=True)
    out = tmp_path / "out"
    config = yaml.safe_load((out / "config_joint.yaml").read_text())
    assert config["features"] == {"type": "precomputed", "dim": 13}
    assert config["input_feat_per_channel"] == 13
    for row, array in zip(read_manifest(out / "train.tsv"), arrays, strict=True):
        np.testing.assert_array_equal(get_features_or_waveform(str(out / row["audio"])), array)
    run(tmp_path, rows, "again", like=out, vocab_size=None)
    assert contents(tmp_path / "again") == contents(out)
    np.save(tmp_path / rows[2]["audio"], arrays[2][:, :12])
    rows[3]["offset"] = "1"
    with pytest.raises(BadRowsError) as raised:
        run(tmp_path, rows, "bad", features=True)
    reasons = {row.id: row.reason for row in raised.value.rows}
    assert set(reasons) == {"u2", "u3"}
    assert "has 12 dimensions, 13 are expected" in reasons["u2"]
    assert "are for audio" in reasons["u3"]
    with pytest.raises(DataError, match="--sample-rate cannot go with --features"):
        run(tmp_path, rows, "bad", features=True, sample_rate=8000)


def test_mfcc_of_an4(tmp_path, shared_data):
    folder = shared_data / "an4"
    names = (folder / "etc/an4_train.fileids").read_text().split()[:8]
    texts = (folder / "etc/an4_train.transcription").read_text().splitlines()[:8]
    rows = []
    for name, text in zip(names, texts, strict=True):
        data = (folder / "feat" / f"{name}.mfc").read_bytes()
        (count,) = struct.unpack(">i", data[:4])
        audio = f"{Path(name).name}.npy"
        np.save(tmp_path / audio, np.frombuffer(data, ">f4", count, 4).reshape(-1, 13))
        rows.append({"id": name, "audio": audio, "src_text": text, "tgt_text": ""})
    report = run(tmp_path, rows, features=True, vocab_size=60)
    assert report.dim == 13
    assert report.rows == {"train": 8}
    assert report.frames["train"] > 1000


@pytest.mark.parametrize(
    ("manifests", "options", "message"),
    [
        ({}, {}, "no manifest"),
        ({"dev": "a.tsv"}, {}, "no split is named train"),
        ({"train/x": "a.tsv"}, {}, "split name 'train/x'"),
        ({"train": "a.tsv"}, {"workers": 0}, "--workers must be at least 1"),
        ({"train": "a.tsv"}, {"vocab_size": 0}, "--vocab-size must be positive"),
        ({"train": "a.tsv"}, {"cmvn": "some"}, "--cmvn must be one of utterance, global, none"),
        ({"train": "a.tsv"}, {}, r"a\.tsv: cannot be read"),
    ],
)
def test_requests_that_cannot_work(tmp_path, monkeypatch, manifests, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=message):
        prepare(manifests, "out", progress=False, **options)
    assert list(tmp_path.iterdir()) == []


def test_audio_root_and_a_colon(tmp_path):
    (tmp_path / "audio").mkdir()
    rows = make_rows(tmp_path / "audio")
    run(tmp_path, rows, audio_root=tmp_path / "audio")
    with pytest.raises(DataError, match="cannot read archives in a path with ':'"):
        run(tmp_path, rows, "a:b", audio_root=tmp_path / "audio")


def test_nothing_is_computed_after_the_first_bad_row_is_stored(tmp_path, monkeypatch):
    rows = make_rows(tmp_path)
    (tmp_path / "u1.wav").unlink()
    added = []
    add = feature_pass.FeatureArchive.add

    def spy(self, features):
        added.append(len(features))
        return add(self, features)

    monkeypatch.setattr(feature_pass.FeatureArchive, "add", spy)
    with pytest.raises(BadRowsError):
        run(tmp_path, rows)
    assert len(added) == 1
