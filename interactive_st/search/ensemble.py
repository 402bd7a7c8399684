"""Next-token log-probabilities of one model or an ensemble."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from interactive_st.conventions import TRANSCRIPT
from interactive_st.errors import SettingError
from interactive_st.models.decoder import StreamDecoder
from interactive_st.models.two_stage_decoder import TwoStageDecoder
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


def check_kind(models: list[nn.Module]) -> None:
    """Raise ``SettingError`` for models that are not of this package."""
    for model in models:
        if not hasattr(getattr(model, "decoder", None), "streams"):
            raise SettingError(
                f"this is a model of fairseq ({type(model).__name__}), which writes one text: decode it by "
                "the task that it was trained with, --task speech_to_text, or begin a training of two texts "
                "with it, --finetune-from-model"
            )


def check_alike(models: list[nn.Module]) -> None:
    """Raise ``SettingError`` for models that cannot decode together: they have to write the same texts, in
    the same order."""
    decoders = [model.decoder for model in models]
    if len({(decoder.streams, isinstance(decoder, TwoStageDecoder)) for decoder in decoders}) > 1:
        raise SettingError(
            "the models of an ensemble must be of one system, these write different texts or in different "
            "ways; give --path models of one --arch"
        )
    delays = sorted({float(decoder.wait_k) for decoder in decoders if decoder.interacts})
    if len(delays) > 1:
        raise SettingError(
            f"the models of an ensemble must share one wait-k, these have {delays}; set it for all "
            f"with --model-overrides \"{{'wait_k': {delays[0]:g}}}\""
        )


def common_wait_k(decoders: Sequence[StreamDecoder]) -> WaitK:
    """The k of an ensemble: of those whose texts read each other, which :func:`check_alike` has found equal;
    that of the others decides nothing."""
    return next((decoder.wait_k for decoder in decoders if decoder.interacts), decoders[0].wait_k)


def check_ctc(models: list[nn.Module], weight: float) -> None:
    """Raise ``SettingError`` where CTC cannot score the transcripts of ``models``."""
    if not 0.0 < weight <= 1.0:
        raise SettingError(f"--decoding-ctc-weight must lie between 0 and 1, not {weight:g}")
    for model in models:
        if TRANSCRIPT not in model.decoder.streams:
            raise SettingError(
                "--decoding-ctc-weight concerns the transcript, which this model does not write; leave it out"
            )
        if not getattr(model.decoder.args, "ctc_weight", 0.0):
            raise SettingError(
                "--decoding-ctc-weight needs a model trained with --ctc-weight above 0; this one's CTC head "
                "was never trained: leave the option out"
            )


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
