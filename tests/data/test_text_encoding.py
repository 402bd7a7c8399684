"""What is said of texts in another encoding, or with other separators."""

import pytest

from interactive_st.data.escaped_table import read_escaped_table
from interactive_st.data.joining.fairseq_manifest import read_fairseq_manifest
from interactive_st.data.manifest import read_manifest, stream_manifest
from interactive_st.errors import BadRowsError, DataError

REQUIRED = ("id", "audio")


def scan(path):
    return list(stream_manifest(path, required=REQUIRED)[1])


@pytest.mark.parametrize("read", [scan, read_fairseq_manifest])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16(tmp_path, read, encoding):
    path = tmp_path / "a.tsv"
    path.write_bytes("id\taudio\nb\tc\n".encode(encoding))
    with pytest.raises(DataError, match=r"a\.tsv: is UTF-16 text; save it as UTF-8"):
        read(path)


@pytest.mark.parametrize("read", [scan, read_fairseq_manifest])
@pytest.mark.parametrize(("character", "what"), [(",", "commas"), (";", "semicolons")])
def test_other_separators(tmp_path, read, character, what):
    path = tmp_path / "a.tsv"
    path.write_text(character.join(["id", "audio", "n_frames", "tgt_text"]) + "\n")
    with pytest.raises(DataError, match=rf"a\.tsv:1: columns are separated by tabs, not {what}; .*'id"):
        read(path)


def test_the_line_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(b"id\taudio\tn_frames\ttgt_text\na\tb\t1\tc\nd\te\t1\tGr\xfc\xdfe\n")
    with pytest.raises(DataError, match=r"a\.tsv:3: not UTF-8 text .*; save the file as UTF-8"):
        read_fairseq_manifest(path)
    with pytest.raises(BadRowsError, match=r"a\.tsv:3 \(d\): not UTF-8 text at byte 9 .*; save the file as"):
        read_manifest(path)


def read_clips(path):
    """As CoVoST 2 is read."""
    return dict(read_escaped_table(path, ("id", "tgt_text")))


@pytest.mark.parametrize("read", [read_fairseq_manifest, read_clips])
def test_what_csv_cannot_read_is_named_with_its_line(tmp_path, read):
    path = tmp_path / "a.tsv"
    path.write_text(f"id\taudio\tn_frames\ttgt_text\na\tb\t1\tc\nd\te\t1\t{'x' * 200_000}\n")
    message = r"a\.tsv:3: cannot be read \(field larger than .*\); correct the line"
    with pytest.raises(DataError, match=message):
        read(path)


def test_fields_that_are_not_needed_may_be_missing(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("\ufeffid\ttgt_text\taccent\na\t\\\"b\\\"\tc\nd\te\n", encoding="utf-8")
    assert read_clips(path) == {
        2: {"id": "a", "tgt_text": '"b"', "accent": "c"},
        3: {"id": "d", "tgt_text": "e"},
    }
    for required, exact in ((("id",), True), (("id", "accent"), False)):
        with pytest.raises(DataError, match=r"a\.tsv:3: 2 fields where the header has 3; correct the line"):
            list(read_escaped_table(path, required, exact=exact))


@pytest.mark.parametrize("exact", [False, True])
def test_empty_lines_are_passed_over_as_fairseq_does(tmp_path, exact):
    path = tmp_path / "a.tsv"
    path.write_text("id\ttgt_text\na\tb\n\nc\td\n\n", encoding="utf-8")
    found = list(read_escaped_table(path, ("id",), exact=exact))
    assert found == [(2, {"id": "a", "tgt_text": "b"}), (4, {"id": "c", "tgt_text": "d"})]
