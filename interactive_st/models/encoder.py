"""The speech encoder: fairseq's, with a choice of front end."""

from argparse import Namespace

from fairseq.models.speech_to_text.s2t_transformer import S2TTransformerEncoder
from torch import nn

from interactive_st.modules.speech_layer import SpeechEncoderLayer

from .front_end import build_front_end


class SpeechEncoder(S2TTransformerEncoder):
    """fairseq's ``S2TTransformerEncoder`` behind the front end that ``--front-end`` names.

    It has no CTC projection of its own: the CTC head is tied to the decoder's table
    (:meth:`~interactive_st.models.interactive_st.InteractiveSTModel.get_ctc_output`).
    """

    def __init__(self, args: Namespace) -> None:
        super().__init__(Namespace(**{**vars(args), "ctc_weight": 0.0}))
        self.subsample = build_front_end(args)
        self.transformer_layers = nn.ModuleList(SpeechEncoderLayer(args) for _ in self.transformer_layers)
