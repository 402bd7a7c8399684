"""The speech encoder: fairseq's, with a choice of front end."""

from argparse import Namespace

import torch
from fairseq.models.speech_to_text.s2t_transformer import S2TTransformerEncoder
from torch import Tensor, nn

from interactive_st.models.front_end import build_front_end
from interactive_st.modules.memory import EncoderOut
from interactive_st.modules.speech_layer import SpeechEncoderLayer, visible_frames


class SpeechEncoder(S2TTransformerEncoder):
    """fairseq's ``S2TTransformerEncoder`` with the front end that ``--front-end`` names.

    It has no CTC projection of its own: the CTC head is the decoder's output projection
    (:meth:`~interactive_st.models.interactive_st.InteractiveSTModel.get_ctc_logits`).
    """

    def __init__(self, args: Namespace) -> None:
        super().__init__(Namespace(**{**vars(args), "ctc_weight": 0.0}))
        self.subsample = build_front_end(args)
        self.transformer_layers = nn.ModuleList(SpeechEncoderLayer(args) for _ in self.transformer_layers)

    @property
    def is_frozen(self) -> bool:
        """Whether ``--encoder-freezing-updates`` keeps it as it is for now."""
        return self.num_updates < self.encoder_freezing_updates

    def _forward(
        self, src_tokens: Tensor, src_lengths: Tensor, return_all_hiddens: bool = False
    ) -> EncoderOut:
        """As fairseq's, with one mask for all layers.

        fairseq synchronises a GPU twice, for the longest length and for ``padding.any()``. Here only the
        latter does, and on a GPU only in evaluation, where dropping an empty mask saves work.

        Args:
            src_tokens: ``(B, frames, F)`` features, padded.
            src_lengths: ``(B,)`` frames of each.
            return_all_hiddens: keep the states of every layer.

        Returns:
            the states and their padding; with ``return_all_hiddens`` also ``encoder_states``
        """
        x, lengths = self.subsample(src_tokens, src_lengths)
        padding = torch.arange(x.size(0), device=x.device) >= lengths.unsqueeze(1)
        x = self.embed_scale * x + self.embed_positions(padding).transpose(0, 1)
        x = self.dropout_module(x)
        keep_mask = x.device.type != "cpu" and self.training  # any() would synchronise
        masks = [padding] if keep_mask or padding.any() else []
        visible = visible_frames(padding, x) if masks else None
        states = []
        for layer in self.transformer_layers:
            x = layer(x, visible)
            if return_all_hiddens:
                states.append(x)
        if self.layer_norm is not None:
            x = self.layer_norm(x)
        return {
            "encoder_out": [x],  # T × B × C
            "encoder_padding_mask": masks,  # B × T
            "encoder_embedding": [],
            "encoder_states": states,
            "src_tokens": [],
            "src_lengths": [],
        }
