"""The progress bar of a training, from the lines that fairseq logs."""

from examples import progress

TRAIN_LINE = (
    "2026-01-01 00:00:00 | INFO | train_inner | "
    '{"epoch": 1, "update": 0.5, "loss": "3.25", "num_updates": "40", "wall": "5"}\n'
)
DEV_LINE = '2026-01-01 00:00:00 | INFO | dev | {"epoch": 1, "dev_loss": "2.5", "dev_wer": "7.1"}\n'


def test_progress_reads_fairseqs_log(capsys):
    with progress.TrainingProgress(100, 0, 0.0, lambda: None) as bar:
        bar.read("no statistics | INFO | train | {broken")
        bar.read(DEV_LINE)
        bar.read(TRAIN_LINE)
        bar._bar.refresh()
    shown = capsys.readouterr().err
    assert "40/100" in shown
    assert "loss 3.25, dev wer 7.1, dev loss 2.5" in shown


def test_progress_counts_seconds_where_only_time_is_limited(capsys):
    with progress.TrainingProgress(0, 600, 120.0, lambda: None) as bar:
        bar.read(TRAIN_LINE)
        bar._bar.refresh()
    shown = capsys.readouterr().err
    assert "/600" in shown
    assert "40 updates, loss 3.25" in shown


def test_time_is_saved_while_lines_come_in(monkeypatch, capsys):
    saved = []
    with progress.TrainingProgress(100, 0, 0.0, lambda: saved.append(1)) as bar:
        bar.read(TRAIN_LINE)
        assert saved == []
        bar._saved -= 60
        bar.read("any line\n")
        bar.read("any line\n")
    assert saved == [1]


def test_updates_are_those_of_the_last_training_in_a_log(tmp_path):
    log = tmp_path / "train.log"
    log.write_text(DEV_LINE)
    assert progress.updates_done(log) == 0
    log.write_text(TRAIN_LINE.replace("40", "900") + DEV_LINE + TRAIN_LINE + "killed")
    assert progress.updates_done(log) == 40, "begun anew with other options"
    end = '2026-11-29 07:00:00 | INFO | train | {"epoch": 3, "train_loss": "2.1", "train_num_updates": "47"}'
    log.write_text(f"{TRAIN_LINE}{end}\n")
    assert progress.updates_done(log) == 47, "the last updates have no line of their own"
