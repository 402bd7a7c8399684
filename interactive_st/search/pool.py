"""The hypotheses of a batch that are finished."""

import copy
import math
from itertools import islice

import torch
from torch import Tensor

from interactive_st.modules.lanes import Lanes
from interactive_st.search.beams import Beams
from interactive_st.search.hypotheses import TextHypothesis
from interactive_st.search.hypothesis_tensors import HypothesisTensors, gather_parents


class Pool(HypothesisTensors):
    """Finished hypotheses, at most W per lane, in the order in which they ended.

    ``score`` ``(2, B, W)`` normalised, −inf for free places; ``length`` ``(2, B, W)`` tokens with ``</s>``,
    without the tag; ``count`` ``(2, B)``.
    """

    def __init__(self, beams: Beams) -> None:
        self.history = torch.zeros_like(beams.history)
        self.slots.fill_(-1)
        shape = beams.history.shape[:3]
        self.score = torch.full(shape, -math.inf, dtype=torch.float32, device=beams.device)
        self.length = torch.zeros_like(self.score, dtype=torch.long)
        self.count = torch.zeros_like(self.length[..., 0])

    def add(
        self,
        beams: Beams,
        lanes: Lanes,
        finished: Tensor,
        *,
        parent: Tensor,
        score: Tensor,
        length: Tensor,
        normalized: Tensor,
        eos: int,
    ) -> None:
        """Add candidates, in order, until a pool is full.

        Args:
            beams: the hypotheses that they continue.
            lanes: the N lanes whose candidates these are.
            finished: ``(N, C)`` bool, which of their C candidates are added.
            parent: ``(N, C)`` slot of the hypothesis that the candidate continues with ``eos``.
            score: ``(N, C)`` log-probability.
            length: ``(N, C)`` tokens including ``eos``.
            normalized: ``(N, C)`` the score by which the pool ranks.
            eos: index of the token that ends a text.
        """
        width, used = self.score.size(2), max(beams.used)
        place = lanes.take(self.count).unsqueeze(1) + finished.long().cumsum(dim=1) - 1
        places = torch.arange(width, device=place.device).view(-1, 1)
        fills = finished.unsqueeze(1) & place.unsqueeze(1).eq(places)  # (N, W, C)
        filled, source = fills.any(dim=2), fills.int().argmax(dim=2)
        parent, score, length, normalized = (x.gather(1, source) for x in (parent, score, length, normalized))
        history = gather_parents(lanes.take(beams.history[..., : used + 1, :]), parent)
        history[..., 0].scatter_(2, length.unsqueeze(2), eos)
        last = (length - 1).clamp(min=0).unsqueeze(2)
        history[..., 1].scatter_(2, last, score.contiguous().view(torch.int32).unsqueeze(2))
        for field, new in (
            (self.history[..., : used + 1, :], history),
            (self.score, normalized),
            (self.length, length),
        ):
            here = filled.view(*filled.shape, *[1] * (new.dim() - 2))
            lanes.put(field, torch.where(here, new, lanes.take(field)))
        lanes.put(self.count, lanes.take(self.count) + filled.sum(dim=1))

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences``."""
        for name in ("history", "score", "length", "count"):
            setattr(self, name, getattr(self, name).index_select(1, sentences))

    def fetch(self, sentences: Tensor) -> "Pool":
        """A copy with some sentences, on the CPU."""
        fetched = copy.copy(self)
        fetched.keep(sentences.to(self.count.device))
        for name in ("history", "score", "length", "count"):
            setattr(fetched, name, getattr(fetched, name).cpu())
        return fetched

    def hypotheses(self, stream: int) -> list[list[TextHypothesis]]:
        """The finished hypotheses of every sentence, in the order in which they
        ended. Call it on the result of :meth:`fetch`."""
        # vectorised: an operation per hypothesis would dominate
        held = torch.arange(self.score.size(2)) < self.count[stream].unsqueeze(1)
        lengths, none = self.length[stream][held], torch.empty(0)
        sizes = lengths.tolist()
        tokens, cumulative = self.tokens[stream][held][:, 1:].long(), self.cumulative[stream][held][:, :-1]
        written = torch.arange(tokens.size(1)) < lengths.unsqueeze(1)
        gains = cumulative.diff(dim=1, prepend=torch.zeros_like(cumulative[:, :1]))
        fields = tokens[written].split(sizes), gains[written].split(sizes), self.score[stream][held].unbind()
        texts = iter(
            {
                "tokens": text,
                "score": score,
                "attention": none,
                "alignment": none,
                "positional_scores": gain,
            }
            for text, gain, score in zip(*fields, strict=True)
        )
        return [list(islice(texts, count)) for count in self.count[stream].tolist()]
