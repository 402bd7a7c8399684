"""Beam search over two streams that read each other while they are written."""

from .generator import SEARCHES, DualBeamGenerator

__all__ = ["SEARCHES", "DualBeamGenerator"]
