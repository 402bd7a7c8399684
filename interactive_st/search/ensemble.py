"""Next-token log-probabilities of one model or an ensemble."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from interactive_st.errors import SettingError
from interactive_st.models.decoder import StreamDecoder
from interactive_st.modules.decoding_cache import DecodingCache
from interactive_st.modules.lanes import Histories, Lanes
from interactive_st.modules.memory import EncoderOut
from interactive_st.modules.wait_k import WaitK


class Ensemble:
    """Averages the models' probabilities, as fairseq's ``EnsembleModel`` does.

    Args:
        decoders: those of the models, or of one stage of them.
        caches: decoding cache of each, from ``start``.
    """

    def __init__(self, decoders: list[StreamDecoder], caches: list[DecodingCache]) -> None:
        self.decoders, self.caches = decoders, caches
        self.wait_k, self.streams = caches[0].wait_k, decoders[0].streams
        self.interacts = any(decoder.interacts for decoder in decoders)

    def step(
        self,
        tokens: Tensor,
        lanes: Lanes,
        histories: Histories,
        temperature: float,
    ) -> Tensor:
        """Log-probabilities of the next token.

        Args:
            tokens: ``(N, W)`` last token of each hypothesis.
            lanes, histories: as in :meth:`.StreamDecoder.step`.
            temperature: divides the logits.

        Returns:
            ``(N, W, V)`` float32
        """
        log_probs = []
        for decoder, cache in zip(self.decoders, self.caches, strict=True):
            logits = decoder.step(tokens, cache, lanes, histories).float()
            if temperature != 1.0:
                logits = logits / temperature
            # in place: a new block of this size would come from the system page by page
            log_probs.append(torch.log_softmax(logits, dim=-1, out=logits))
        if len(log_probs) == 1:
            return log_probs[0]
        return torch.logsumexp(torch.stack(log_probs), dim=0) - math.log(len(log_probs))

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences``."""
        for cache in self.caches:
            cache.keep(sentences)

    def reserve(self, columns: int, width: int) -> None:
        """Allocate for ``columns`` columns of ``width`` slots in all caches."""
        for cache in self.caches:
            cache.reserve(len(self.streams), columns, width)


def common_wait_k(decoders: Sequence[StreamDecoder]) -> WaitK:
    """The k of an ensemble: of those whose texts read each other, which :func:`.check_alike` has found equal;
    that of the others decides nothing."""
    return next((decoder.wait_k for decoder in decoders if decoder.interacts), decoders[0].wait_k)


def ctc_log_probs(models: list[nn.Module], encoded: list[EncoderOut]) -> tuple[Tensor, Tensor]:
    """Logarithms of the models' mean CTC probabilities ``(frames, B, V)`` float32, and lengths ``(B,)``.

    Raises:
        SettingError: the models have different numbers of frames, or encoder and decoder of one differ in
            dimension.
    """
    outputs = []
    for model, out in zip(models, encoded, strict=True):
        logits, lengths = model.get_ctc_logits(out)
        outputs.append((torch.log_softmax(logits.float(), dim=-1), lengths))
    if len(outputs) == 1:
        return outputs[0]
    frames = [log_probs.size(0) for log_probs, _ in outputs]
    if len(set(frames)) > 1:
        raise SettingError(
            "--decoding-ctc-weight averages the CTC scores of an ensemble frame by frame, and the front ends "
            f"of these models leave different numbers of frames ({', '.join(map(str, frames))} of the same "
            "speech): give models of one front end, or --decoding-ctc-weight 0"
        )
    log_probs = torch.stack([log_probs for log_probs, _ in outputs])
    return torch.logsumexp(log_probs, dim=0) - math.log(len(outputs)), outputs[0][1]
