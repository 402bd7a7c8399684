"""A run whose validation decoded with CTC scores: its checkpoint and its model folder decode so as well."""

import pytest

from interactive_st.inference.hub import InteractiveST
from interactive_st.inference.model_card import Card
from interactive_st.inference.model_folder import write_model_folder
from interactive_st.inference.stored_model import load_checkpoint
from tests import speech_model

TRAINED = {"ctc_weight": 0.3, "decoding_ctc_weight": 0.5}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return speech_model.make(tmp_path_factory.mktemp("ctc"), **TRAINED)


@pytest.mark.usefixtures("noise_is_speech")
@pytest.mark.parametrize("exported", [False, True])
def test_the_weights_of_training_are_those_of_decoding(made, tmp_path, exported):
    path = made.checkpoint
    if exported:
        path = write_model_folder(load_checkpoint(path), tmp_path / "model", Card("test"))
    sound = speech_model.bursts([(0.1, 0.9)], 1.0)
    model = InteractiveST.from_pretrained(path)
    scores = []
    for options in ({}, {"ctc_weight": 0.5}, {"ctc_weight": 0.0}):
        (segment,) = model(sound, speech_model.RATE, **options, **speech_model.SHORT).segments
        scores.append(segment.nbest[0].transcript_score)
    assert scores[0] == scores[1] != scores[2]
