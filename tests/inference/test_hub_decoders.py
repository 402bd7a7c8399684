"""Recordings as Hugging Face's datasets give them: since version 4 decoders that answer like a dict,
and dicts before, of tensors if asked for."""

import numpy as np
import pytest
import torch

from interactive_st.errors import DataError
from tests import speech_model
from tests.speech_model import SHORT


class Decoder:
    def __init__(self, contents):
        self.contents = contents

    def __getitem__(self, key):
        if self.contents is None:
            raise RuntimeError("damaged")
        return self.contents[key]


@pytest.fixture
def decoder(talk):
    samples, rate = speech_model.soundfile.read(talk, dtype="float32")
    return Decoder({"array": samples, "sampling_rate": rate})


def test_a_decoder_is_a_recording(model, talk, decoder):
    expected = model(talk, **SHORT).segments
    assert model(decoder, **SHORT).segments == expected
    assert [each.segments for each in model([decoder, talk], **SHORT)] == [expected] * 2
    with pytest.raises(DataError, match="put a single one into a list"):
        model.stream(decoder)
    with pytest.raises(DataError, match="Decoder is not a recording"):
        model(Decoder({"video": 1}))


def test_a_decoder_that_fails_does_not_stop_the_others(model, talk):
    results = dict(model.stream([Decoder(None), talk], **SHORT))
    assert "Decoder: cannot be read (damaged)" in str(results[0])
    assert results[1].segments == model(talk, **SHORT).segments


@pytest.mark.parametrize("tensor", [torch.tensor, np.array])
def test_rates_in_tensors(model, talk, tensor):
    """As `with_format("torch")` gives them."""
    expected = model(talk, **SHORT).segments
    samples, rate = speech_model.soundfile.read(talk, dtype="float32")
    for same in ({"array": tensor(samples), "sampling_rate": tensor(rate)}, (tensor(samples), tensor(rate))):
        assert model(same, **SHORT).segments == expected
    with pytest.raises(DataError, match="a number of Hz is needed"):
        model({"array": tensor(samples), "sampling_rate": tensor([rate])})
