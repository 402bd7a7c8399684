"""The interactive model: one speech encoder, one decoder shared by transcript and translation.

Source: Liu et al., AAAI 2020, "Synchronous Speech Recognition and Speech-to-Text Translation with
Interactive Decoding". Sizes and option names follow fairseq's ``s2t_transformer``.
"""

from argparse import ArgumentParser, Namespace
from typing import Any, NoReturn

import torch
import torch.nn.functional as F
from fairseq.models import register_model
from fairseq.models.speech_to_text.s2t_transformer import S2TTransformerModel
from fairseq.tasks import FairseqTask
from torch import Tensor, nn

from interactive_st.batch import Batch
from interactive_st.errors import SettingError
from interactive_st.models.decoder import InteractiveDecoder
from interactive_st.models.encoder import SpeechEncoder
from interactive_st.models.front_end import FRONT_ENDS
from interactive_st.models.pretrained import (
    LoadingRules,
    adapt_fusion,
    adapt_stock_state_dict,
    adapt_vocabulary,
    is_stock,
    leave_vocabulary,
    load_encoder,
    refuse_two_stage,
    restore_versions,
)
from interactive_st.models.sizes import base_architecture
from interactive_st.models.teacher_forcing import NetOutput
from interactive_st.modules.fast.dropout import use_dropout
from interactive_st.modules.fast.onednn_linear import use_onednn_linears
from interactive_st.modules.fusion import FUSIONS
from interactive_st.modules.memory import EncoderOut
from interactive_st.modules.streams import Streams
from interactive_st.modules.token_rows import TokenRows
from interactive_st.modules.zero_gradients import with_zero_gradients

#: What fairseq knows the model by, and the architecture in the paper's size.
NAME = "interactive_st"


@register_model(NAME)
class InteractiveSTModel(S2TTransformerModel):
    """``s2t_transformer`` whose decoder writes transcript and translation together.

    Without interaction it is the multi-task model, with one stream the ASR or the ST model; the
    architectures of :mod:`interactive_st.models.architectures` say which.
    """

    #: What of a checkpoint is taken or refused; set by the task.
    loading = LoadingRules()

    @staticmethod
    def add_args(parser: ArgumentParser) -> None:
        add_speech_args(parser)
        parser.add_argument(
            "--wait-k",
            metavar="K",
            help="tokens by which the transcript leads the translation, any whole number, or 'inf' for "
            "the two-stage limit (default: 3); --model-overrides may change it at decoding",
        )
        parser.add_argument(
            "--train-wait-k",
            metavar="K,K,…",
            help="in training, draw one of these for each batch in place of --wait-k, as 1,3,inf: the model "
            "can then be decoded with any of them; --wait-k is still used in validation and, by default, in "
            "decoding",
        )
        parser.add_argument(
            "--fusion",
            choices=FUSIONS,
            help="how the contexts of self- and interactive attention are combined (default: linear)",
        )
        parser.add_argument(
            "--fusion-lambda",
            type=float,
            metavar="λ",
            help="weight of the other stream's context in linear and tanh fusion; 0 makes the multi-task "
            "model, with no interaction (default: 1; docs/choosing.md says why)",
        )
        parser.add_argument(
            "--learn-fusion-lambda",
            action="store_true",
            help="learn λ, one number per decoder layer, starting at --fusion-lambda",
        )

    @classmethod
    def hub_models(cls) -> dict[str, str]:
        """None: fairseq's ``hubconf.py`` would offer those of the parent by this class."""
        return {}

    @classmethod
    def from_pretrained(cls, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse fairseq's hub interface, which knows one text and computes features of its own.

        Raises:
            SettingError: always; it says what to call.
        """
        raise SettingError(
            "from_pretrained of fairseq's models gives an interface to one text, whose features would not be "
            "those of the training; call interactive_st.InteractiveST.from_pretrained(checkpoint), or, for "
            "the model and its task, fairseq.checkpoint_utils.load_model_ensemble_and_task([checkpoint])"
        )

    @classmethod
    def build_model(cls, args: Namespace, task: FairseqTask) -> "InteractiveSTModel":
        base_architecture(args)
        model = super().build_model(args, task)
        use_onednn_linears(model)
        use_dropout(model)
        return model

    @classmethod
    def build_encoder(cls, args: Namespace) -> SpeechEncoder:
        encoder = SpeechEncoder(args)
        path = getattr(args, "load_pretrained_encoder_from", None)
        if path:
            load_encoder(encoder, path, args)
        return encoder

    @classmethod
    def build_decoder(
        cls, args: Namespace, task: FairseqTask, embed_tokens: nn.Embedding
    ) -> InteractiveDecoder:
        return InteractiveDecoder(args, task.target_dictionary, embed_tokens)

    def forward(
        self,
        src_tokens: Tensor,
        src_lengths: Tensor,
        prev_output_tokens: Tensor,
        rows: TokenRows | None = None,
        wanted: TokenRows | None = None,
    ) -> NetOutput:
        """Teacher forcing.

        Args:
            src_tokens: ``(B, frames, F)`` features, padded. Zero frames: text only; the decoder runs without
                encoder context, and what only speech needs gets gradients of zero (unless it is frozen).
            src_lengths: ``(B,)`` frames of each.
            prev_output_tokens, rows, wanted: as in :meth:`.TeacherForced.forward`.

        Returns:
            as :meth:`.TeacherForced.forward`
        """
        if src_tokens.size(1):
            encoder_out = self.encoder(src_tokens=src_tokens, src_lengths=src_lengths)
            return self.decoder(prev_output_tokens, encoder_out=encoder_out, rows=rows, wanted=wanted)
        output, extra = self.decoder(prev_output_tokens, encoder_out=None, rows=rows, wanted=wanted)
        # those of the decoder are given where they are not used, inside the layers that may be checkpointed
        unused = () if self.encoder.is_frozen else self.encoder.parameters()
        return with_zero_gradients(output, unused), extra

    @property
    def streams(self) -> Streams:
        """What the model writes: (0, 1) both texts, (0,) the transcript, (1,) the translation."""
        return self.decoder.streams

    def get_targets(self, sample: Batch, net_output: NetOutput) -> Tensor:
        """Targets of the model's streams, ``(S, B, T)``."""
        return sample["targets"][list(self.streams)]

    def get_ctc_target(self, sample: Batch) -> tuple[Tensor, Tensor]:
        """The transcript ``(B, T)`` and its lengths ``(B,)``, ``</s>`` included, for criteria of users that
        have CTC; the parent's ``get_ctc_target`` would give them the translation."""
        return sample["transcript"], sample["transcript_lengths"]

    def get_ctc_output(self, net_output: NetOutput, sample: Batch) -> tuple[Tensor, Tensor]:
        """CTC log-probabilities of the encoder, with the interface of fairseq's models.

        Returns:
            ``(frames, B, V)`` float32, and lengths ``(B,)`` long

        Raises:
            SettingError: when encoder and output table differ in dimension.
        """
        logits, lengths = self.get_ctc_logits(net_output[1]["encoder_out"])
        return F.log_softmax(logits.float(), dim=-1), lengths

    def get_ctc_logits(self, encoder_out: EncoderOut) -> tuple[Tensor, Tensor]:
        """Unnormalised CTC scores: encoder states times the decoder's output projection.

        Returns:
            ``(frames, B, V)`` in the model's precision, and lengths ``(B,)`` long

        Raises:
            SettingError: when encoder and output table differ in dimension.
        """
        states: Tensor = encoder_out["encoder_out"][0]
        table = self.decoder.output_projection
        if states.size(-1) != table.in_features:
            raise SettingError(
                f"the CTC head is the decoder's output table ({table.in_features} wide), the encoder "
                f"gives {states.size(-1)}: use equal --encoder-embed-dim and --decoder-embed-dim, or "
                f"--ctc-weight 0"
            )
        # integers from the start: bfloat16 cannot hold 303
        lengths = states.new_full((states.size(1),), states.size(0), dtype=torch.long)
        padding: list[Tensor] = encoder_out["encoder_padding_mask"]
        if padding:
            lengths = lengths - padding[0].sum(dim=1)
        return table(states), lengths

    def upgrade_state_dict(self, state_dict: dict[str, Tensor]) -> None:
        """Accept our own checkpoints, and stock ``s2t_transformer`` ones where they fit, in place."""
        restore_versions(self, state_dict)
        refuse_two_stage(state_dict)
        leave_vocabulary(self, state_dict)
        super().upgrade_state_dict(state_dict)
        if is_stock(state_dict):
            adapt_stock_state_dict(self, state_dict)
        else:
            adapt_fusion(self, state_dict)
            adapt_vocabulary(self, state_dict)


def add_speech_args(parser: ArgumentParser) -> None:
    """Declare the options that every system has: those of ``s2t_transformer``, and the front end's."""
    S2TTransformerModel.add_args(parser)
    parser.add_argument(
        "--front-end",
        choices=FRONT_ENDS,
        help="subsampling before the encoder: fairseq's convolutions, or the paper's stack of each "
        "frame with its 3 left neighbours, every third kept (default: stack in the paper's "
        "architecture, conv1d in the others)",
    )
    parser.add_argument(
        "--cross-attention-positions",
        action="store_true",
        help="add sinusoidal positions to the keys of the decoder's attention to the speech: it learns far "
        "sooner where to listen if the encoder was trained by CTC; adds no parameter (docs/choosing.md)",
    )
    parser.add_argument(
        "--checkpoint-activations",
        action="store_true",
        help="recompute each decoder layer in the backward pass instead of keeping its activations",
    )
