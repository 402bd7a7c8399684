"""The two-stage model: a decoder writes the transcript, a second one the translation from its states.

Both read the speech, and both are trained together. Source: the "Two-stage" system that Liu et al.,
AAAI 2020, section 4, compare with; Anastasopoulos & Chiang, NAACL 2018, "Tied Multitask Learning for
Neural Speech Translation" (cascade and triangle).
"""

from argparse import ArgumentParser, Namespace

from fairseq.models import register_model
from fairseq.tasks import FairseqTask
from torch import Tensor, nn

from interactive_st.errors import SettingError
from interactive_st.models.interactive_st import InteractiveSTModel, add_speech_args
from interactive_st.models.pretrained import (
    adapt_vocabulary,
    double_decoder,
    leave_vocabulary,
    restore_versions,
)
from interactive_st.models.sizes import INTERACTION
from interactive_st.models.two_stage_decoder import TwoStageDecoder

#: What fairseq knows the model by, and the architecture in the paper's size.
NAME = "two_stage_st"


@register_model(NAME)
class TwoStageSTModel(InteractiveSTModel):
    """One speech encoder, a decoder for each text, one tied embedding table."""

    @staticmethod
    def add_args(parser: ArgumentParser) -> None:
        add_speech_args(parser)

    @classmethod
    def build_decoder(
        cls, args: Namespace, task: FairseqTask, embed_tokens: nn.Embedding
    ) -> TwoStageDecoder:
        if args.streams != "both":
            raise SettingError(
                f"a two-stage model writes both texts, not {args.streams!r}; leave 'streams' out of "
                f"--model-overrides"
            )
        for option, usual in INTERACTION.items():
            given = getattr(args, option, usual)
            if str(given) != str(usual):
                raise SettingError(
                    f"{option} {given} has no effect on a two-stage model, whose decoders work one after the "
                    f"other; leave {option!r} out of --model-overrides"
                )
        return TwoStageDecoder(args, task.target_dictionary, embed_tokens)

    def upgrade_state_dict(self, state_dict: dict[str, Tensor]) -> None:
        """Accept our own checkpoints as they are; a model of one decoder starts both decoders."""
        restore_versions(self, state_dict)
        leave_vocabulary(self, state_dict)
        double_decoder(self, state_dict)
        adapt_vocabulary(self, state_dict)
        self.upgrade_state_dict_named(state_dict, "")
