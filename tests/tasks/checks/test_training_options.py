"""Options that a training cannot honour."""

from argparse import Namespace

import pytest

from interactive_st.tasks.checks.training_options import check_training_options


@pytest.mark.parametrize("name", ["pairs_path", "mt_path", "mt_data", "mt_args"])
def test_options_of_decoding_are_refused_in_training(name):
    with pytest.raises(ValueError, match=f"--{name.replace('_', '-')} has a meaning in decoding alone"):
        check_training_options(Namespace(**{name: "x"}))
    none_is_given = Namespace(pairs_path=None, mt_path=None, mt_data=None, mt_args="{}")
    check_training_options(none_is_given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"finetune_from_model": "a.pt", "load_pretrained_encoder_from": "b.pt"},
            "--load-pretrained-encoder-from has no effect beside --finetune-from-model",
        ),
        ({"combine_valid_subsets": True}, "--combine-valid-subsets cannot be honoured; leave it out, and"),
    ],
)
def test_options_without_effect_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        check_training_options(Namespace(**options))
