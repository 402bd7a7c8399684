"""Locks: one thread decodes with a model at a time.

The modules of a model keep copies of their weights. On GPUs it is one thread for all models: recorded steps
share their memory, and the precision of products is a setting of the process.
"""

import threading
from contextlib import AbstractContextManager
from weakref import WeakKeyDictionary

from torch import nn

_lock = threading.Lock()
_on_gpus = threading.RLock()
# beside the models rather than in them, which can be copied and pickled
_of_models: WeakKeyDictionary[nn.Module, AbstractContextManager] = WeakKeyDictionary()


def decoding_lock(model: nn.Module) -> AbstractContextManager:
    """Return what is to be held while a model decodes; the thread that has it may take it again."""
    if next(model.parameters()).device.type != "cpu":
        return _on_gpus
    with _lock:
        return _of_models.setdefault(model, threading.RLock())
