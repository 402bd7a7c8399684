"""Which weight CTC has in decoding: the one that is given, else that of the model's training."""

import logging
from argparse import Namespace
from types import SimpleNamespace

import pytest

from interactive_st.tasks.search_settings import ctc_weight


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


@pytest.mark.parametrize(
    ("streams", "given", "options", "noted"),
    [
        ((0, 1), None, {"ctc_weight": 0.3}, True),
        ((0,), None, {"ctc_weight": 1.0}, True),
        ((1,), None, {"ctc_weight": 0.3}, False),  # no transcript
        ((0, 1), None, {"ctc_weight": 0.0}, False),
        ((0, 1), 0.0, {"ctc_weight": 0.3}, False),
        ((0, 1), None, {"ctc_weight": 0.3, "decoding_ctc_weight": 0.5}, False),
    ],
)
def test_ctc_that_is_left_unused_is_noted(streams, given, options, noted, caplog):
    caplog.set_level(logging.INFO)
    [model] = models(options)
    model.streams = streams
    ctc_weight(Namespace(decoding_ctc_weight=given), [model])  # a training
    assert "attention alone" not in caplog.text
    ctc_weight(Namespace(decoding_ctc_weight=given, path="model.pt"), [model])
    assert ("--decoding-ctc-weight may be given" in caplog.text) == noted


def test_models_without_options_have_none():
    assert ctc_weight(Namespace(), [SimpleNamespace(decoder=SimpleNamespace())]) == 0.0


def test_an_ensemble_of_different_ones_needs_an_answer():
    with pytest.raises(ValueError, match=r"with --decoding-ctc-weight 0 and 0\.5: give the one"):
        ctc_weight(Namespace(), models({}, {"decoding_ctc_weight": 0.5}))
