"""Beam search over two streams that read each other while they are written."""

from interactive_st.search.generator import DualBeamGenerator

__all__ = ["DualBeamGenerator"]
