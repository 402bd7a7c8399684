"""fairseq models and architectures; importing the package registers them."""

from .interactive_st import InteractiveSTModel
from .systems import ARCHITECTURES
from .two_stage_st import TwoStageSTModel

__all__ = ["ARCHITECTURES", "InteractiveSTModel", "TwoStageSTModel"]
