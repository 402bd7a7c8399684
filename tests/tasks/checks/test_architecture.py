"""Models of fairseq, which write one text."""

from argparse import Namespace

import pytest
from fairseq.models.speech_to_text import S2TTransformerModel
from fairseq.tasks.speech_to_text import SpeechToTextTask

from tests.fake_decoding import setup


@pytest.mark.parametrize("arch", ["transformer", "s2t_transformer_s"])
def test_models_of_fairseq_are_refused_before_they_are_built(folder, arch):
    """The two of a pipeline are easily mixed up."""
    with pytest.raises(ValueError, match=rf"--path names a model of fairseq \(--arch {arch}\).*--mt-path"):
        setup(folder).build_model(Namespace(arch=arch), from_checkpoint=True)


def test_models_of_one_text_are_refused(folder, monkeypatch):
    stock = S2TTransformerModel.__new__(S2TTransformerModel)
    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: stock)
    with pytest.raises(ValueError, match="--arch s2t_transformer_s expects batches of one text"):
        setup(folder).build_model(Namespace(arch="s2t_transformer_s"))
