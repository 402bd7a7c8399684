from argparse import Namespace

import pytest
import torch
from torch import nn

from interactive_st.checkpoint_reading import load_state, options_of, read_checkpoint, task_name
from interactive_st.errors import DataError

#: What fairseq's loader wants to find in a checkpoint beside its configuration.
SAVED = {
    "model": {"a": torch.zeros(1)},
    "args": None,
    "optimizer_history": [{"num_updates": 1, "optimizer_name": "Adam", "lr_scheduler_state": {}}],
    "extra_state": {"epoch": 1, "train_iterator": {"epoch": 1}},
    "last_optimizer_state": None,
}


def refusal(path):
    with pytest.raises(DataError) as error:
        read_checkpoint(path)
    return str(error.value)


@pytest.mark.parametrize(
    "content", ["", "<s> 1\n", "text", '{"format": "interactive_st model"}', "PK\x03\x04 cut off"]
)
def test_other_files_are_refused_alike(content, tmp_path):
    path = tmp_path / "a.pt"
    path.write_text(content)
    message = refusal(path)
    assert message.startswith(f"{path}: not a checkpoint of fairseq-train (")
    assert message.endswith("; name a file such as checkpoint_best.pt")
    assert "weights_only" not in message
    assert "\n" not in message


def test_a_whole_module_is_refused(tmp_path):
    torch.save(nn.Linear(1, 1), tmp_path / "a.pt")
    assert "holds something else than weights" in refusal(tmp_path / "a.pt")


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    torch.save({**SAVED, "cfg": {"model": {}}}, tmp_path / "a.pt")
    assert "(it names no task or no model)" in refusal(tmp_path / "a.pt")


def test_weights_of_a_model_folder(tmp_path):
    path = tmp_path / "model" / "model.safetensors"
    path.parent.mkdir()
    path.write_bytes(bytes(20))
    assert refusal(path).endswith(f"; give the folder that it is in, {path.parent}")


def test_a_file_that_is_not_there(tmp_path):
    assert refusal(tmp_path / "a.pt") == f"{tmp_path / 'a.pt'}: no such checkpoint"


def test_a_checkpoint(tmp_path):
    cfg = {"task": {"_name": "translation"}, "model": {"_name": "transformer"}}
    torch.save({**SAVED, "cfg": cfg}, tmp_path / "a.pt")
    state, read = read_checkpoint(tmp_path / "a.pt")
    assert list(state["model"]) == ["a"]
    assert task_name(read) == "translation"


@pytest.mark.parametrize("group", ["model", "checkpoint"])
def test_options_are_those_that_fairseq_builds_the_model_by(group, tmp_path):
    """In a file with both, that is what older versions wrote."""
    older, newer = Namespace(streams="asr"), {group: {"streams": "st"}}
    for state, streams in (
        ({"args": older, "cfg": newer}, "asr"),
        ({"args": older}, "asr"),
        ({"args": None, "cfg": newer}, "st"),
        ({"cfg": {group: Namespace(streams="st")}}, "st"),
        ({"cfg": None}, None),
    ):
        torch.save({**state, "model": {}}, tmp_path / "a.pt")
        assert options_of(load_state(tmp_path / "a.pt"), group).get("streams") == streams


@pytest.mark.parametrize("newer_format", [True, False])
def test_weights_may_stay_on_disk(newer_format, tmp_path):
    torch.save(SAVED, tmp_path / "a.pt", _use_new_zipfile_serialization=newer_format)
    assert load_state(tmp_path / "a.pt")["model"]["a"].tolist() == [0.0]
