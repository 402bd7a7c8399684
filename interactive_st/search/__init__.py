"""Beam search over two streams that read each other while they are written."""

from .generator import DualBeamGenerator

__all__ = ["DualBeamGenerator"]
