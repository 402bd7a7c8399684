"""The command translate where nothing more can be written: it stops, and what was written stays."""

import errno
import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("hears_noise")


@pytest.fixture
def full_from(monkeypatch):
    """Lets the disk be full, or what else `number` says, once so many files were written."""
    write = Path.write_text

    def fill(count, number):
        def write_text(path, *words, **options):
            nonlocal count
            count -= 1
            if count < 0:
                write(path, "a part", encoding="utf-8")
                raise OSError(number, os.strerror(number))
            return write(path, *words, **options)

        monkeypatch.setattr(Path, "write_text", write_text)

    return fill


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_it_stops_where_nothing_more_can_be_written(translate, audio, tmp_path, full_from, number, capsys):
    words = (audio, "--out", tmp_path / "out", "--format", "tsv,text", "--batch-seconds", 1)
    full_from(3, number)
    assert translate(*words) == 1
    errors = capsys.readouterr().err
    reason = f"{tmp_path}/out/a.wav.txt: cannot be written ({os.strerror(number)}); stopped here, "
    assert f"translate: failed: {reason}" in errors
    assert "--skip-existing goes on from it" in errors
    assert errors.count("failed:") == 1
    assert "4 recordings, 1.8 s of audio in" in errors
    assert "; 3 failed" in errors
    written = [path.name for path in (tmp_path / "out").rglob("*")]
    assert sorted(written) == ["a.flac.tsv", "a.flac.txt", "a.wav.tsv"]


def test_it_goes_on_where_one_file_is_too_large(translate, audio, tmp_path, full_from, capsys):
    full_from(3, errno.EFBIG)
    assert translate(audio, "--out", tmp_path / "out") == 1
    assert "a.flac.txt" in [path.name for path in (tmp_path / "out").rglob("*")]
    assert "; 1 failed" in capsys.readouterr().err
