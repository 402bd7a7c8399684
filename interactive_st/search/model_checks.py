"""Which models the search can decode, alone and together."""

from torch import nn

from interactive_st.conventions import TRANSCRIPT
from interactive_st.errors import SettingError
from interactive_st.models.two_stage_decoder import TwoStageDecoder
from interactive_st.modules.wait_k import WaitK


def check_kind(models: list[nn.Module]) -> None:
    """Raise ``SettingError`` for models that are not of this package."""
    for model in models:
        if not hasattr(getattr(model, "decoder", None), "streams"):
            raise SettingError(
                f"this is a model of fairseq ({type(model).__name__}), which writes one text: decode it by "
                "the task that it was trained with, --task speech_to_text, or begin a training of two texts "
                "with it, --finetune-from-model"
            )


def check_alike(models: list[nn.Module], wait_k: WaitK | None = None) -> None:
    """Raise ``SettingError`` for models that cannot decode together: they have to write the same texts, in
    the same order, which ``wait_k`` decides for all of them if it is given."""
    decoders = [model.decoder for model in models]
    if len({(decoder.streams, isinstance(decoder, TwoStageDecoder)) for decoder in decoders}) > 1:
        raise SettingError(
            "the models of an ensemble must be of one system, these write different texts or in different "
            "ways; give --path models of one --arch"
        )
    delays = sorted({float(decoder.wait_k) for decoder in decoders if decoder.interacts})
    if wait_k is None and len(delays) > 1:
        raise SettingError(
            f"the models of an ensemble must share one wait-k, these have {delays}; set it for all "
            f"with --model-overrides \"{{'wait_k': {delays[0]:g}}}\""
        )


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
