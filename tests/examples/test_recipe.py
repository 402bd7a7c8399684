"""The recipes' steps: what is skipped, what is resumed, what is reported; commands are faked."""

import json
import os
import signal
from pathlib import Path

import pytest

from examples import progress, recipe, report, stamps
from examples.runner import Recipe, RecipeError, run_to_the_end


@pytest.fixture
def run(tmp_path):
    return Recipe(tmp_path / "run", threads=1, seed=7)


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("train.tsv", "train.zip", "dev.tsv", "dev.zip", "dict.txt", "config_joint.yaml"):
        (folder / name).write_text(name)
    (folder / "test.tsv").write_text("test")
    return folder


class FakeCommands:
    """Stands in for `Recipe.command`: notes the calls and does what a tool would leave behind."""

    def __init__(self, effect=lambda arguments: None, lines=()):
        self.calls, self.effect, self.lines = [], effect, lines

    def __call__(self, name, module, arguments, listener=None):
        self.calls.append((name, module, list(arguments)))
        for line in self.lines:
            listener(line)
        self.effect(arguments)


def option(arguments, name):
    return arguments[arguments.index(name) + 1]


# steps -------------------------------------------------------------------------------------------


def test_step_is_done_once(run, tmp_path):
    output, calls = tmp_path / "made.txt", []

    def action():
        calls.append(1)
        output.write_text("made")

    assert run.step("make", {"size": 1}, [output], action)
    assert not run.step("make", {"size": 1}, [output], action)
    assert calls == [1]


def test_step_is_skipped_by_a_later_run_and_its_time_kept(tmp_path):
    output = tmp_path / "made.txt"
    first = Recipe(tmp_path / "run")
    first.step("make", 1, [output], lambda: output.write_text("made"))
    first._lock.close()
    later = Recipe(tmp_path / "run")
    assert not later.step("make", 1, [output], pytest.fail)
    assert later.total_seconds == first.total_seconds > 0


@pytest.mark.parametrize("change", ["options", "output edited", "output gone"])
def test_step_is_done_again_when_something_changed(run, tmp_path, change):
    output = tmp_path / "made"

    def action():
        output.mkdir(exist_ok=True)
        (output / "a.txt").write_text("made")

    run.step("make", 1, [output], action)
    if change == "output edited":
        (output / "a.txt").write_text("edited")
    elif change == "output gone":
        (output / "a.txt").unlink()
        output.rmdir()
    assert run.step("make", 2 if change == "options" else 1, [output], action)
    assert (output / "a.txt").read_text() == "made"


def test_a_step_that_failed_is_not_remembered(run, tmp_path):
    output = tmp_path / "made.txt"
    output.write_text("half")

    def fail():
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        run.step("make", 1, [output], fail)
    assert run.step("make", 1, [output], lambda: output.write_text("made"))


def test_a_step_without_its_output_is_an_error(run, tmp_path):
    with pytest.raises(RecipeError, match=r"made\.txt"):
        run.step("make", 1, [tmp_path / "made.txt"], lambda: None)


def test_fingerprint_is_of_contents_not_of_place_or_date(tmp_path):
    for place in ("here", "there"):
        (tmp_path / place / "data").mkdir(parents=True)
        (tmp_path / place / "data" / "a").write_text("same")
    here, there = (stamps.fingerprint([tmp_path / p / "data"]) for p in ("here", "there"))
    assert here == there
    (tmp_path / "there" / "data" / "a").write_text("sane")
    assert stamps.fingerprint([tmp_path / "there" / "data"]) != here


def test_fingerprint_of_a_large_file_sees_its_ends_and_size(tmp_path, monkeypatch):
    monkeypatch.setattr(stamps, "_WHOLE", 10)
    monkeypatch.setattr(stamps, "_PART", 4)
    path, prints = tmp_path / "large", set()
    for content in (b"head........tail", b"HEAD........tail", b"head........TAIL", b"head.tail.."):
        path.write_bytes(content)
        prints.add(str(stamps.fingerprint([path])))
    assert len(prints) == 4


def test_an_unreadable_stamp_counts_as_none(tmp_path):
    path = tmp_path / "stamp.json"
    for text in ("", "{", '{"other": 1}'):
        path.write_text(text)
        assert stamps.Stamp.read(path) == stamps.Stamp()


# commands ----------------------------------------------------------------------------------------


def test_command_logs_and_passes_the_threads_on(run):
    lines = []
    run.command("echo", "platform", [], lines.append)
    log = (run.out / "logs" / "echo.log").read_text()
    assert log.splitlines()[0] == "$ python -m platform"
    assert "".join(lines) == "".join(log.splitlines(keepends=True)[1:])
    assert run._environment()["OMP_NUM_THREADS"] == "1"


def test_command_that_fails_names_its_log_and_shows_its_end(run):
    with pytest.raises(RecipeError, match=r"(?s)status 1.*broken\.log.*no_such_module"):
        run.command("broken", "no_such_module", [])


def test_a_stopped_command_leaves_no_process_behind(run, tmp_path, monkeypatch):
    """The parent and a child of its own, as fairseq-train and its data loaders are."""
    (tmp_path / "family.py").write_text(
        "import os, time\nchild = os.fork()\n"
        "if child: print(os.getpid(), child, flush=True)\n"
        "time.sleep(60)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    family = []

    def listen(line):
        family.extend(int(word) for word in line.split())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.command("family", "family", [], listen)
    assert len(family) == 2
    with pytest.raises(ProcessLookupError):
        os.kill(family[0], 0)
    run._lock.close()
    Recipe(run.out)  # the child is gone too, or it would still hold the lock


def test_two_runs_cannot_share_a_folder(run):
    with pytest.raises(RecipeError, match="another run"):
        Recipe(run.out)


def test_errors_are_shown_without_traceback(capsys):
    handler = signal.getsignal(signal.SIGTERM)

    def fail():
        raise RecipeError("prepare: broken")

    try:
        assert run_to_the_end(fail) == 1
        assert run_to_the_end(lambda: None) == 0
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert capsys.readouterr().err == "error: prepare: broken\n"


# training ----------------------------------------------------------------------------------------


def training(save_dir):
    def effect(arguments):
        save_dir.mkdir(exist_ok=True)
        (save_dir / "checkpoint_last.pt").write_text(str(arguments))

    return FakeCommands(effect)


def test_train_runs_fairseq_and_is_then_skipped(run, data, monkeypatch):
    save_dir = run.out / "checkpoints"
    fake = training(save_dir)
    monkeypatch.setattr(run, "command", fake)
    seconds = recipe.train(run, data, save_dir, ["--lr", "1"], max_update=9, max_minutes=30)
    assert recipe.train(run, data, save_dir, ["--lr", "1"], max_update=9, max_minutes=30) == seconds
    [(_, module, arguments)] = fake.calls
    assert module == "fairseq_cli.train"
    assert Path(option(arguments, "--user-dir")).name == "interactive_st"
    assert option(arguments, "--lr") == "1"
    assert option(arguments, "--seed") == "7"
    assert option(arguments, "--max-update") == "9"
    assert option(arguments, "--stop-time-hours") == "0.5"


def test_a_new_test_set_does_not_retrain(run, data, monkeypatch):
    save_dir = run.out / "checkpoints"
    fake = training(save_dir)
    monkeypatch.setattr(run, "command", fake)
    recipe.train(run, data, save_dir, [], max_update=9)
    (data / "test.tsv").write_text("another test")
    recipe.train(run, data, save_dir, [], max_update=9)
    assert len(fake.calls) == 1


def test_a_higher_limit_continues_and_sums_the_time(run, data, monkeypatch):
    save_dir = run.out / "checkpoints"
    fake = training(save_dir)
    monkeypatch.setattr(run, "command", fake)
    first = recipe.train(run, data, save_dir, [], max_update=9)
    second = recipe.train(run, data, save_dir, [], max_update=99)
    assert len(fake.calls) == 2
    assert second > first > 0
    assert not save_dir.with_name("checkpoints.1").exists()


def test_a_stopped_training_is_resumed_and_its_time_counted(run, data, monkeypatch):
    save_dir = run.out / "checkpoints"

    def stop(arguments):
        training(save_dir).effect(arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "command", FakeCommands(stop))
    with pytest.raises(KeyboardInterrupt):
        recipe.train(run, data, save_dir, [], max_update=9)
    spent = run.total_seconds
    fake = training(save_dir)
    monkeypatch.setattr(run, "command", fake)
    assert recipe.train(run, data, save_dir, [], max_update=9) > spent > 0
    assert len(fake.calls) == 1
    assert not save_dir.with_name("checkpoints.1").exists()


@pytest.mark.parametrize("change", ["options", "data"])
def test_other_options_or_data_train_anew_and_keep_the_old_checkpoints(
    run, data, monkeypatch, change
):
    save_dir = run.out / "checkpoints"
    monkeypatch.setattr(run, "command", training(save_dir))
    recipe.train(run, data, save_dir, ["--lr", "1"], max_update=9)
    old = (save_dir / "checkpoint_last.pt").read_text()
    if change == "data":
        (data / "train.tsv").write_text("other")
    lr = "2" if change == "options" else "1"
    recipe.train(run, data, save_dir, ["--lr", lr], max_update=9)
    assert (run.out / "checkpoints.1" / "checkpoint_last.pt").read_text() == old
    assert (save_dir / "checkpoint_last.pt").exists()


def test_training_without_an_end_is_refused(run, data):
    with pytest.raises(ValueError, match="max_update"):
        recipe.train(run, data, run.out / "checkpoints", [])


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


# decoding, scores, report -------------------------------------------------------------------------


def test_generate_is_done_again_for_another_checkpoint(run, data, tmp_path, monkeypatch):
    checkpoint, pairs = tmp_path / "checkpoint_best.pt", run.out / "test.jsonl"
    checkpoint.write_text("one")
    fake = FakeCommands(lambda a: Path(option(a, "--pairs-path")).write_text("{}"))
    monkeypatch.setattr(run, "command", fake)
    for _ in range(2):
        recipe.generate(run, data, checkpoint, "test", pairs, ["--beam", "5"])
    assert len(fake.calls) == 1
    checkpoint.write_text("two")
    recipe.generate(run, data, checkpoint, "test", pairs, ["--beam", "5"])
    assert [call[1] for call in fake.calls] == ["fairseq_cli.generate"] * 2
    assert option(fake.calls[0][2], "--gen-subset") == "test"


def test_prepare_names_every_manifest(run, tmp_path, monkeypatch):
    manifests = {split: tmp_path / f"{split}.tsv" for split in ("train", "dev")}
    for path in manifests.values():
        path.write_text(path.name)
    fake = FakeCommands(lambda a: Path(option(a, "--out")).mkdir(exist_ok=True))
    monkeypatch.setattr(run, "command", fake)
    for _ in range(2):
        recipe.prepare(run, manifests, tmp_path / "data", ["--vocab-size", "80"])
    [(_, module, arguments)] = fake.calls
    assert module == "interactive_st_cli"
    assert f"train={manifests['train']}" in arguments
    assert f"dev={manifests['dev']}" in arguments
    manifests["dev"].write_text("changed")
    recipe.prepare(run, manifests, tmp_path / "data", ["--vocab-size", "80"])
    assert len(fake.calls) == 2


def test_average_of_the_newest(run, tmp_path):
    import torch

    save_dir = tmp_path / "checkpoints"
    save_dir.mkdir()
    for updates in (10, 20, 30):
        state = {"model": {"w": torch.full((2,), float(updates))}, "last_optimizer_state": {}}
        torch.save(state, save_dir / f"checkpoint_1_{updates}.pt")
    output = recipe.average(run, save_dir, 2)
    assert output == save_dir / "checkpoint_average.pt"
    assert torch.load(output, weights_only=True)["model"]["w"].tolist() == [25.0, 25.0]


SCORES = {"sentences": 2, "wer": 3.0, "cer": 1.0, "bleu": 90.0, "chrf": 95.0}
PAIR = {
    "id": "a", "speaker": "george", "transcript": "one two", "translation": "zwölf",
    "reference_transcript": "one two", "reference_translation": None,
}  # fmt: skip


def test_score_reads_the_commands_json_past_warnings(run, monkeypatch):
    pairs = run.out / "test.jsonl"
    pairs.write_text(json.dumps(PAIR))
    text = "a warning {1}\n" + json.dumps(SCORES, indent=2) + "\n"
    fake = FakeCommands(lines=text.splitlines(keepends=True))
    monkeypatch.setattr(run, "command", fake)
    assert recipe.score(run, pairs) == SCORES
    assert recipe.score(run, pairs) == SCORES
    assert len(fake.calls) == 1


def test_report_has_the_main_sets_scores_on_top(run):
    run.seconds = {"prepare-data": 10.0, "train-checkpoints": 60.0}
    run.commands.append("python -m fairseq_cli.train data")
    sets = {"test": {**SCORES, "speakers": {"george": SCORES}}, "test_unseen": SCORES | {"wer": 20}}
    path = run.out / "report.json"
    report.write_report(
        path, run, checkpoint=Path("c/checkpoint_best.pt"), train_seconds=60.0, sets=sets,
        main_set="test", details={"speakers": ["george"]},
    )  # fmt: skip
    found = json.loads(path.read_text())
    assert SCORES.items() <= found.items()
    assert found["train_seconds"] == 60.0
    assert found["total_seconds"] == 70.0
    assert found["checkpoint"] == "c/checkpoint_best.pt"
    assert found["sets"]["test_unseen"]["wer"] == 20
    assert found["seed"] == 7
    assert found["commands"] == run.commands
    assert "torch" in found["versions"]
    assert found["speakers"] == ["george"]


@pytest.mark.parametrize("sets", [{}, {"test": {**SCORES, "bleu": None}}])
def test_report_without_the_main_scores_is_refused(run, sets):
    with pytest.raises(ValueError, match=r"test|bleu"):
        report.write_report(
            run.out / "report.json", run, checkpoint=Path("c"), train_seconds=1.0, sets=sets,
            main_set="test",
        )  # fmt: skip
    assert not (run.out / "report.json").exists()


def test_pairs_and_scores_are_printed(run, capsys):
    path = run.out / "test.jsonl"
    path.write_text("\n".join(json.dumps(PAIR | {"id": str(i)}) for i in range(20)))
    report.show_pairs(path)
    sets = {"test": SCORES | {"speakers": {"george": SCORES, "jackson": SCORES | {"wer": None}}}}
    report.show_scores(
        {"sets": sets, "train_seconds": 90, "total_seconds": 120, "checkpoint": "best.pt"}
    )
    shown = capsys.readouterr().out
    assert "8 of 20 utterances" in shown
    assert shown.count("zwölf") == 8
    assert "test: 8 of 20" in shown
    assert "jackson" in shown
    assert "training 1.5 min" in shown


def test_examples_are_spread_over_the_set():
    assert report.spread(range(100), 4) == [0, 25, 50, 75]
    assert report.spread([1, 2], 4) == [1, 2]
