"""Arguments of fairseq's tools that the task refuses before a model is loaded."""

import re
from argparse import Namespace

import pytest
from fairseq.models.speech_to_text import S2TTransformerModel
from fairseq.tasks.speech_to_text import SpeechToTextTask

from interactive_st.tasks.tool_arguments import check_overrides
from tests.fake_decoding import setup


def test_a_configuration_of_stock_recipes_is_named_with_what_is_there(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config_st\.yaml: no such file; leave --config-yaml out"):
        setup(folder, config_yaml="config_st.yaml")
    stock = tmp_path / "en-de"
    stock.mkdir()
    for name in ("config_asr.yaml", "config_st.yaml"):
        (stock / name).touch()
    message = r"config_joint\.yaml: no such file; .* holds config_asr\.yaml, config_st\.yaml; make joint data"
    with pytest.raises(FileNotFoundError, match=message):
        setup(folder, data=str(stock))
    with pytest.raises(FileNotFoundError, match="gone: no such folder; name one made by"):
        setup(folder, data=str(tmp_path / "gone"))


def test_a_folder_is_no_checkpoint(folder, tmp_path):
    with pytest.raises(ValueError, match=r"--path .*: is a folder; name a checkpoint"):
        setup(folder, path=str(tmp_path))
    with pytest.raises(ValueError, match=r"--path m/model\.safetensors: is of a model folder, which inter"):
        setup(folder, path="m/model.safetensors")


@pytest.mark.parametrize("text", ["{'wait_k': 5", "wait_k=5", "5"])
def test_overrides_have_to_be_a_dictionary(folder, text):
    with pytest.raises(ValueError, match=r"--model-overrides .*: is no dictionary of Python"):
        setup(folder, path="model.pt", model_overrides=text)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("{'waitk': 5}", "there is no option waitk; did you mean wait_k?"),
        ("{'zzz': 5}", "there is no option zzz; name one of --arch two_stage_st_tiny, with _ for -"),
        ("{'wait-k': 5}", "there is no option wait-k; did you mean"),
    ],
)
def test_overrides_of_options_that_there_are_not(overrides, message):
    arch = "two_stage_st_tiny" if "zzz" in overrides else "interactive_st_tiny"
    with pytest.raises(ValueError, match=f"--model-overrides: {re.escape(message)}"):
        check_overrides(Namespace(model_overrides=overrides), arch)


def test_overrides_of_all_that_there_is():
    for text in (None, "{}", "{'wait_k': 'inf', 'fusion': 'tanh', 'dropout': 0, 'encoder_layers': 3}",
                 "{'data': 'moved', 'ctc_weight': 0.3, 'no_scale_embedding': True}"):  # fmt: skip
        check_overrides(Namespace(model_overrides=text, data="data"), "interactive_st_tiny")


def test_pieces_are_joined_once(folder):
    """fairseq would join them, and the tokeniser then take the spaces away: BLEU of texts without any."""
    with pytest.raises(ValueError, match=r"--post-process sentencepiece .*leave it out"):
        setup(folder, path="model.pt", post_process="sentencepiece")
    setup(folder, post_process="letter")  # of a criterion


def test_models_of_one_text_are_refused(folder, monkeypatch):
    stock = S2TTransformerModel.__new__(S2TTransformerModel)
    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: stock)
    with pytest.raises(ValueError, match="--arch s2t_transformer_s expects batches of one text"):
        setup(folder).build_model(Namespace(arch="s2t_transformer_s"))
