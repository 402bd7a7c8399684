"""fairseq models and architectures; importing the package registers them."""

from .architectures import ARCHITECTURES
from .interactive_st import InteractiveSTModel
from .two_stage_st import TwoStageSTModel

__all__ = ["ARCHITECTURES", "InteractiveSTModel", "TwoStageSTModel"]
