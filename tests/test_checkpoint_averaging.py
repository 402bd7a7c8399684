"""Averages of checkpoints are exact means, and only of what belongs together."""

import os
from argparse import Namespace

import pytest
import torch

from interactive_st import checkpoint_averaging as averaging
from interactive_st.errors import DataError

LEARNED = {"learn_fusion_lambda": True}


def save(path, seed, options=(), **changes):
    random = torch.Generator().manual_seed(seed)
    model = {
        "weight": torch.randn(3, 4, generator=random),
        "half": torch.randn(5, generator=random).half(),
        "steps": torch.tensor(seed),
    }
    state = {
        "cfg": {"model": Namespace(seed=seed, **dict(options))},
        "model": model | changes,
        "last_optimizer_state": {"step": seed},
        "extra_state": {"epoch": seed, "ema": model, "ema_fp32_params": model},
    }
    torch.save(state, path)
    return model


def test_mean_is_exact(tmp_path):
    paths = [tmp_path / f"checkpoint{i}.pt" for i in range(1, 4)]
    models = [save(path, seed) for seed, path in enumerate(paths, 1)]
    mean = averaging.average_checkpoints(paths)["model"]
    for name in ("weight", "half"):
        exact = torch.stack([model[name].double() for model in models]).mean(0)
        assert mean[name].dtype == torch.float32  # of float16 too, as by fairseq's script
        assert torch.equal(mean[name], exact.float())
    assert mean["steps"] == 1  # an integer is no weight: the first checkpoint's


def test_one_checkpoint_is_its_own_mean_without_the_optimizer(tmp_path):
    model = save(tmp_path / "checkpoint1.pt", 3)
    state = averaging.average_checkpoints([tmp_path / "checkpoint1.pt"])
    assert all(torch.equal(state["model"][name].to(value.dtype), value) for name, value in model.items())
    assert state["last_optimizer_state"] is None
    assert state["extra_state"] == {"epoch": 3}  # a training from here would take up that of --store-ema
    assert state["cfg"]["model"] == Namespace(seed=3)


def test_saved_average_is_read_back_by_the_safe_loader(tmp_path):
    save(tmp_path / "checkpoint1.pt", 1)
    output = tmp_path / "new" / "average.pt"
    averaging.save_checkpoint(averaging.average_checkpoints([tmp_path / "checkpoint1.pt"]), output)
    assert torch.load(output, weights_only=True)["model"]["steps"] == 1
    assert [path.name for path in output.parent.iterdir()] == ["average.pt"]


@pytest.mark.parametrize("changes", [{"weight": torch.zeros(2, 2)}, {"other": torch.zeros(1)}])
def test_different_models_are_refused(tmp_path, changes):
    save(tmp_path / "checkpoint1.pt", 1)
    save(tmp_path / "checkpoint2.pt", 2, **changes)
    with pytest.raises(ValueError, match=next(iter(changes))):
        averaging.average_checkpoints([tmp_path / "checkpoint1.pt", tmp_path / "checkpoint2.pt"])


def test_a_model_that_lacks_a_parameter_is_refused(tmp_path):
    paths = [tmp_path / f"checkpoint{i}.pt" for i in (1, 2)]
    save(paths[0], 1, other=torch.zeros(1))
    save(paths[1], 2)
    with pytest.raises(DataError, match=r"checkpoint2\.pt: other parameters than .*other"):
        averaging.average_checkpoints(paths)


def test_a_checkpoint_without_the_state_of_a_trainer_has_a_mean(tmp_path):
    paths = [tmp_path / f"checkpoint{i}.pt" for i in (1, 2)]
    for i, path in enumerate(paths, 1):
        save(path, i)
        state = torch.load(path, weights_only=False)
        torch.save({key: value for key, value in state.items() if key != "extra_state"}, path)
    assert "weight" in averaging.average_checkpoints(paths)["model"]


@pytest.mark.parametrize("number", [1, 2])
def test_weights_that_are_no_numbers_are_named(tmp_path, number):
    paths = [tmp_path / f"checkpoint{i}.pt" for i in (1, 2)]
    for i, path in enumerate(paths, 1):
        model = save(path, i)
        if i == number:  # a single one
            weight = model["weight"].clone()
            weight[1, 2] = float("nan")
            save(path, i, weight=weight)
    with pytest.raises(DataError, match=rf"checkpoint{number}\.pt: weight holds NaN or infinite values"):
        averaging.average_checkpoints(paths)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [("arch", "interactive_st", "asr"), ("wait_k", 3, "inf"), ("fusion", "linear", "tanh"),
     ("fusion_lambda", 1.0, 0.3), ("decoder_attention_heads", 4, 8),
     ("cross_attention_positions", False, True)],
)  # fmt: skip
def test_models_of_the_same_tensors_are_not_one_model(tmp_path, name, one, other):
    paths = [tmp_path / f"checkpoint{number}.pt" for number in (1, 2, 3)]
    for number, (path, value) in enumerate(zip(paths, (one, one, other), strict=True)):
        save(path, number, {name: value, "dropout": 0.1 * number})
    averaging.average_checkpoints(paths[:2])
    option = "--" + name.replace("_", "-")
    message = rf"3\.pt: trained with {option} {other}, and .*1\.pt with {option} {one};"
    with pytest.raises(ValueError, match=message):
        averaging.average_checkpoints(paths)


@pytest.mark.parametrize(
    ("one", "other"),
    [({"fusion_lambda": 1}, {"fusion_lambda": 1.0}),
     ({"fusion_lambda": 1.0, **LEARNED}, {"fusion_lambda": 0.3, **LEARNED})],
)  # fmt: skip
def test_a_number_that_is_learned_or_the_same_is_no_difference(tmp_path, one, other):
    paths = [tmp_path / f"checkpoint{number}.pt" for number in (1, 2)]
    for path, each in zip(paths, (one, other), strict=True):
        save(path, 1, each)
    averaging.average_checkpoints(paths)


def test_options_that_a_checkpoint_does_not_name_are_not_compared(tmp_path):
    paths = [tmp_path / f"checkpoint{number}.pt" for number in (1, 2, 3)]
    for path, options in zip(paths, ({"wait_k": 3}, {}, {"wait_k": "3", "fusion": "tanh"}), strict=True):
        save(path, 1, options)
    averaging.average_checkpoints(paths)
    older = torch.load(paths[0], weights_only=False)
    torch.save(older | {"cfg": None, "args": Namespace(wait_k=4)}, paths[0])
    with pytest.raises(ValueError, match=r"--wait-k 3, and .* --wait-k 4"):
        averaging.average_checkpoints([paths[0], paths[2]])
    torch.save(older | {"cfg": {"model": {"_name": "transformer"}}}, paths[0])
    torch.save(older | {"cfg": {"model": {"_name": "lstm"}}}, paths[1])
    with pytest.raises(ValueError, match=r"--arch lstm, and .* --arch transformer"):
        averaging.average_checkpoints(paths[:2])


def test_nothing_to_average_and_no_checkpoint_are_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one"):
        averaging.average_checkpoints([])
    torch.save({"weights": {}}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match=r"other\.pt: not a checkpoint .* \(it has no 'model'\)"):
        averaging.average_checkpoints([tmp_path / "other.pt"])
    (tmp_path / "empty.pt").touch()
    with pytest.raises(ValueError, match=r"empty\.pt: not a checkpoint .*\(it ends too early\)"):
        averaging.average_checkpoints([tmp_path / "empty.pt"])


def test_what_cannot_be_written_is_named_by_its_own_path(tmp_path, monkeypatch):
    def fail(state, path):
        path.write_bytes(b"half")
        raise RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 4\nframe #0")

    monkeypatch.setattr(torch, "save", fail)
    with pytest.raises(ValueError, match=r"out\.pt: cannot be written \(\[enforce fail .* pos 4\); free"):
        averaging.save_checkpoint({}, tmp_path / "out.pt")
    assert list(tmp_path.iterdir()) == []


def names(paths):
    return [path.name for path in paths]


def test_newest_are_by_number_not_by_name(tmp_path):
    for name in ("checkpoint_1_900.pt", "checkpoint_2_1000.pt", "checkpoint_3_1100.pt",
                 "checkpoint9.pt", "checkpoint_best.pt", "checkpoint_last.pt"):  # fmt: skip
        (tmp_path / name).touch()
    newest = averaging.newest_checkpoints(tmp_path, 2)
    assert names(newest) == ["checkpoint_3_1100.pt", "checkpoint_2_1000.pt"]
    assert len(averaging.newest_checkpoints(tmp_path, 9)) == 3
    bounded = averaging.newest_checkpoints(tmp_path, 9, upper_bound=1000)
    assert names(bounded) == ["checkpoint_2_1000.pt", "checkpoint_1_900.pt"]
    assert names(averaging.newest_checkpoints(tmp_path, 9, "epoch")) == ["checkpoint9.pt"]


@pytest.mark.parametrize("updates", [900, 1100, 1125, 1200])
def test_the_last_state_counts_where_it_is_newer_than_those_by_updates(tmp_path, updates):
    """At the end of an epoch fairseq writes none by updates, only the last one."""
    for name in ("checkpoint_1_1000.pt", "checkpoint_2_1100.pt", "checkpoint2.pt"):
        (tmp_path / name).touch()
    history = [{"num_updates": 400}, {"num_updates": updates}]
    torch.save({"model": {}, "optimizer_history": history}, tmp_path / "checkpoint_last.pt")
    numbered = ["checkpoint_2_1100.pt", "checkpoint_1_1000.pt"]
    last = ["checkpoint_last.pt"] * (updates > 1100)
    assert names(averaging.newest_checkpoints(tmp_path, 3)) == [*last, *numbered]
    assert names(averaging.newest_checkpoints(tmp_path, 3, upper_bound=1100)) == numbered
    # as fairseq's script has them
    assert names(averaging.newest_checkpoints(tmp_path, 3, "update")) == numbered
    assert names(averaging.newest_checkpoints(tmp_path, 3, "epoch")) == ["checkpoint2.pt"]


def test_updates_of_what_is_no_checkpoint(tmp_path):
    path = tmp_path / "checkpoint_last.pt"
    assert averaging.updates_of(path) == 0
    path.write_bytes(b"PK half")
    assert averaging.updates_of(path) == 0
    torch.save({"model": {}, "optimizer_history": [{"num_updates": 7}]}, path)
    assert averaging.updates_of(path) == 7
    torch.save({"model": {}}, path)
    assert averaging.updates_of(path) == 0


def test_newest_epochs_where_there_are_no_others(tmp_path):
    for name in ("checkpoint9.pt", "checkpoint10.pt", "checkpoint_last.pt"):
        (tmp_path / name).touch()
    assert names(averaging.newest_checkpoints(tmp_path, 1)) == ["checkpoint10.pt"]


def test_best_by_metric(tmp_path):
    for name in ("checkpoint.best_wer_10.1250.pt", "checkpoint.best_wer_9.5001.pt",
                 "checkpoint.best_bleu_80.0000.pt", "checkpoint_best.pt"):  # fmt: skip
        (tmp_path / name).touch()
    lowest = averaging.best_checkpoints(tmp_path, "wer", 5)
    assert names(lowest) == ["checkpoint.best_wer_9.5001.pt", "checkpoint.best_wer_10.1250.pt"]
    highest = averaging.best_checkpoints(tmp_path, "wer", 1, maximize=True)
    assert names(highest) == ["checkpoint.best_wer_10.1250.pt"]


def test_the_newest_checkpoint_says_what_is_best(tmp_path):
    """Of a folder in which a run was begun again with another metric."""
    for time, (metric, maximize) in enumerate([("loss", False), ("bleu", True), ("wer", False)]):
        saving = {"best_checkpoint_metric": metric, "maximize_best_checkpoint_metric": maximize}
        path = tmp_path / f"checkpoint.best_{metric}_1.0000.pt"
        torch.save({"model": {}, "cfg": {"checkpoint": saving}}, path)
        os.utime(path, (time, time))
        assert averaging.kept_by(tmp_path) == (metric, maximize)


def test_none_found_says_what_to_train_with(tmp_path):
    with pytest.raises(FileNotFoundError, match="--keep-interval-updates"):
        averaging.newest_checkpoints(tmp_path, 1)
    with pytest.raises(FileNotFoundError, match="--keep-best-checkpoints"):
        averaging.best_checkpoints(tmp_path / "absent", "wer", 1)
    with pytest.raises(FileNotFoundError, match="--keep-best-checkpoints"):
        averaging.kept_by(tmp_path)


def test_the_optimizers_are_left_on_disk(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in ("a.pt", "b.pt")]
    for seed, path in enumerate(paths):
        save(path, seed)
    mapped, load = [], torch.load
    monkeypatch.setattr(torch, "load", lambda *args, **kw: mapped.append(kw.get("mmap")) or load(*args, **kw))
    averaging.average_checkpoints(paths)
    assert mapped == [True, True]
