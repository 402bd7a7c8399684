"""Makes everything that this package adds known to fairseq, and its checkpoints loadable."""

import argparse
import copyreg
import importlib
import logging
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

#: Packages whose import registers something; each imports its own modules.
REGISTERING_PACKAGES = ("models", "criterions", "tasks")


def register() -> None:
    """Register task, models and criteria with fairseq; calling it again changes nothing."""
    with untouched_logging():
        for package in REGISTERING_PACKAGES:
            importlib.import_module(f"interactive_st.{package}")
    allow_fairseq_checkpoints()
    allow_broadcast_checkpoints()
    let_tasks_be_pickled()


@contextmanager
def untouched_logging() -> Iterator[None]:
    """Keep the import of fairseq from setting up logging for the program that imports this package.

    One of its modules calls ``logging.basicConfig(level=logging.DEBUG)``, so that every library would log
    at debug level. Where fairseq is imported before, as by its own commands, nothing changes.
    """
    root = logging.getLogger()
    if "fairseq" in sys.modules or root.handlers or logging.lastResort is None:
        yield
        return
    root.addHandler(logging.lastResort)  # basicConfig does nothing where there is a handler
    try:
        yield
    finally:
        root.removeHandler(logging.lastResort)


def allow_fairseq_checkpoints() -> None:
    """Let ``torch.load(..., weights_only=True)``, the default since torch 2.6, read checkpoints.

    Besides tensors and plain Python values, a fairseq checkpoint holds its configuration as
    `argparse.Namespace`, and the meters of its metrics hold whatever the task logged: fairseq's
    own ``--eval-bleu`` logs arrays of numpy integers, other tasks numpy scalars. All of these
    are values; nothing that could run code is added to what the safe loader accepts.
    """
    array_of, scalar_of = np.empty(0).__reduce__()[0], np.float64(0).__reduce__()[0]
    safe = [argparse.Namespace, np.ndarray, np.dtype]
    safe += [type(np.dtype(name)) for name in ("int64", "float64", "int32", "float32", "bool")]
    # numpy 2 renamed the module of both functions; checkpoints written under either are around.
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        safe += [(array_of, f"{module}._reconstruct"), (scalar_of, f"{module}.scalar")]
    torch.serialization.add_safe_globals(safe)


def allow_broadcast_checkpoints() -> None:
    """Let the processes of a training read the checkpoint that the first of them sends to the others.

    fairseq sends it by ``torch.save`` and ``torch.load``: by then its configuration is omegaconf's, and where
    tensors were, which are sent by themselves, there are placeholders. These, too, are values.
    """
    from fairseq.distributed.utils import _TensorPlaceholder
    from omegaconf import AnyNode, DictConfig, ListConfig
    from omegaconf.base import ContainerMetadata, Metadata

    safe = [DictConfig, ListConfig, AnyNode, ContainerMetadata, Metadata, _TensorPlaceholder]
    # of what types omegaconf's entries are; Python 3.10 has no class of this name
    safe += [dict, list, int, defaultdict, (Any, "typing.Any")]
    torch.serialization.add_safe_globals(safe)


def let_tasks_be_pickled() -> None:
    """Let tasks, and what holds one, be copied and pickled.

    ``__getattr__`` of fairseq's `StatefulContainer` recurses while one is unpickled.
    """
    from fairseq.tasks.fairseq_task import StatefulContainer

    copyreg.pickle(StatefulContainer, lambda state: (StatefulContainer, (), vars(state)))
