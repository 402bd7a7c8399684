"""One or several models behind the search's only question: what comes next in each lane?"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from interactive_st.models.decoder import Histories
from interactive_st.modules.decoding_cache import DecodingCache, Lanes


class Ensemble:
    """Averages the models' probabilities, as fairseq's ``EnsembleModel`` does.

    Raises:
        ValueError: when the models do not share wait-k, which fixes when each stream advances.
    """

    def __init__(self, models: list[nn.Module]) -> None:
        self.models = models
        delays = sorted({float(model.decoder.wait_k) for model in models})
        if len(delays) > 1:
            raise ValueError(
                f"the models of an ensemble must share one wait-k, these have {delays}; set it for all "
                f"with --model-overrides \"{{'wait_k': {delays[0]:g}}}\""
            )
        self.wait_k = models[0].decoder.wait_k
        self.caches: list[DecodingCache] = []

    def max_positions(self) -> int:
        """Longest output the shortest-reaching model can write."""
        return min(model.max_decoder_positions() for model in self.models)

    def start(self, net_input: dict[str, Any]) -> None:
        """Encode a batch: ``src_tokens`` ``(B, T, F)`` and ``src_lengths`` ``(B,)``."""
        self.caches = [
            model.decoder.start(
                model.encoder(src_tokens=net_input["src_tokens"], src_lengths=net_input["src_lengths"])
            )
            for model in self.models
        ]

    def step(
        self,
        tokens: Tensor,
        lanes: Lanes,
        own: Histories,
        partner: Histories | None,
        temperature: float,
    ) -> Tensor:
        """Log-probabilities ``(N, W, V)``, float32, of the next token in every slot of every lane."""
        log_probs = [
            torch.log_softmax(
                model.decoder.step(tokens, cache, lanes, own, partner).float() / temperature, dim=-1
            )
            for model, cache in zip(self.models, self.caches, strict=True)
        ]
        if len(log_probs) == 1:
            return log_probs[0]
        return torch.logsumexp(torch.stack(log_probs), dim=0) - math.log(len(log_probs))

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences``."""
        for cache in self.caches:
            cache.keep(sentences)
