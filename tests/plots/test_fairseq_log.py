"""Reading the logs of fairseq-train."""

import math

import pytest
from training_log import SIMPLE_LINES, json_lines, stamped, write_log

from interactive_st.plots.fairseq_log import LogError, parse_log, read_log, read_run


def test_json_lines():
    log = parse_log(json_lines(), "run")
    assert [p.updates for p in log.points["train_inner"]] == [10, 20, 30, 40]
    assert log.valid_subsets == ["dev"]
    last = log.points["dev"][-1]
    assert (last.updates, last.metrics["wer"], last.metrics["bleu"]) == (40, 60.0, 20.0)
    assert last.hours == pytest.approx(40 / 60)
    assert (log.parameters, log.samples, log.last_update) == (1234, {"train": 6000}, 40)


def test_options_are_plain_values_of_the_model():
    options = parse_log(json_lines(), "run").options
    assert options["arch"] == "interactive_st_tiny"
    assert options["lr"] == [0.002]
    assert "odd" not in options  # `inf` is a name, no literal


def test_simple_lines():
    log = parse_log(SIMPLE_LINES, "run")
    assert log.points["train_inner"][0].metrics["asr_loss"] == 9.765
    assert log.points["dev"][0].updates == 25
    assert log.points["dev"][0].metrics == {"epoch": 1.0, "loss": 8.402, "asr_loss": 6.8, "wer": 91.5}
    train = log.points["train"][0].metrics
    assert (train["wall"], train["train_wall"]) == (20.0, 19.0)


def test_a_resumed_run_replaces_what_was_lost_and_the_pause_is_not_counted():
    first = json_lines()
    again = [
        stamped(9000, "fairseq_cli.train", "{'model': Namespace(arch='b')}"),
        stamped(9060, "train_inner", '{"loss": "0.5", "num_updates": "30"}'),
    ]
    points = parse_log([*first, *again], "run").points["train_inner"]
    assert [p.updates for p in points] == [10, 20, 30]
    assert points[-1].metrics == {"loss": 0.5}
    assert points[-1].hours == pytest.approx(41 / 60)


def test_a_resumed_run_says_other_things_before_its_configuration():
    again = [
        stamped(8990, "fairseq.tasks.text_to_speech", "Please install tensorboardX: pip install …"),
        stamped(8995, "fairseq.distributed.utils", "distributed init (rank 0): tcp://localhost:1234"),
        stamped(9000, "fairseq_cli.train", "{'model': Namespace(arch='b')}"),
        stamped(9060, "train_inner", '{"loss": "0.5", "num_updates": "50"}'),
    ]
    points = parse_log([*json_lines(), *again], "run").points["train_inner"]
    assert points[-1].hours == pytest.approx(41 / 60)


def test_best_point():
    log = parse_log(json_lines(), "run")
    assert log.best("dev", "wer", largest=False).updates == 40
    assert log.best("dev", "bleu", largest=True).updates == 40
    assert log.best("dev", "chrf", largest=True) is None


def test_best_point_is_a_number():
    line = 'INFO | dev | {"dev_loss": "%s", "dev_num_updates": "%d"}'
    lines = [line % ("inf", 1), line % ("3.0", 2)]
    assert parse_log(lines, "run").best("dev", "loss", largest=False).metrics["loss"] == 3.0


def test_time_without_stamps_is_the_wall_clock_of_training():
    log = parse_log(['INFO | train_inner | {"loss": "1", "num_updates": "7", "wall": "1800"}'], "run")
    assert log.points["train_inner"][0].hours == 0.5


def unnamed(lines):
    """The lines as ``--log-file`` has them."""
    return [line.rpartition(" | INFO | ")[2].partition(" | ")[2] for line in lines if " | INFO | " in line]


@pytest.mark.parametrize("lines", [json_lines(), SIMPLE_LINES], ids=["json", "simple"])
def test_a_log_file_says_the_same_without_names(lines):
    expected, found = parse_log(lines, "run"), parse_log(unnamed(lines), "run")
    assert found.points.keys() == expected.points.keys()
    for subset in expected.points:
        for one, other in zip(found.points[subset], expected.points[subset], strict=True):
            assert (one.updates, one.metrics) == (other.updates, other.metrics)
    assert (found.options, found.parameters) == (expected.options, expected.parameters)
    assert found.samples == expected.samples


def test_a_validation_set_of_a_log_file_may_have_any_name():
    lines = ['{"epoch": 1, "dev-other.v2_loss": "3", "dev-other.v2_num_updates": "4"}']
    [point] = parse_log(lines, "run").points["dev-other.v2"]
    assert (point.updates, point.metrics["loss"]) == (4, 3.0)


def test_a_log_file_beside_the_output_is_the_same_training(tmp_path):
    write_log(tmp_path / "file.log", unnamed(json_lines()))
    assert [log.name for log in read_run(tmp_path)] == [tmp_path.name]
    write_log(tmp_path / "logs" / "train.log", json_lines())
    [log] = read_run(tmp_path)
    assert log.samples  # of the output


def test_hours_of_a_log_file_are_those_that_training_said_last():
    log = parse_log(unnamed(json_lines()), "run")
    assert [point.hours for point in log.points["train_inner"]] == [10 / 60, 20 / 60, 30 / 60, 40 / 60]
    assert [point.hours for point in log.points["dev"]] == [20 / 60, 40 / 60]


def test_summaries_serve_where_running_averages_are_few():
    lines = [stamped(i, "train", f"epoch 001 | loss 1 | num_updates {i}") for i in (1, 2)]
    log = parse_log([*lines, stamped(1, "train_inner", "epoch 001: 1 / 2 loss=1, num_updates=1")], "run")
    assert len(log.training_points) == 2


def test_folders(tmp_path):
    write_log(tmp_path / "one" / "logs" / "train-a.log", json_lines())
    write_log(tmp_path / "one" / "logs" / "generate.log", ["nothing of interest"])
    assert [log.name for log in read_run(tmp_path / "one")] == ["one"]
    write_log(tmp_path / "one" / "train-b.log", SIMPLE_LINES)
    assert [log.name for log in read_run(tmp_path / "one")] == ["one/train-a", "one/train-b"]


def test_what_is_no_training_is_named(tmp_path):
    with pytest.raises(LogError, match=r"gone.log: cannot be read"):
        read_log(tmp_path / "gone.log", "x")
    with pytest.raises(LogError, match=r"there is no log in it \(logs/\*\.log, \*\.log\); give the folder"):
        read_run(tmp_path)
    empty = write_log(tmp_path / "empty.log", ["nothing"])
    with pytest.raises(LogError, match=r"empty.log: no metrics"):
        read_run(empty)
    with pytest.raises(LogError, match=r"no training in its 1 log "):
        read_run(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        '2024-13-45 10:10:10 | INFO | train_inner | {"loss": "0.1", "num_updates": "nan"}',
        'INFO | train_inner | {"loss": "0.1", "num_updates": "inf"}',
        "INFO | fairseq_cli.train | num. shared model params: ,",
        'INFO | fairseq.data | split="dev", n_samples=_,',
    ],
)
def test_damaged_lines_are_no_news(line):
    assert parse_log([*json_lines(), line], "run") == parse_log(json_lines(), "run")


@pytest.mark.parametrize("loss", ["1e308", "-1e200", "inf"])
def test_losses_that_cannot_be_drawn_are_none(loss):
    line = f'INFO | train_inner | {{"loss": "{loss}", "num_updates": "50"}}'
    assert math.isnan(parse_log([line], "run").points["train_inner"][0].metrics["loss"])


def test_a_time_that_is_damaged_is_none():
    line = '2024-13-45 10:10:10 | INFO | train_inner | {"loss": "0.1", "num_updates": "50", "wall": "3600"}'
    assert parse_log([line], "run").points["train_inner"][0].hours == 1.0


def simple_lines(first: int, last: int) -> list[str]:
    text = "epoch 001: {0} / 2500 loss=20.091, num_updates={0}, lr=0.002, wall={0}"
    return [stamped(n, "train_inner", text.format(n)) for n in range(first, last + 1, 100)]


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_a_line_cut_off_within_a_number_removes_no_points(tmp_path, digits):
    *whole, last = simple_lines(100, 2000)
    cut = last[: last.index("num_updates=") + len("num_updates=") + digits]
    path = tmp_path / "train.log"
    path.write_text("\n".join([*whole, cut]), encoding="utf-8")
    assert read_log(path, "run").last_update == 1900


def test_a_last_line_without_an_end_counts_where_it_is_whole_json(tmp_path):
    path = tmp_path / "train.log"
    path.write_text("\n".join(json_lines()), encoding="utf-8")
    assert read_log(path, "run").points == parse_log(json_lines(), "run").points


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_a_line_may_end_as_a_progress_bar_ends_it(tmp_path, end):
    path = tmp_path / "train.log"
    path.write_bytes("".join(f"{line}{end}" for line in simple_lines(100, 2000)).encode())
    assert read_log(path, "run").last_update == 2000


def test_a_resumed_run_may_begin_within_the_line_that_was_cut_off(tmp_path):
    *whole, last = simple_lines(100, 2000)
    cut = last[: last.index("num_updates=") + len("num_updates=20")]
    again = [stamped(9000, "fairseq_cli.train", "{'model': Namespace(arch='b')}")]
    again.append(stamped(9060, "train_inner", '{"loss": "0.5", "num_updates": "2000"}'))
    path = write_log(tmp_path / "train.log", [*whole, cut + again[0], again[1]])
    points = read_log(path, "run").points["train_inner"]
    assert (len(points), points[-1].updates) == (20, 2000)
    assert points[-1].hours == pytest.approx((1800 + 60) / 3600)


@pytest.mark.parametrize("damaged", ["1" * 5000, "[" * 100_000])
def test_a_line_that_json_cannot_hold_is_passed_over(damaged):
    line = stamped(9000, "train_inner", f'{{"num_updates": "50", "loss": {damaged}}}')
    assert parse_log([*json_lines(), line], "run").points == parse_log(json_lines(), "run").points


def test_a_whole_number_too_large_to_be_drawn_is_passed_over():
    line = stamped(0, "train_inner", f'{{"num_updates": "50", "loss": {10**400}}}')
    assert parse_log([line], "run").points["train_inner"][0].metrics == {}
