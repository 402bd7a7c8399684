"""Lets fairseq read its own checkpoints under torch ≥ 2.6; a ``--user-dir`` that registers nothing.

fairseq stores its options as `argparse.Namespace`, which ``torch.load`` refuses by default since then.
"""

import argparse

import torch

torch.serialization.add_safe_globals([argparse.Namespace])
