"""fairseq models and architectures; importing the package registers them."""

from .interactive_st import InteractiveSTModel

__all__ = ["InteractiveSTModel"]
