"""What the searches refuse, and what they say of it."""

import math
from argparse import Namespace

import pytest
import tiny
import torch
from fairseq.models.speech_to_text.s2t_transformer import S2TTransformerModel, s2t_transformer_s
from searching import build, search

from interactive_st.models import ARCHITECTURES
from interactive_st.search import DualBeamGenerator


def test_an_utterance_too_short_for_the_shortest_text_ends_no_batch():
    """By a limit of tokens a frame, which is the batch's longest in fairseq."""
    model, batch = build(), tiny.sample([40, 8])
    limited = {"max_len_a": 0.1, "max_len_b": 0, "min_len": 2}
    lengths = [len(nbest[0]["tokens"]) - 1 for nbest in search(model, batch, **limited)]
    assert lengths[1] == 2
    assert 2 <= lengths[0] <= 4
    search(model, batch, max_len_a=1e300)
    with pytest.raises(ValueError, match=r"--min-len 2 is larger than the longest output allowed, 1 "):
        search(model, batch, max_len_b=1, min_len=2)


def test_errors_say_the_way_out():
    model, batch = build(), tiny.sample([30])
    with pytest.raises(ValueError, match="--search must be one of rank, joint"):
        search(model, batch, search="diverse")
    with pytest.raises(ValueError, match="--beam must be at least 1, not 0"):
        search(model, batch, beam_size=0)
    with pytest.raises(ValueError, match="--temperature must be greater than 0"):
        search(model, batch, temperature=0.0)
    with pytest.raises(ValueError, match="--encoder-max-tokens must be at least 1 frame, not 0"):
        search(model, batch, encoder_max_tokens=0)
    with pytest.raises(ValueError, match=r"--min-len 30 is larger"):
        search(model, batch, min_len=30)
    generator = DualBeamGenerator([model], tiny.dictionary())
    with pytest.raises(ValueError, match="--constraints"):
        generator.generate([model], batch, constraints=torch.zeros(1))
    with pytest.raises(ValueError, match="source_lang"):
        generator.generate([model], {"net_input": batch["net_input"]})
    args = tiny.arguments()
    s2t_transformer_s(args)
    stock = S2TTransformerModel.build_model(args, Namespace(target_dictionary=tiny.dictionary()))
    with pytest.raises(ValueError, match=r"model of fairseq \(S2TTransformerModel\).*--task speech_to_text"):
        DualBeamGenerator([model, stock], tiny.dictionary())
    other = tiny.model(wait_k=1)
    with pytest.raises(ValueError, match="share one wait-k"):
        DualBeamGenerator([model, other], tiny.dictionary()).generate([model, other], batch)


@pytest.mark.parametrize("arch", ["interactive_st_s", "two_stage_st_s", "asr_s"])
@pytest.mark.parametrize("kind", ["rank", "joint"])
def test_a_model_that_gives_no_numbers_is_an_error(kind, arch):
    model = tiny.model(arch=ARCHITECTURES.get(arch, tiny.sizes.interactive_st_s))
    with torch.no_grad():
        model.decoder.output_projection.weight.fill_(math.nan)
    generator = DualBeamGenerator([model], tiny.dictionary(), search=kind, beam_size=2, max_len_b=4)
    with pytest.raises(ValueError, match=r"no hypothesis with a finite score.*diverged"):
        generator.generate([model], tiny.sample([40, 30]))
