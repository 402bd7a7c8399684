"""What a training begins with, the rules by which that is loaded, and whose words a checkpoint knows."""

from argparse import Namespace

import pytest
import tiny
import torch
import yaml
from fairseq.data import Dictionary

from interactive_st.errors import DataError
from interactive_st.models.pretrained import LoadingRules
from interactive_st.tasks import starting_point
from interactive_st.tasks.starting_point import (
    check_stored_mean,
    first_checkpoint,
    rules_of_first,
    warn_of_another_model,
    warn_of_no_checkpoint,
    warn_of_other_words,
)


def save(path, data, config=None, **options):
    """Save a checkpoint of a training on the folder `data` with these options of its model."""
    task = {"_name": "joint_speech_to_text", "data": str(data), "config_yaml": config}
    state = {
        "cfg": {"task": task, "model": {"_name": "interactive_st", **options}},
        "model": {"a": torch.zeros(1)},
        "args": None,
        "optimizer_history": [{"num_updates": 1, "optimizer_name": "Adam", "lr_scheduler_state": {}}],
        "extra_state": {"epoch": 1, "train_iterator": {"epoch": 1}},
        "last_optimizer_state": None,
    }
    torch.save(state, path)
    return str(path)


@pytest.mark.parametrize(
    ("saved", "options", "begins"),
    [
        ("", {}, True),
        ("checkpoint_last.pt", {}, False),
        ("checkpoint_best.pt", {}, True),
        ("checkpoint_last_a.pt", {}, True),  # of another training
        ("checkpoint_last_a.pt", {"checkpoint_suffix": "_a"}, False),
        ("checkpoint_last_a.pt", {"checkpoint_suffix": "*"}, True),
        ("checkpoint_last-shard0.pt", {}, False),  # --use-sharded-state
        ("checkpoint_last_a-shard0.pt", {"checkpoint_suffix": "_a"}, False),
        ("", {"continue_once": "other.pt"}, False),
    ],
)
def test_a_training_begins_with_it_unless_it_goes_on(tmp_path, saved, options, begins):
    if saved:
        (tmp_path / saved).touch()
    usual = {"save_dir": str(tmp_path), "checkpoint_suffix": "", "continue_once": None}
    args = Namespace(**usual | options, finetune_from_model="first.pt")
    assert first_checkpoint(args) == ("first.pt" if begins else None)


@pytest.mark.parametrize("config", [None, "config.yaml", "config_other.yaml"])
def test_the_words_are_those_of_the_configuration_that_was_trained_with(tmp_path, caplog, config):
    dictionary = tiny.dictionary()
    dictionary.save(str(tmp_path / "words.txt"))
    (tmp_path / (config or "config.yaml")).write_text(yaml.safe_dump({"vocab_filename": "words.txt"}))
    path = save(tmp_path / "a.pt", tmp_path, config)
    same, other = (rules_of_first(path, Namespace(), words) for words in (dictionary, tiny.dictionary(5)))
    assert same == LoadingRules(allow_new_vocabulary=True)
    assert other == LoadingRules(allow_new_vocabulary=True, discard_embeddings=True)
    assert not caplog.text
    (tmp_path / "words.txt").unlink()
    assert rules_of_first(path, Namespace(), tiny.dictionary(5)) == same
    assert "the dictionary that it was trained with is not to be found" in caplog.text


def test_options_of_another_meaning_are_told(tmp_path, caplog):
    path = save(tmp_path / "a.pt", tmp_path, activation_fn="gelu")
    rules_of_first(path, Namespace(activation_fn="relu"), tiny.dictionary())
    assert (
        f"--finetune-from-model {path}: trained with activation_fn gelu, and this model has relu"
        in caplog.text
    )


def test_a_checkpoint_that_is_not_there_is_that_of_the_option(tmp_path):
    assert rules_of_first(None, Namespace(), tiny.dictionary()) == LoadingRules()
    with pytest.raises(DataError, match=r"--finetune-from-model .*gone\.pt: no such checkpoint"):
        rules_of_first(str(tmp_path / "gone.pt"), Namespace(), tiny.dictionary())


@pytest.mark.parametrize("option", ["--path", "--save-dir", "--restore-file", "--continue-once"])
def test_other_words_of_a_checkpoint_that_is_loaded_as_it_is_are_told(tmp_path, caplog, option):
    data = tmp_path / "data"
    data.mkdir()
    (data / "config.yaml").write_text(yaml.safe_dump({"vocab_filename": "words.txt"}))
    path = save(tmp_path / "checkpoint_last.pt", data)
    name = option.strip("-").replace("-", "_")
    args = Namespace(data="new", **{name: str(tmp_path) if name == "save_dir" else path})
    warn_of_other_words(args, tiny.dictionary(5))  # nobody knows its words
    tiny.dictionary().save(str(data / "words.txt"))
    warn_of_other_words(args, tiny.dictionary())
    assert not caplog.text
    warn_of_other_words(args, tiny.dictionary(5))
    assert f"{option} {path}: was trained with {data / 'words.txt'}, which has other words" in caplog.text


def test_the_file_with_the_suffix_is_looked_at(tmp_path, caplog):
    data = tmp_path / "data"
    data.mkdir()
    (data / "config.yaml").write_text(yaml.safe_dump({"vocab_filename": "words.txt"}))
    tiny.dictionary().save(str(data / "words.txt"))
    path = save(tmp_path / "a_b.pt", data)
    args = Namespace(data="new", path=str(tmp_path / "a.pt"), checkpoint_suffix="_b")
    warn_of_other_words(args, tiny.dictionary(5))
    assert f"--path {path}: was trained with" in caplog.text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"save_dir": "same"}, None),
        ({"save_dir": "same", "restore_file": "other.pt"}, "--restore-file other.pt"),
        ({"save_dir": "other", "restore_file": "same.pt"}, None),
        ({"save_dir": "same", "continue_once": "other.pt"}, None),
        ({"save_dir": "none", "restore_file": "same.pt", "continue_once": "other.pt"}, None),
        ({"save_dir": "none", "continue_once": "other.pt"}, "--continue-once other.pt"),
        ({"save_dir": "none"}, None),
    ],
)
def test_only_the_checkpoint_that_fairseq_loads_is_looked_at(tmp_path, monkeypatch, caplog, options, told):
    monkeypatch.chdir(tmp_path)
    for name, dictionary in (("same", tiny.dictionary()), ("other", tiny.dictionary(5))):
        data = tmp_path / f"data_{name}"
        data.mkdir()
        (data / "config.yaml").write_text(yaml.safe_dump({"vocab_filename": "words.txt"}))
        dictionary.save(str(data / "words.txt"))
        (tmp_path / name).mkdir()
        for path in (f"{name}.pt", f"{name}/checkpoint_last.pt", "checkpoint_last.pt"):
            save(path, data)
    args = Namespace(**{"data": "data_same", "restore_file": "checkpoint_last.pt", **options})
    warn_of_other_words(args, tiny.dictionary())
    assert [record.message.split(": ")[0] for record in caplog.records] == ([told] if told else [])


def test_words_of_a_file_that_is_no_checkpoint_are_left_to_its_loading(tmp_path, caplog):
    (tmp_path / "a.pt").write_text("none")
    warn_of_other_words(Namespace(data="new", path=f"{tmp_path}/a.pt:{tmp_path}/gone.pt"), tiny.dictionary())
    assert not caplog.text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, None),  # a new training
        ({"restore_file": "gone.pt"}, "--restore-file gone.pt"),
        ({"restore_file": "a.pt"}, None),
        ({"restore_file": "parts.pt"}, None),  # --use-sharded-state
        ({"restore_file": "a.pt", "checkpoint_suffix": "_b"}, "--restore-file a_b.pt"),
        ({"continue_once": "gone.pt"}, "--continue-once gone.pt"),
        ({"continue_once": "a.pt"}, None),
        ({"continue_once": "gone.pt", "save_dir": "."}, None),  # fairseq goes on with the last one there
    ],
)
def test_a_training_that_does_not_go_on_as_asked_is_told(tmp_path, monkeypatch, caplog, options, told):
    monkeypatch.chdir(tmp_path)
    for name in ("a.pt", "parts-shard0.pt", "checkpoint_last.pt"):
        (tmp_path / name).touch()
    warn_of_no_checkpoint(Namespace(**{"save_dir": "new", "restore_file": "checkpoint_last.pt", **options}))
    assert [record.message.split(": ")[0] for record in caplog.records] == ([told] if told else [])


@pytest.mark.parametrize("option", ["--finetune-from-model", "--save-dir", "--restore-file"])
def test_a_mean_of_weights_is_gone_on_with_where_there_is_one(tmp_path, option):
    """fairseq's trainer says that it begins one, and looks for weights that it has deleted."""
    path = save(tmp_path / "checkpoint_last.pt", tmp_path)
    name = option.strip("-").replace("-", "_")
    options = {"save_dir": str(tmp_path / "new"), name: str(tmp_path) if name == "save_dir" else path}
    check_stored_mean(Namespace(store_ema=False, **options))
    with pytest.raises(ValueError, match=f"--store-ema: {option} {path} was trained without it, and fairseq"):
        check_stored_mean(Namespace(store_ema=True, **options))
    state = torch.load(path)
    torch.save(state | {"extra_state": state["extra_state"] | {"ema": {}}}, path)
    check_stored_mean(Namespace(store_ema=True, **options))
    check_stored_mean(Namespace(store_ema=True, save_dir=str(tmp_path / "new")))


def test_a_mean_of_weights_begins_with_one(tmp_path):
    """fairseq ends with ``KeyError: 'ema'``."""
    path = save(tmp_path / "seed.pt", tmp_path)
    options = {"save_dir": str(tmp_path / "new"), "ema_seed_model": path}
    check_stored_mean(Namespace(store_ema=False, **options))
    with pytest.raises(ValueError, match=f"--ema-seed-model {path}: was trained without --store-ema, and th"):
        check_stored_mean(Namespace(store_ema=True, **options))
    state = torch.load(path)
    torch.save(state | {"extra_state": state["extra_state"] | {"ema": {}}}, path)
    check_stored_mean(Namespace(store_ema=True, **options))


@pytest.mark.parametrize(
    ("trained", "here", "told"),
    [
        ({"arch": "asr_s", "wait_k": 0}, {"arch": "interactive_st_s", "wait_k": "3"}, "--arch asr_s"),
        ({"wait_k": "3"}, {"wait_k": "inf"}, "--wait-k 3"),
        ({"fusion_lambda": 0.3}, {"fusion_lambda": 1.0}, "--fusion-lambda 0.3"),
        ({"activation_fn": "relu"}, {"activation_fn": "gelu"}, "--activation-fn relu"),
        ({"wait_k": 3, "fusion_lambda": 1}, {"wait_k": "3", "fusion_lambda": 1.0, "fusion": "tanh"}, None),
        ({"fusion_lambda": 0.3, "learn_fusion_lambda": True}, {"fusion_lambda": 1.0}, None),
        ({"train_wait_k": "1,3", "dropout": 0.1}, {"train_wait_k": "1,3,inf", "dropout": 0.3}, None),
    ],
)
@pytest.mark.parametrize("option", ["--save-dir", "--restore-file"])
def test_another_model_of_the_same_tensors_is_told(tmp_path, caplog, trained, here, told, option):
    """All but the two-stage systems have the same: what the save folder held was trained on unnoticed."""
    path = save(tmp_path / "checkpoint_last.pt", tmp_path, **trained)
    name = option.strip("-").replace("-", "_")
    args = Namespace(**{name: str(tmp_path) if name == "save_dir" else path})
    warn_of_another_model(args, Namespace(**here))
    found = [record.message.partition(", and this training")[0] for record in caplog.records]
    assert found == ([f"{option} {path}: was trained with {told}"] if told else [])
    (tmp_path / "checkpoint_last.pt").write_text("none")
    warn_of_another_model(args, Namespace(**here))  # fairseq says so
    assert len(caplog.records) == len(found)


def test_the_same_words_in_another_order_are_other_words(tmp_path):
    orders = [Dictionary(), Dictionary()]
    for dictionary, words in zip(orders, ("ab", "ba"), strict=True):
        for word in words:
            dictionary.add_symbol(word)
    orders[0].save(str(tmp_path / "dict.txt"))
    assert [starting_point._has_other_words(tmp_path / "dict.txt", each) for each in orders] == [False, True]
