"""Tables of utterances: what is written is read back, what is broken is listed."""

import csv
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interactive_st.data.manifest import Line, read_manifest, set_apart, stream_manifest, write_manifest
from interactive_st.errors import BadRowsError, DataError

field = st.text(st.characters(exclude_characters="\t\n\r\0", exclude_categories=["Cs"]))
rows = st.lists(
    st.fixed_dictionaries({"id": field.map("x".__add__), "audio": field, "tgt_text": field}),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=rows)
def test_round_trip_by_us_and_by_fairseqs_reader(tmp_path, rows):
    path = tmp_path / "a.tsv"
    write_manifest(path, rows)
    assert read_manifest(path) == rows
    with open(path, encoding="utf-8") as file:  # as fairseq's SpeechToTextDatasetCreator does
        reader = csv.DictReader(
            file,
            delimiter="\t",
            quotechar=None,
            doublequote=False,
            lineterminator="\n",
            quoting=csv.QUOTE_NONE,
        )
        assert [dict(row) for row in reader] == rows


def test_columns_missing_values_and_numbers(tmp_path):
    path = tmp_path / "a.tsv"
    write_manifest(path, [{"id": 1, "n": None}, {"id": 2.5}], columns=("n", "id"))
    assert path.read_bytes() == b"n\tid\n\t1\n\t2.5\n"
    write_manifest(path, [], columns=("id", "audio"))
    assert read_manifest(path) == []


@pytest.mark.parametrize("character", ["\t", "\n", "\r", "\0"])
def test_refuses_to_write_a_broken_table(tmp_path, character):
    path = tmp_path / "a.tsv"
    with pytest.raises(DataError, match=r"a\.tsv:3: a .* in audio"):
        write_manifest(path, [{"id": "a", "audio": "b"}, {"id": "c", "audio": f"d{character}"}])
    assert list(tmp_path.iterdir()) == []


def test_refuses_rows_that_do_not_fit_the_columns(tmp_path):
    with pytest.raises(DataError, match="'text'"):
        write_manifest(tmp_path / "a.tsv", [{"id": 1, "audio": 2}, {"id": 1, "text": 2}])
    with pytest.raises(DataError, match="no rows and no columns"):
        write_manifest(tmp_path / "a.tsv", [])
    with pytest.raises(DataError, match="at least two columns"):
        write_manifest(tmp_path / "a.tsv", [{"id": ""}])


def test_reads_what_other_programs_write(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes('\ufeffid\taudio\r\n"a\tb"\r\nc\t\r\n\r\n\n'.encode())
    assert read_manifest(path) == [{"id": '"a', "audio": 'b"'}, {"id": "c", "audio": ""}]


def test_bad_rows_are_listed_with_line_and_reason(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(b"id\taudio\na\tb\nc\td\te\nf\n\ng\t\xff\nh\ti\rj\nk\tl\n")
    columns, rows = stream_manifest(path, "dev")
    lines = list(set_apart(rows, bad := []))
    assert columns == ["id", "audio"]
    assert [(line.number, line.fields["id"]) for line in lines] == [(2, "a"), (8, "k")]
    assert [(row.line, row.id) for row in bad] == [(3, "c"), (4, "f"), (5, ""), (6, "g"), (7, "h")]
    for row, reason in zip(
        bad, ["3 fields ", "1 field ", "1 field ", "not UTF-8", "carriage"], strict=True
    ):
        assert reason in row.reason
        assert (row.split, row.file) == ("dev", str(path))
    with pytest.raises(BadRowsError, match=r"5 bad rows(.|\n)*a\.tsv:3 \(c\): 3 fields") as raised:
        read_manifest(path)
    assert raised.value.rows == [row.__class__("", *list(vars(row).values())[1:]) for row in bad]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"id\tid\n", "id twice"),
        (b"id\t\xff\n", "header is not UTF-8"),
        (b"id\taudio\ra\tb\r", "1: a carriage return in the header; save the file with line feeds"),
        (b"id audio\n", "missing column audio; the header, separated by tabs, has id audio"),
    ],
)
def test_header_errors(tmp_path, content, message):
    (tmp_path / "a.tsv").write_bytes(content)
    required = ("audio",) if "missing" in message else ()
    with pytest.raises(DataError, match=message):
        stream_manifest(tmp_path / "a.tsv", required=required)


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"none\.tsv: cannot be read"):
        read_manifest(tmp_path / "none.tsv")


def test_message_shows_fifty_rows(tmp_path):
    (tmp_path / "a.tsv").write_text("id\taudio\n" + "x\n" * 57)
    with pytest.raises(BadRowsError) as raised:
        read_manifest(tmp_path / "a.tsv")
    lines = str(raised.value).splitlines()
    assert len(raised.value.rows) == 57
    assert len(lines) == 1 + 50 + 1
    assert lines[-1].strip() == "and 7 more"


def test_large_tables_are_written_and_read_row_by_row(tmp_path):
    path, text = tmp_path / "a.tsv", "w " * 100
    write_manifest(path, [{"id": 0, "text": text}])  # what is made once is made before
    tracemalloc.start()
    write_manifest(path, ({"id": i, "text": text} for i in range(3000)))
    assert sum(isinstance(row, Line) for row in stream_manifest(path)[1]) == 3000
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < path.stat().st_size / 4


def test_empty_lines_are_left_out_at_the_end_alone(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(b"id\taudio\n\na\tb\n \r\n\n")
    lines = list(set_apart(stream_manifest(path)[1], bad := []))
    assert [line.number for line in lines] == [3]
    assert [row.line for row in bad] == [2]
