"""What tests ask of a search: models to search with, steps, scores by teacher forcing, repetitions."""

from typing import Any

import pytest
import tiny
import torch
from torch import Tensor, nn

from interactive_st.search import DualBeamGenerator
from interactive_st.search.dual_search import DualSearch
from interactive_st.search.two_stage_search import TwoStageSearch

PAD = 1


@torch.no_grad()
def run_logged(search: DualSearch | TwoStageSearch) -> tuple[list, list[dict[str, Tensor]]]:
    """Run a search.

    Returns:
        its results; and of each step the ``sentence`` ``(B,)`` in the original batch and the ``row``
        ``(2, B)`` that each lane computed, −1 for none
    """
    log, step = [], DualSearch.step

    def logged(running: DualSearch, number: int) -> None:
        active = running._active(number)
        row = torch.where(active, running.beams.row, -1)
        log.append({"sentence": running.beams.origin.clone(), "row": row})
        step(running, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DualSearch, "step", logged)
        return search.run(), log


def rescore(model: nn.Module, one: dict[str, Any], transcript: Tensor, translation: Tensor) -> list[Tensor]:
    """Teacher-forced log-probabilities of each token of a pair, ``</s>`` included; ``one``: a batch of one
    utterance."""
    texts = transcript, translation
    tokens = torch.full((2, 1, max(map(len, texts))), PAD)
    tokens[:, :, 0] = one["lang_tags"]
    for stream, words in enumerate(texts):
        tokens[stream, 0, 1 : len(words)] = words[:-1]
    log_probs = model(**one["net_input"], prev_output_tokens=tokens)[0].log_softmax(dim=-1)
    return [log_probs[stream, 0, torch.arange(len(words)), words] for stream, words in enumerate(texts)]


def has_repeats(tokens: list[int], size: int) -> bool:
    """Whether an n-gram of that size occurs twice."""
    ngrams = list(zip(*(tokens[start:] for start in range(size)), strict=False))
    return len(ngrams) > len(set(ngrams))


def build(words: int = 12, seed: int = 1, **options: Any) -> nn.Module:
    """A model with peaked distributions whose streams end at different lengths."""
    model = tiny.model(words=words, seed=seed, spread=2.0, **options)
    with torch.no_grad():
        model.decoder.embed_tokens.weight.normal_(std=0.5)
        model.decoder.embed_tokens.weight[2] *= 1.5
        model.decoder.embed_tokens.weight[1] = 0.0
    return model


def search(model: nn.Module, batch: dict[str, Any], words: int = 12, **options: Any) -> list:
    """What a search by ``model`` finds, with beams of four and short texts unless told otherwise."""
    options = {"beam_size": 4, "max_len_b": 10, **options}
    return DualBeamGenerator([model], tiny.dictionary(words), **options).generate([model], batch)
