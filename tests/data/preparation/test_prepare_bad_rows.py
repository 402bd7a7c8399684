"""Bad rows: all are listed at once, with nothing written, or all are left out."""

import errno
from pathlib import Path

import numpy as np
import pytest
import soundfile
from small_corpus import RATE, contents, leftovers, make_rows, run, write_audio

from interactive_st.data.manifest import read_manifest
from interactive_st.data.preparation import extraction, feature_pass
from interactive_st.data.preparation.prepare import prepare
from interactive_st.errors import BadRowsError, DataError

BAD = {
    "missing": "no such audio file",
    "folder": "is a folder; name the recordings in it",
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
    "long": ".wav: File name too long",
    "cut": "cut.wav: damaged or cut off",
    "vast": "vast.flac: not readable as audio|vast.flac: damaged or cut off",
    "loud": "loud.wav: samples of up to 1.0e+30",
}


def make_bad_manifest(folder: Path) -> Path:
    """Write a manifest of five good rows and one bad row of every kind."""
    good = make_rows(folder, 5)
    (folder / "text.wav").write_text("no audio")
    soundfile.write(folder / "empty.wav", np.zeros(0), RATE)
    write_audio(folder / "short.wav", 0, 0.02)
    write_audio(folder / "cut.wav", 0, 0.3)
    whole = (folder / "cut.wav").read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) // 2])
    soundfile.write(folder / "nan.wav", np.full(RATE, np.nan), RATE, subtype="FLOAT")
    soundfile.write(folder / "loud.wav", np.eye(1, RATE, 99)[0] * 1e30, RATE, subtype="FLOAT")
    write_audio(folder / "vast.flac", 0)
    vast = bytearray((folder / "vast.flac").read_bytes())
    vast[21] |= 0x0F  # the high bits of the number of samples
    (folder / "vast.flac").write_bytes(vast)
    row = "{id}\t{audio}\t{src_text}\t{tgt_text}\t{src_lang}\t{offset}\t{duration}"
    base = {**good[0], "src_lang": "", "offset": "", "duration": ""}
    lines = ["id\taudio\tsrc_text\ttgt_text\tsrc_lang\toffset\tduration"]
    lines += [row.format(**{**base, **one}) for one in good]
    changes = {
        "missing": {"audio": "missing.wav"},
        "folder": {"audio": "."},
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
        "long": {"audio": f"{'x' * 300}.wav"},
        "cut": {"audio": "cut.wav"},
        "vast": {"audio": "vast.flac"},
        "loud": {"audio": "loud.wav"},
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
    with pytest.raises(DataError, match="split train has no usable row"):
        prepare({"train": tmp_path / "empty.tsv"}, tmp_path / "out", progress=False)
    (tmp_path / "bad.tsv").write_text("id\taudio\tsrc_text\ttgt_text\toffset\nu\ta.wav\ta\tb\t0:12.5\n")
    with pytest.raises(DataError, match=r"train has no usable row\n.*offset '0:12.5' must be a number"):
        prepare({"train": tmp_path / "bad.tsv"}, tmp_path / "out", skip_bad=True, progress=False)
    assert leftovers(tmp_path) == []


def test_missing_columns_are_named(tmp_path):
    (tmp_path / "a.tsv").write_text("id\taudio\ttext\n")
    with pytest.raises(DataError, match=r"a\.tsv:1: missing columns src_text, tgt_text"):
        prepare({"train": tmp_path / "a.tsv"}, tmp_path / "out", skip_bad=True, progress=False)


def test_unknown_columns_are_noted(tmp_path):
    rows = [{**row, "offest": "0.1"} for row in make_rows(tmp_path)]
    assert "train: unknown columns ignored: offest" in run(tmp_path, rows).notes


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


def test_a_file_system_that_fails_makes_bad_rows(tmp_path, monkeypatch):
    def fail(path, *_):
        if path.endswith("u1.wav"):
            raise OSError(errno.ESTALE, "Stale file handle")
        return np.zeros((3, 80), np.float32)

    monkeypatch.setattr(extraction, "features_from_file", fail)
    report = run(tmp_path, make_rows(tmp_path), skip_bad=True)
    assert [row.reason for row in report.skipped] == [f"{tmp_path}/u1.wav: Stale file handle"]


def test_no_split_has_the_name_of_the_list_of_bad_rows(tmp_path):
    rows = tmp_path / "rows.tsv"
    with pytest.raises(DataError, match=r"'skipped': skipped\.tsv lists the rows"):
        prepare({"train": rows, "skipped": rows}, tmp_path / "out", skip_bad=True, progress=False)


@pytest.mark.parametrize("options", [{"num_mel_bins": 1000}, {"sample_rate": 30}])
def test_impossible_filters_are_no_fault_of_the_rows(tmp_path, options):
    with pytest.raises(DataError, match=r"^no filterbank of") as raised:
        run(tmp_path, make_rows(tmp_path), **options)
    assert not isinstance(raised.value, BadRowsError)


def test_an_id_twice_in_a_row_and_a_segment_of_no_length(tmp_path):
    rows = make_rows(tmp_path, 3)
    rows[1]["id"], rows[2]["duration"] = rows[0]["id"], "0"
    with pytest.raises(BadRowsError) as raised:
        run(tmp_path, rows)
    assert "the id is that of line 2 already" in str(raised.value)
    assert "duration '0' must be a number of seconds > 0" in str(raised.value)


def test_a_file_name_may_hold_any_white_space(tmp_path):
    rows = make_rows(tmp_path)
    rows[0]["audio"] = "a\u00a0b.wav"
    (tmp_path / "u0.wav").rename(tmp_path / rows[0]["audio"])
    assert run(tmp_path, rows).rows == {"train": 6}
