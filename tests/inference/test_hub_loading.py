import math
import shutil
from types import SimpleNamespace

import pytest
import torch

import interactive_st
from interactive_st.errors import DataError, SettingError
from interactive_st.inference import hub
from interactive_st.inference.hub import InteractiveST
from interactive_st.inference.model_card import Card
from interactive_st.inference.model_folder import write_model_folder
from interactive_st.inference.stored_model import load_checkpoint
from interactive_st.models.interactive_st import InteractiveSTModel
from interactive_st.models.two_stage_st import TwoStageSTModel
from tests.speech_model import SHORT

pytestmark = pytest.mark.usefixtures("hears_noise")


def test_is_offered_by_the_package():
    assert interactive_st.InteractiveST is InteractiveST
    with pytest.raises(AttributeError, match="no attribute 'Other'"):
        _ = interactive_st.Other


@pytest.mark.parametrize("model_class", [InteractiveSTModel, TwoStageSTModel])
def test_the_hub_interface_of_fairseq_is_refused_with_what_to_call(made, model_class):
    folder, name = made.checkpoint.parent, made.checkpoint.name
    with pytest.raises(SettingError, match=r"call interactive_st\.InteractiveST\.from_pretrained"):
        model_class.from_pretrained(folder, name, str(made.data), config_yaml="config_joint.yaml")


def test_models_of_fairseqs_hub_stay_those_of_fairseq():
    """Its hubconf.py offers the names of each class in turn by that class."""
    assert not InteractiveSTModel.hub_models()
    assert not TwoStageSTModel.hub_models()


def test_checkpoint_and_folder_are_the_same(made, model, talk, tmp_path):
    folder = write_model_folder(load_checkpoint(made.checkpoint), tmp_path / "model", Card("test"))
    exported = InteractiveST.from_pretrained(folder)
    assert exported(talk, **SHORT) == model(talk, **SHORT)


def test_moved_data_folder(made, model, talk, tmp_path):
    shutil.copytree(made.data, tmp_path / "elsewhere")
    moved = InteractiveST.from_pretrained(made.checkpoint, data=tmp_path / "elsewhere")
    assert moved(talk, **SHORT) == model(talk, **SHORT)


def test_a_loaded_model_needs_neither_its_folder_nor_the_place_it_was_loaded_from(
    made, model, talk, tmp_path, monkeypatch
):
    write_model_folder(load_checkpoint(made.checkpoint), tmp_path / "model", Card("test"))
    monkeypatch.chdir(tmp_path)
    loaded = InteractiveST.from_pretrained("model")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert loaded(talk, **SHORT) == model(talk, **SHORT)
    shutil.rmtree(tmp_path / "model")
    assert loaded(talk, **SHORT) == model(talk, **SHORT)


@pytest.mark.parametrize(
    ("name", "message"), [("none.pt", "no such model"), (".", "no model folder; give one made by")]
)
def test_no_model(tmp_path, name, message):
    with pytest.raises(DataError, match=message):
        InteractiveST.from_pretrained(tmp_path / name)


@pytest.mark.parametrize("device", ["abacus", "meta"])
def test_no_such_device(made, device):
    with pytest.raises(DataError, match=f"device '{device}' cannot be used"):
        InteractiveST.from_pretrained(made.checkpoint, device=device)


def test_features_computed_elsewhere(model):
    config = SimpleNamespace(features={"type": "precomputed", "dim": 13})
    with pytest.raises(DataError, match="fairseq-generate"):
        InteractiveST(SimpleNamespace(data_cfg=config), model.model)


def test_half_precision(made, talk):
    half = InteractiveST.from_pretrained(made.checkpoint, device="cpu", half=True)
    assert next(half.model.parameters()).dtype == torch.bfloat16
    assert math.isfinite(half(talk, **SHORT).score)


def test_back_to_single_precision(made):
    half = InteractiveST.from_pretrained(made.checkpoint, device="cpu", half=True)
    assert next(half.to("cpu").model.parameters()).dtype == torch.bfloat16
    assert next(half.to("cpu", half=False).model.parameters()).dtype == torch.float32


@pytest.mark.parametrize("supported", [True, False])
def test_half_precision_warns_where_it_is_slower(made, supported, monkeypatch, caplog):
    monkeypatch.setattr(hub, "has_fast_bfloat16", lambda: supported)
    InteractiveST.from_pretrained(made.checkpoint, device="cpu", half=True)
    assert ("leave out --half" in caplog.text) is not supported
