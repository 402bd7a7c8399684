"""What --model-overrides may say."""

import re
from argparse import Namespace

import pytest

from interactive_st.checkpoint_reading import UNSEEN_OPTIONS
from interactive_st.tasks.checks.overrides import check_overrides
from tests.fake_decoding import setup


@pytest.mark.parametrize("text", ["{'wait_k': 5", "wait_k=5", "5", "", "{5: 3}"])
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


@pytest.mark.parametrize("name", ["arch", "_name"])
def test_a_model_stays_what_it_is(name):
    message = f"--model-overrides: {name} says which model the checkpoint holds"
    with pytest.raises(ValueError, match=message):
        check_overrides(Namespace(model_overrides=f"{{'{name}': 'e2e_st'}}", arch="x"), "interactive_st_tiny")


@pytest.mark.parametrize("name", UNSEEN_OPTIONS)
@pytest.mark.parametrize("arch", ["interactive_st_tiny", "two_stage_st_tiny"])
def test_what_gives_the_weights_another_meaning(name, arch):
    message = f"--model-overrides: with another {name} than in training the weights compute something else"
    with pytest.raises(ValueError, match=message):
        check_overrides(Namespace(model_overrides=f"{{'wait_k': 5, '{name}': 4}}"), arch)


def test_overrides_of_all_that_there_is():
    for text in (None, "{}", "{'wait_k': 'inf', 'fusion': 'tanh', 'dropout': 0, 'encoder_layers': 3}",
                 "{'data': 'moved', 'ctc_weight': 0.3, 'checkpoint_activations': True}",
                 "{'decoding_ctc_weight': 0.5, 'max_source_positions': 9}"):  # fmt: skip
        args = Namespace(model_overrides=text, data="", max_source_positions=9, decoding_ctc_weight=0)
        check_overrides(args, "interactive_st_tiny")
