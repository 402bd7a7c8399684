"""What reading large tables takes in memory."""

import tracemalloc

import pytest

from interactive_st.data.manifest import write_manifest
from interactive_st.data.preparation.input_manifest import read_split, read_text


@pytest.mark.parametrize("is_text_only", [False, True])
def test_rows_are_kept_once(tmp_path, is_text_only):
    path, text = tmp_path / "a.tsv", "w" * 800
    rows = [{"src_text": f"{i} {text}", "tgt_text": text} for i in range(1000)]
    if not is_text_only:
        rows = [row | {"id": i, "audio": "a.wav"} for i, row in enumerate(rows)]
    write_manifest(path, rows)
    tracemalloc.start()
    if is_text_only:
        split = read_text("train", path, {"en"}, {"de"})
    else:
        split = read_split("train", path, None, "en", "de")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(split.utterances) == 1000
    assert most < 1.6 * path.stat().st_size
