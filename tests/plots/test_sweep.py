"""Tables of a setting that was varied, and their picture."""

import json

import pytest

from interactive_st.plots.style import PlotError, drawing
from interactive_st.plots.sweep import draw_sweep, read_sweep, seeds_of

ROWS = ("k seed wer bleu", "inf 1 12 42", "0 1 13 41", "0 2 12 42", "3 1 11 44", "3 2 11 45", "-1 1 14 40")


@pytest.fixture
def k_table(tmp_path):
    path = tmp_path / "k.tsv"
    path.write_text("\n".join(ROWS).replace(" ", "\t"), encoding="utf-8")
    return path


def test_tsv_in_order_with_inf_last(k_table):
    sweep = read_sweep(k_table)
    assert sweep.parameter == "k"
    assert [setting.value for setting in sweep.settings] == ["-1", "0", "3", "inf"]
    assert sweep.settings[1].scores == {"wer": [13.0, 12.0], "bleu": [41.0, 42.0]}
    assert seeds_of(sweep) == "1 to 2"


@pytest.mark.parametrize("wrapped", [False, True])
def test_json_with_lists_and_words(tmp_path, wrapped):
    rows = [
        {"lambda": "learned", "bleu": 42},
        {"lambda": 0.30, "bleu": [43, 44], "wer": None},
        {"lambda": "0.3", "bleu": 45},
    ]
    path = tmp_path / "l.json"
    path.write_text(json.dumps({"rows": rows} if wrapped else rows))
    sweep = read_sweep(path)
    assert [(s.value, s.scores["bleu"]) for s in sweep.settings] == [("0.3", [43, 44, 45]), ("learned", [42])]


def test_another_parameter(tmp_path):
    path = tmp_path / "beam.tsv"
    path.write_text("beam\tbleu\n1\t40\n5\t41\n")
    with pytest.raises(PlotError, match="no column k or lambda; there are beam, bleu"):
        read_sweep(path)
    assert read_sweep(path, "beam").parameter == "beam"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.tsv", "k\tbleu\n3\tmany\n", "row 1, bleu: 'many' is not a number"),
        ("a.tsv", "k\tbleu\n\t3\n", "row 1 has no k"),
        ("a.tsv", "k\tchrf\n1\t3\n", "no column wer or bleu"),
        ("a.tsv", "k\tbleu\n", "no rows"),
        ("a.tsv", "K\tbleu\n1\t20\t\n", "no column k or lambda; there are K, bleu: name the varied"),
        ("a.tsv", "k\tbleu\n1\t20\t30\n", "row 1 has more fields than the header"),
        ("a.tsv", "k  bleu\n1  20\n", "there are k  bleu: columns are separated by tabs"),
        ("a.json", "[1, 2]", "no rows"),
        ("a.json", "{", "a.json:1: not JSON"),
    ],
)
def test_bad_tables(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(PlotError, match=message):
        read_sweep(path)
    with pytest.raises(PlotError, match="gone"):
        read_sweep(tmp_path / "gone")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.tsv", "k\twer\n0\t1\n0\tinf\n", "row 2, wer: inf is no score in percent"),
        ("a.tsv", "k\twer\n0\t1e308\n0\t1e308\n", r"row 1, wer: 1e\+308 is no score in percent"),
        ("a.json", f'[{{"k": {10**400}, "bleu": 3}}]', f"row 1, k: {10**19}… is too large to be drawn"),
        ("a.json", '[{"k": 1e400, "bleu": 3}]', "row 1, k: 1e400 is too large to be drawn"),
        ("a.tsv", "k\tbleu\tbleu\n1\t20\t30\n", "a.tsv: two columns are called bleu; rename or remove one"),
        ("a.tsv", f"k\tbleu\n{10**400}\t3\n", f"row 1, k: {10**19}… is too large to be drawn"),
        ("a.tsv", "k\twer\n1e308\t3\n-1e308\t4\n", r"row 1, k: 1e308 is too large to be drawn"),
        ("a.tsv", f"k\twer\n{'1' * 200_000}\t1\n", "cannot be read as TSV"),
        ("a.json", f'[{{"k": {"1" * 5000}}}]', "not readable as JSON"),
        ("a.json", "[" * 100_000, "not readable as JSON"),
    ],
)
def test_numbers_that_cannot_be_drawn(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(PlotError, match=message):
        read_sweep(tmp_path / name)


def test_of_columns_that_are_passed_over_two_may_have_one_name(tmp_path):
    (tmp_path / "a.tsv").write_text("k\twer\tp\tbleu\tp\n1\t20\t0.1\t30\t0.2\n")
    (setting,) = read_sweep(tmp_path / "a.tsv").settings
    assert setting.scores == {"bleu": [30.0], "wer": [20.0]}
    (tmp_path / "b.tsv").write_text("beam\tbleu\tbeam\n1\t20\t2\n")
    with pytest.raises(PlotError, match="two columns are called beam"):
        read_sweep(tmp_path / "b.tsv", "beam")


def test_a_field_of_spaces_is_a_missing_score(tmp_path):
    (tmp_path / "k.tsv").write_text("k\twer\tbleu\n1\t \t20\n", encoding="utf-8")
    assert read_sweep(tmp_path / "k.tsv").settings[0].scores == {"bleu": [20.0], "wer": []}


def test_a_score_that_is_not_a_number_is_a_missing_one(tmp_path):
    (tmp_path / "a.tsv").write_text("k\twer\n0\t1\n0\tnan\n")
    assert read_sweep(tmp_path / "a.tsv").settings[0].scores["wer"] == [1.0]


def test_means_and_spread(k_table, matplotlib):
    from overlaps import problems

    with drawing():
        figure = draw_sweep([read_sweep(k_table)])
        bleu = figure.axes[0]
        finite, apart = (container.lines[0] for container in bleu.containers)
        assert list(finite.get_xdata()) == [-1, 0, 3]
        assert list(finite.get_ydata()) == [40, 41.5, 44.5]
        assert finite.get_linestyle() == "-"
        assert apart.get_linestyle() == "None"
        assert apart.get_xdata()[0] > 3
        assert list(apart.get_ydata()) == [42]
        (bars,) = bleu.containers[0].lines[2]
        heights = [segment[1, 1] - segment[0, 1] for segment in bars.get_segments()]
        assert heights == pytest.approx([0, 2**0.5, 2**0.5])
        assert [label.get_text() for label in bleu.get_xticklabels()] == ["-1", "0", "3", "∞"]
        assert problems(figure) == []


def test_crowded_values_stand_at_equal_distances(tmp_path, matplotlib):
    from overlaps import problems

    path = tmp_path / "l.json"
    path.write_text(json.dumps([{"lambda": v, "bleu": 40} for v in (0, 0.01, 0.1, 0.3, 1, 10, "learned")]))
    with drawing():
        figure = draw_sweep([read_sweep(path)])
        assert problems(figure) == []
        assert any(text.get_text() == "no values" for text in figure.axes[1].texts)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nan", "row 2 has no k"),
        (" ", "row 2 has no k"),
        ("-inf", "row 2, k: -inf is too large to be drawn"),
    ],
)
def test_settings_that_have_no_place_on_the_axis(tmp_path, value, message):
    path = tmp_path / "a.tsv"
    path.write_text(f"k\twer\n3\t1\n{value}\t2\n1\t3\n")
    with pytest.raises(PlotError, match=message):
        read_sweep(path)


def test_settings_are_told_apart_by_all_their_digits(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("updates\twer\n1000001\t10\n1000002\t30\n1000001.0\t20\n-0\t1\n0\t2\n")
    sweep = read_sweep(path, "updates")
    assert [(s.value, s.scores["wer"]) for s in sweep.settings] == [
        ("0", [1.0, 2.0]), ("1000001", [10.0, 20.0]), ("1000002", [30.0])
    ]  # fmt: skip
    axes = draw_sweep([sweep]).axes[1]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "1000001", "1000002"]
