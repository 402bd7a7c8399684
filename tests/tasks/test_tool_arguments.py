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
    with pytest.raises(ValueError, match=r"--model-overrides .*: is not a Python dictionary"):
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


@pytest.mark.parametrize(
    ("overrides", "option"),
    [("{'search': 'rank'}", "--search"), ("{'wait_k': 5, 'max_len_b': 3}", "--max-len-b")],
)
def test_overrides_of_what_only_the_command_line_says(overrides, option):
    message = f"not an option of the model and has no effect there; give {option} "
    with pytest.raises(ValueError, match=message):
        check_overrides(Namespace(model_overrides=overrides, search=None), "interactive_st_tiny")


@pytest.mark.parametrize("arch", ["transformer", "s2t_transformer_s"])
def test_models_of_fairseq_are_refused_before_they_are_built(folder, arch):
    """The two of a pipeline are easily mixed up."""
    with pytest.raises(ValueError, match=rf"--path names a model of fairseq \(--arch {arch}\).*--mt-path"):
        setup(folder).build_model(Namespace(arch=arch), from_checkpoint=True)


@pytest.mark.parametrize("options", [{"mt_data": "mt"}, {"mt_args": '{"beam": 2}'}])
def test_options_of_a_text_model_that_there_is_not(folder, options):
    option = next(iter(options)).replace("_", "-")
    with pytest.raises(ValueError, match=f"--{option} is for the text model of --mt-path, and there is none"):
        setup(folder, path="model.pt", **options)
    setup(folder, path="model.pt", mt_path="mt.pt", **options)


def test_beginnings_are_forced_where_there_are_references(folder):
    setup(folder, path="model.pt", prefix_size=1)
    with pytest.raises(ValueError, match=r"--prefix-size 1 forces .* and fairseq-interactive has none"):
        setup(folder, path="model.pt", prefix_size=1, buffer_size=0)


def test_overrides_of_all_that_there_is():
    for text in (None, "{}", "{'wait_k': 'inf', 'fusion': 'tanh', 'dropout': 0, 'encoder_layers': 3}",
                 "{'data': 'moved', 'ctc_weight': 0.3, 'no_scale_embedding': True}",
                 "{'decoding_ctc_weight': 0.5, 'max_source_positions': 9}"):  # fmt: skip
        args = Namespace(model_overrides=text, data="", max_source_positions=9, decoding_ctc_weight=0)
        check_overrides(args, "interactive_st_tiny")


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
