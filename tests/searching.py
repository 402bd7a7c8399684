"""What tests ask of a search: its steps, scores by teacher forcing, and whether a text repeats itself."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

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
