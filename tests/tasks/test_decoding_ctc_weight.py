"""Which weight CTC has in decoding: the one that is given, else that of the model's training."""

from argparse import Namespace
from types import SimpleNamespace

import pytest

from interactive_st.tasks.generation_options import ctc_weight


def models(*trained_with):
    return [SimpleNamespace(decoder=SimpleNamespace(args=Namespace(**options))) for options in trained_with]


@pytest.mark.parametrize(
    ("given", "trained_with", "expected"),
    [
        (None, [{}], 0.0),
        (None, [{"decoding_ctc_weight": None}], 0.0),
        (None, [{"decoding_ctc_weight": 0.5}], 0.5),
        (None, [{"decoding_ctc_weight": 0.5}] * 2, 0.5),
        (0.0, [{"decoding_ctc_weight": 0.5}], 0.0),
        (0.3, [{}, {"decoding_ctc_weight": 0.5}], 0.3),
    ],
)
def test_what_is_given_counts_then_what_training_had(given, trained_with, expected):
    assert ctc_weight(Namespace(decoding_ctc_weight=given), models(*trained_with)) == expected


def test_models_without_options_have_none():
    assert ctc_weight(Namespace(), [SimpleNamespace(decoder=SimpleNamespace())]) == 0.0


def test_an_ensemble_of_different_ones_needs_an_answer():
    with pytest.raises(ValueError, match=r"with --decoding-ctc-weight 0 and 0\.5: give the one"):
        ctc_weight(Namespace(), models({}, {"decoding_ctc_weight": 0.5}))
