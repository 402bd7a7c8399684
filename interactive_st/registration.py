"""Makes everything that this package adds known to fairseq, and its checkpoints loadable."""

import importlib

#: Packages whose import registers something; each imports its own modules.
REGISTERING_PACKAGES = ("models", "criterions", "tasks")


def register() -> None:
    """Register task, models and criteria with fairseq; calling it again changes nothing."""
    for package in REGISTERING_PACKAGES:
        importlib.import_module(f"interactive_st.{package}")
    allow_fairseq_checkpoints()


def allow_fairseq_checkpoints() -> None:
    """Let ``torch.load(..., weights_only=True)``, the default since torch 2.6, read checkpoints.

    fairseq stores its configuration as `argparse.Namespace` in ``cfg`` and ``args``. Nothing
    that could run code is added to what the safe loader accepts.
    """
    import argparse

    import torch

    torch.serialization.add_safe_globals([argparse.Namespace])
