import pytest

from interactive_st.inference.decoding import Decoding
from interactive_st.inference.options import Options


@pytest.mark.parametrize(
    ("name", "stored", "given"),
    [("search", "joint", "rank"), ("source_lang", "de", "en"), ("target_lang", "en", "de")],
)
def test_what_is_asked_for_goes_before_what_the_model_brings(model, monkeypatch, name, stored, given):
    monkeypatch.setattr(model.task.args, name, stored)
    assert getattr(Decoding(model.task, model.model, Options()).task.args, name) == stored
    assert getattr(Decoding(model.task, model.model, Options(**{name: given})).task.args, name) == given


def test_pieces_are_no_longer_than_what_the_model_reads(model):
    """300 frames in this one; 20 s in one that reads more."""
    assert model.task.args.max_source_positions == 300
    assert Decoding(model.task, model.model, Options()).max_segment == 3.0


def test_a_batch_holds_as_many_seconds_as_asked_for(model):
    import numpy as np

    features = [np.random.default_rng(row).normal(size=(100, 8)).astype("float32") for row in range(6)]
    for seconds, sizes in ((0.5, [1] * 6), (1.0, [1] * 6), (2.0, [2] * 3), (6.0, [6])):
        batches = []
        decoding = Decoding(model.task, model.model, Options(batch_seconds=seconds, max_len_b=3, beam=1))
        decoding(features, batches.append)
        assert [len(batch) for batch in batches] == sizes


def test_languages_named_in_training_go_before_those_of_the_folder(model, monkeypatch):
    assert model.languages == ("en", "de")
    monkeypatch.setattr(model.task.args, "source_lang", "de")
    monkeypatch.setattr(model.task.args, "target_lang", "en")
    assert model.languages == ("de", "en")
