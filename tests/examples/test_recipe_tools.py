"""The tools that recipes run, prepare, train, average and generate: when, and by which options."""

from pathlib import Path

import pytest
from fake_commands import FakeCommands, option

from examples import steps
from examples.runner import Recipe, RecipeError


def test_prepare_names_every_manifest(run, tmp_path, monkeypatch):
    manifests = {split: tmp_path / f"{split}.tsv" for split in ("train", "dev")}
    for path in manifests.values():
        path.write_text(path.name)
    fake = FakeCommands(lambda a: Path(option(a, "--out")).mkdir(exist_ok=True))
    monkeypatch.setattr(run, "command", fake)
    for _ in range(2):
        steps.prepare(run, manifests, tmp_path / "data", ["--vocab-size", "80"])
    [(_, module, arguments)] = fake.calls
    assert module == "interactive_st_cli"
    assert f"train={manifests['train']}" in arguments
    assert f"dev={manifests['dev']}" in arguments
    manifests["dev"].write_text("changed")
    steps.prepare(run, manifests, tmp_path / "data", ["--vocab-size", "80"])
    assert len(fake.calls) == 2


def training(save_dir):
    def effect(arguments):
        save_dir.mkdir(exist_ok=True)
        (save_dir / "checkpoint_last.pt").write_text(str(arguments))

    return FakeCommands(effect)


def killed_training(save_dir, *updates):
    """Each time it is killed when its last checkpoint is of so many updates."""
    import torch

    remaining = list(updates)

    def effect(_):
        save_dir.mkdir(exist_ok=True)
        state = {"model": {}, "optimizer_history": [{"num_updates": remaining.pop(0)}]}
        torch.save(state, save_dir / "checkpoint_last.pt")
        raise RecipeError("killed")

    return FakeCommands(effect)


def test_train_runs_fairseq_and_is_then_skipped(run, data, monkeypatch):
    save_dir = run.out / "checkpoints"
    fake = training(save_dir)
    monkeypatch.setattr(run, "command", fake)
    seconds = steps.train(run, data, save_dir, ["--lr", "1"], max_update=9, max_minutes=30)
    assert steps.train(run, data, save_dir, ["--lr", "1"], max_update=9, max_minutes=30) == seconds
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
    steps.train(run, data, save_dir, [], max_update=9)
    (data / "test.tsv").write_text("another test")
    steps.train(run, data, save_dir, [], max_update=9)
    assert len(fake.calls) == 1


def test_a_higher_limit_continues_and_sums_the_time(run, data, monkeypatch):
    save_dir = run.out / "checkpoints"
    fake = training(save_dir)
    monkeypatch.setattr(run, "command", fake)
    first = steps.train(run, data, save_dir, [], max_update=9)
    second = steps.train(run, data, save_dir, [], max_update=99)
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
        steps.train(run, data, save_dir, [], max_update=9)
    spent = run.total_seconds
    fake = training(save_dir)
    monkeypatch.setattr(run, "command", fake)
    assert steps.train(run, data, save_dir, [], max_update=9) > spent > 0
    assert len(fake.calls) == 1
    assert not save_dir.with_name("checkpoints.1").exists()


def test_a_training_killed_behind_its_last_update_does_no_more(run, data, monkeypatch):
    save_dir = run.out / "checkpoints"
    fake = killed_training(save_dir, 8, 9, 10)
    monkeypatch.setattr(run, "command", fake)
    for _ in range(2):
        with pytest.raises(RecipeError):
            steps.train(run, data, save_dir, [], max_update=9)
    spent = run.total_seconds
    for _ in range(2):
        assert steps.train(run, data, save_dir, [], max_update=9) == spent > 0
    assert len(fake.calls) == 2
    with pytest.raises(RecipeError):  # a higher limit goes on
        steps.train(run, data, save_dir, [], max_update=10)


@pytest.mark.parametrize("change", ["options", "train.tsv", "dev.tsv", "dict.txt", "seed"])
def test_other_options_or_data_train_anew_and_keep_the_old_checkpoints(run, data, monkeypatch, change):
    save_dir = run.out / "checkpoints"
    monkeypatch.setattr(run, "command", training(save_dir))
    steps.train(run, data, save_dir, ["--lr", "1"], max_update=9)
    old = (save_dir / "checkpoint_last.pt").read_text()
    if change == "seed":
        run.seed += 1
    elif change != "options":
        (data / change).write_text("other")
    lr = "2" if change == "options" else "1"
    steps.train(run, data, save_dir, ["--lr", lr], max_update=9)
    assert (run.out / "checkpoints.1" / "checkpoint_last.pt").read_text() == old
    assert (save_dir / "checkpoint_last.pt").exists()


def test_a_folder_that_was_moved_is_not_trained_anew(data, tmp_path, monkeypatch):
    def train(out):
        run = Recipe(out, seed=7)
        start = out / "start.pt"
        start.write_text("weights")
        fake = training(out / "checkpoints")
        monkeypatch.setattr(run, "command", fake)
        steps.train(run, data, out / "checkpoints", ["--from", str(start)], max_update=9, uses=[start])
        run._lock.close()
        return len(fake.calls)

    assert train(tmp_path / "run") == 1
    (tmp_path / "run").rename(tmp_path / "moved")
    assert train(tmp_path / "moved") == 0
    monkeypatch.chdir(tmp_path)
    assert train(Path("moved")) == 0


def test_all_old_checkpoints_are_kept(run, data, monkeypatch):
    save_dir = run.out / "checkpoints"
    monkeypatch.setattr(run, "command", training(save_dir))
    for lr in ("1", "2", "3"):
        steps.train(run, data, save_dir, ["--lr", lr], max_update=9)
    for place, lr in (("checkpoints.1", "1"), ("checkpoints.2", "2"), ("checkpoints", "3")):
        assert f"'--lr', '{lr}'" in (run.out / place / "checkpoint_last.pt").read_text()


def test_a_training_limited_by_time_alone_goes_on_where_it_was_killed(run, data, monkeypatch):
    save_dir = run.out / "checkpoints"
    fake = killed_training(save_dir, 8, 8)
    monkeypatch.setattr(run, "command", fake)
    for _ in range(2):
        with pytest.raises(RecipeError):
            steps.train(run, data, save_dir, [], max_minutes=30)
    assert len(fake.calls) == 2


def test_training_without_an_end_is_refused(run, data):
    with pytest.raises(ValueError, match="max_update"):
        steps.train(run, data, run.out / "checkpoints", [])


def test_average_of_the_newest(run, tmp_path):
    import torch

    save_dir = tmp_path / "checkpoints"
    save_dir.mkdir()
    for updates in (10, 20, 30):
        state = {"model": {"w": torch.full((2,), float(updates))}, "last_optimizer_state": {}}
        torch.save(state, save_dir / f"checkpoint_1_{updates}.pt")
    output = steps.average(run, save_dir, 2)
    assert output == save_dir / "checkpoint_average.pt"
    assert torch.load(output, weights_only=True)["model"]["w"].tolist() == [25.0, 25.0]


def test_generate_is_done_again_for_another_checkpoint(run, data, tmp_path, monkeypatch):
    checkpoint, pairs = tmp_path / "checkpoint_best.pt", run.out / "test.jsonl"
    checkpoint.write_text("one")
    fake = FakeCommands(lambda a: Path(option(a, "--pairs-path")).write_text("{}"))
    monkeypatch.setattr(run, "command", fake)
    for _ in range(2):
        steps.generate(run, data, checkpoint, "test", pairs, ["--beam", "5"])
    assert len(fake.calls) == 1
    checkpoint.write_text("two")
    steps.generate(run, data, checkpoint, "test", pairs, ["--beam", "5"])
    assert [call[1] for call in fake.calls] == ["fairseq_cli.generate"] * 2
    assert option(fake.calls[0][2], "--gen-subset") == "test"


@pytest.mark.parametrize("change", ["test.tsv", "test.zip", "dict.txt", "mt.pt"])
def test_generate_is_done_again_where_what_it_reads_has_changed(run, data, monkeypatch, change):
    pairs, text_model = run.out / "test.jsonl", data.parent / "mt.pt"
    for path in (data / "test.zip", text_model, data.parent / "checkpoint_best.pt"):
        path.write_text("one")
    fake = FakeCommands(lambda a: Path(option(a, "--pairs-path")).write_text("{}"))
    monkeypatch.setattr(run, "command", fake)
    for _ in range(2):
        steps.generate(run, data, data.parent / "checkpoint_best.pt", "test", pairs, [], uses=[text_model])
    assert len(fake.calls) == 1
    (text_model if change == "mt.pt" else data / change).write_text("two")
    steps.generate(run, data, data.parent / "checkpoint_best.pt", "test", pairs, [], uses=[text_model])
    assert len(fake.calls) == 2
