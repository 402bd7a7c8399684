"""The other systems go the same way from checkpoint to model folder to texts."""

import math

import pytest

from interactive_st.inference.hub import InteractiveST
from interactive_st.inference.model_card import Card
from interactive_st.inference.model_folder import write_model_folder
from interactive_st.inference.stored_model import load_checkpoint
from tests import speech_model
from tests.speech_model import RATE, SHORT, bursts


@pytest.mark.parametrize(
    ("arch", "transcript", "translation"),
    [
        ("multitask_st_tiny", True, True),
        ("two_stage_st_tiny", True, True),
        ("asr_tiny", True, False),
        ("e2e_st_tiny", False, True),
    ],
)
def test_writes_its_texts(arch, transcript, translation, tmp_path, noise_is_speech):
    made = speech_model.make(tmp_path / "training", arch=arch)
    folder = write_model_folder(load_checkpoint(made.checkpoint), tmp_path / "model", Card("test"))
    samples = bursts([(0.2, 1.8)], 2.0)
    trained = InteractiveST.from_pretrained(made.checkpoint)(samples, sample_rate=RATE, **SHORT)
    exported = InteractiveST.from_pretrained(folder)(samples, sample_rate=RATE, **SHORT)
    assert exported == trained
    best = exported.nbest[0]
    assert bool(best.transcript) == transcript == (best.transcript_score is not None)
    assert bool(best.translation) == translation == (best.translation_score is not None)
    assert math.isfinite(best.score)
    languages = [line[:4] for line in exported.render("text").splitlines()[1:] if line]
    assert languages == ["en: "] * transcript + ["de: "] * translation


@pytest.mark.parametrize("arch", ["two_stage_st_tiny", "multitask_st_tiny", "asr_tiny"])
def test_wait_k_is_for_texts_that_read_each_other(tmp_path, arch):
    made = speech_model.make(tmp_path / "training", arch=arch)
    model = InteractiveST.from_pretrained(made.checkpoint)
    with pytest.raises(ValueError, match="wait_k is 3; it is for models"):
        model(bursts([(0.2, 1.8)], 2.0), sample_rate=RATE, wait_k=3)
