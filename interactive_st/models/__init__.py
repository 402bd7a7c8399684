"""fairseq models and architectures; importing the package registers them."""

from interactive_st.models.architectures import ARCHITECTURES
from interactive_st.models.interactive_st import InteractiveSTModel
from interactive_st.models.two_stage_st import TwoStageSTModel

__all__ = ["ARCHITECTURES", "InteractiveSTModel", "TwoStageSTModel"]
