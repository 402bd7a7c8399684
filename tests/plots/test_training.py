"""Pictures of trainings."""

import pytest
from training_log import SIMPLE_LINES, json_lines

from interactive_st.plots.fairseq_log import parse_log
from interactive_st.plots.style import PlotError, drawing
from interactive_st.plots.training import draw_training, panels_of

pytestmark = pytest.mark.usefixtures("matplotlib")


def test_only_panels_that_have_something():
    titles = [panel.title for panel in panels_of([parse_log(json_lines(), "a")])]
    assert titles == [
        "Loss (bits per token)",
        "Accuracy (%)",
        "BLEU of the translation",
        "WER of the transcript (%)",
    ]
    titles = [panel.title for panel in panels_of([parse_log(json_lines(scores=False), "a")])]
    assert titles == ["Loss (bits per token)", "Accuracy (%)"]


def test_a_log_of_stock_fairseq_has_one_loss():
    lines = ['INFO | train_inner | {"loss": "3", "num_updates": "1"}']
    (panel,) = panels_of([parse_log(lines, "stock")])
    assert panel.metrics == {"both": "loss"}


def test_curves_are_the_logs_numbers():
    with drawing():
        figure = draw_training([parse_log(json_lines(), "a")])
        loss, _, bleu, wer = figure.axes
        training = [line for line in loss.lines if line.get_marker() == "None"]
        assert [list(line.get_ydata()) for line in training] == [
            [20 / u for u in (10, 20, 30, 40)],
            [40 / u for u in (10, 20, 30, 40)],
        ]
        assert list(bleu.lines[0].get_xdata()) == [20, 40]
        assert list(wer.lines[0].get_ydata()) == [80.0, 60.0]
        assert len({axes.get_xlim() for axes in figure.axes}) == 1


def test_hours():
    with drawing():
        figure = draw_training([parse_log(json_lines(), "a")], "hours")
        assert list(figure.axes[-1].lines[0].get_xdata()) == pytest.approx([20 / 60, 40 / 60])
    without = parse_log(['INFO | dev | {"dev_wer": "3", "dev_num_updates": "1"}'], "b")
    with drawing(), pytest.raises(PlotError, match="b: the log has no times"):
        draw_training([without], "hours")


def test_streams_and_runs_are_told_apart_by_more_than_colour():
    logs = [parse_log(json_lines(), name) for name in ("a", "b")]
    with drawing():
        lines = draw_training(logs).axes[0].lines
        valid = [line for line in lines if line.get_marker() != "None"]
        assert len({line.get_color() for line in valid}) == 2
        assert {line.get_marker() for line in valid} == {"o", "s"}
        assert len({line.get_linestyle() for line in valid}) == 2


@pytest.mark.parametrize("runs", [1, 2, 7])
def test_text_can_be_read(runs):
    from overlaps import problems

    names = ["a", "a rather long name of a run, with its settings in it " * 2, *"cdefg"]
    logs = [parse_log(json_lines() if i != 2 else SIMPLE_LINES, names[i]) for i in range(runs)]
    with drawing(names):
        assert problems(draw_training(logs)) == []


def test_too_many_runs():
    with drawing(), pytest.raises(PlotError, match="8 trainings"):
        draw_training([parse_log(json_lines(), str(i)) for i in range(8)])


def test_nothing_to_draw():
    with pytest.raises(PlotError, match="neither loss nor scores"):
        panels_of([parse_log(['INFO | dev | {"dev_num_updates": "1"}'], "b")])
