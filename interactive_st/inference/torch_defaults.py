"""Makes tensors where this package expects them, whatever a program has made torch's default device."""

from contextlib import AbstractContextManager, nullcontext

import torch


def made_on_cpu() -> AbstractContextManager:
    """Return what is to be entered where tensors are made that name no device.

    It does nothing where they are made on the CPU anyway, as it costs time in every operation of torch.
    """
    cpu = torch.device("cpu")
    return nullcontext() if torch.get_default_device() == cpu else cpu
