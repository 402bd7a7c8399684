"""Searches whose transcripts CTC scores as well."""

import itertools

import pytest
import tiny
from searching import run_logged

from interactive_st.search import DualBeamGenerator


@pytest.mark.parametrize("weight", [0.5, 1.0])
def test_the_penalty_of_unknown_words_is_as_large_with_ctc(weight):
    model = tiny.model(spread=2.0, ctc_weight=0.3)
    options = {"beam_size": 3, "max_len_b": 8, "ctc_weight": weight}
    dictionary = tiny.dictionary()
    for penalty, wanted in ((-50.0, True), (50.0, False)):
        generator = DualBeamGenerator([model], dictionary, unk_penalty=penalty, **options)
        for nbest in generator.generate([model], tiny.sample([44, 30])):
            assert (dictionary.unk() in nbest[0]["transcript"]["tokens"].tolist()) == wanted


@pytest.mark.parametrize(("shortest", "min_len"), [(19, 1), (4, 3)])  # four frames do not hold three tokens
@pytest.mark.parametrize("kind", ["rank", "joint"])
def test_the_batch_does_not_matter_with_ctc(kind, shortest, min_len):
    model, batch = tiny.model(spread=2.0, ctc_weight=0.3), tiny.sample([44, 30, shortest])
    options = {"beam_size": 3, "max_len_b": 8, "min_len": min_len, "ctc_weight": 0.4, "search": kind}
    generator = DualBeamGenerator([model], tiny.dictionary(), **options)
    together = generator.generate([model], batch)
    for row, hypotheses in enumerate(together):
        alone = generator.generate([model], tiny.row_of(batch, row))
        assert tiny.hypothesis_pairs(alone) == tiny.hypothesis_pairs([hypotheses])


def test_what_is_left_of_a_batch_goes_on_as_alone_with_ctc():
    model, batch = tiny.model(spread=2.0, ctc_weight=0.3), tiny.sample([12, 40, 16, 33, 14])
    options = {"beam_size": 3, "max_len_a": 0.2, "max_len_b": 0, "min_len": 2, "ctc_weight": 0.4}
    generator = DualBeamGenerator([model], tiny.dictionary(), **options)
    together, steps = run_logged(generator.start(batch))
    assert (1, 3) in {tuple(step["sentence"].tolist()) for step in steps}
    for row, hypotheses in enumerate(together):
        alone = generator.generate([model], tiny.row_of(batch, row))
        assert tiny.hypothesis_pairs(alone) == tiny.hypothesis_pairs([hypotheses])


def test_what_cannot_be_scored_is_refused():
    trained, untrained = tiny.model(ctc_weight=0.3), tiny.model()
    with pytest.raises(ValueError, match="between 0 and 1"):
        DualBeamGenerator([trained], tiny.dictionary(), ctc_weight=1.5)
    with pytest.raises(ValueError, match="trained with --ctc-weight above 0"):
        DualBeamGenerator([untrained], tiny.dictionary(), ctc_weight=0.3)


def test_ensembles_of_unlike_front_ends_are_refused():
    models = [tiny.model(ctc_weight=0.3, front_end=front_end) for front_end in ("conv1d", "stack")]
    DualBeamGenerator(models, tiny.dictionary(), max_len_b=2).generate(models, tiny.sample([40]))
    with pytest.raises(ValueError, match=r"--decoding-ctc-weight.*10, 14 of the same speech.*one front end"):
        DualBeamGenerator(models, tiny.dictionary(), ctc_weight=0.3).generate(models, tiny.sample([40]))


@pytest.mark.parametrize(("kind", "weight"), itertools.product(["rank", "joint"], [0.3, 1.0]))
def test_texts_are_no_longer_than_they_are_made(kind, weight):
    options = {"beam_size": 3, "max_len_b": 20, "min_len": 3, "search": kind, "ctc_weight": weight}
    model, batch = tiny.model(spread=2.0, ctc_weight=0.3), tiny.sample([4])  # one frame behind the front end
    [[best, *_]] = DualBeamGenerator([model], tiny.dictionary(), **options).generate([model], batch)
    assert len(best["transcript"]["tokens"]) == 4
