import json
import os

import pytest

from interactive_st.errors import DataError
from interactive_st.scoring.pairs_file import read_pairs, read_shards, write_pairs


def test_what_is_written_is_read_and_nothing_else_is_left(tmp_path):
    pairs = [
        {"id": "a", "transcript": "four two", "translation": "zweiundvierzig", "speaker": None},
        {"id": "b", "transcript": "", "translation": "Grüße", "reference_transcript": None},
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("old\n")
    write_pairs(path, pairs)
    assert read_pairs(path) == pairs
    assert "Grüße" in path.read_text(encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["pairs.jsonl"]


def test_a_byte_order_mark_is_no_part_of_the_first_pair(tmp_path):
    pairs = [{"transcript": "a", "translation": "b"}]
    write_pairs(tmp_path / "plain.jsonl", pairs)
    (tmp_path / "marked.jsonl").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "plain.jsonl").read_bytes())
    assert read_pairs(tmp_path / "marked.jsonl") == pairs


def test_pairs_can_be_written_to_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_pairs(tmp_path / "pipe", [{"transcript": "a", "translation": "b"}])
        assert json.loads(os.read(reader, 99)) == {"transcript": "a", "translation": "b"}
    finally:
        os.close(reader)


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text("old\n")
    with pytest.raises(TypeError):
        write_pairs(path, [{"transcript": "a"}, {"transcript": {1}}])
    with pytest.raises(ValueError, match="JSON compliant"):
        write_pairs(path, [{"transcript": "a", "score": float("-inf")}])
    assert path.read_text() == "old\n"
    assert [file.name for file in tmp_path.iterdir()] == ["pairs.jsonl"]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "not JSON"),
        ("S-0\ta b", "give a file written by --pairs-path"),  # of fairseq-generate's output
        ("[1]", "a JSON object is needed, found list"),
        ('{"transcript": "a"}', 'no "translation"'),
        ('{"transcript": null, "translation": null}', "neither"),
        ('{"transcript": 3, "translation": "b"}', '"transcript" has to be a string'),
        ('{"transcript": "a", "translation": "b", "speaker": 7}', '"speaker" has to be a string'),
        ('{"transcript": "a", "translation": "b", "tgt_lang": ["de"]}', '"tgt_lang" has to be a string'),
        ("[" * 100_000, "cannot be read (maximum recursion depth exceeded"),
        ('{"transcript": "a", "translation": "b", "id": ' + "1" * 5000 + "}", "value has 5000 digits); give"),
        (r'{"transcript": "\ud800x", "translation": "b"}', r"holds '\ud800', half of a character"),
        (r'{"transcript": "a", "translation": "b", "nbest": [{"\uDC00": 1}]}', r"holds '\udc00', half of"),
        ('{"transcript": "a", "translation": "b", "id": ["c"]}', '"id" has to be a string, a number or null'),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, what):
    path = tmp_path / "pairs.jsonl"
    good = json.dumps({"transcript": "a", "translation": "b"})
    path.write_text(f"{good}\n\n{line}\n")
    with pytest.raises(DataError) as error:
        read_pairs(path)
    assert f"{path}:3: " in str(error.value)
    assert what in str(error.value)


def test_whole_characters_may_be_written_as_escapes(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text(r'{"transcript": "\ud83d\ude00", "translation": "\\ud800 \u00fc"}' + "\n")
    assert read_pairs(path) == [{"transcript": "\U0001f600", "translation": "\\ud800 ü"}]


def test_a_reference_of_blanks_is_none(tmp_path):
    pair = {"transcript": "a", "translation": "", "reference_transcript": " ", "reference_translation": ""}
    write_pairs(tmp_path / "pairs.jsonl", [pair])
    none = {"reference_transcript": None, "reference_translation": None}
    assert read_pairs(tmp_path / "pairs.jsonl") == [pair | none]


def test_a_shard_may_be_empty(tmp_path):
    pair = '{"transcript": "%s", "translation": "x"}\n'
    for shard, text in enumerate([pair % "a", "", pair % "b"]):
        (tmp_path / f"test.jsonl.{shard}").write_text(text)
    shards = sorted(tmp_path.iterdir())
    assert [pair["transcript"] for pair in read_shards(shards)] == ["a", "b"]
    with pytest.raises(DataError, match=r"test\.jsonl\.1: holds no pair"):
        read_shards([shards[1], shards[1]])


def test_missing_empty_and_binary_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.jsonl: cannot be read"):
        read_pairs(tmp_path / "gone.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(DataError, match=r"empty\.jsonl: holds no pair"):
        read_pairs(tmp_path / "empty.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"binary\.jsonl:1: not UTF-8"):
        read_pairs(tmp_path / "binary.jsonl")


def test_what_is_not_utf8_is_named_by_its_line(tmp_path):
    line = json.dumps({"transcript": "a" * 5000, "translation": "Grüße"}, ensure_ascii=False) + "\n"
    (tmp_path / "latin.jsonl").write_bytes(3 * line.encode() + line.encode("latin-1") + line.encode())
    with pytest.raises(DataError, match=r"latin\.jsonl:4: not UTF-8 text; give a file written by"):
        read_pairs(tmp_path / "latin.jsonl")
