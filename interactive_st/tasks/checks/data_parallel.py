"""Refuses trainings in which one process would wait for gradients that another does not have."""

from argparse import Namespace

from fairseq.data import FairseqDataset
from torch import distributed

from interactive_st.data.folder.layout import is_train
from interactive_st.errors import SettingError

#: Values of --ddp-backend that treat missing gradients as zero.
LEGACY_DDP_BACKENDS = ("legacy_ddp", "no_c10d")
#: torch's, which waits for them without --find-unused-parameters.
TORCH_DDP_BACKENDS = ("c10d", "pytorch_ddp")


def check_text_alone(split: str, dataset: FairseqDataset, args: Namespace) -> None:
    """Raise ``SettingError`` where processes that have speech would wait for those that have text alone.

    Args:
        split: its name; training data if that begins with ``train``.
        dataset: its rows.
        args: the options of the training.
    """
    written = next(iter(dataset.without_speech()), None)
    backend = str(getattr(args, "ddp_backend", ""))
    waits = _has_several_processes(args) and backend not in (*LEGACY_DDP_BACKENDS, *TORCH_DDP_BACKENDS)
    if written and is_train(split) and waits:
        raise SettingError(
            f"{written}: has text alone, whose batches do not use the encoder, and --ddp-backend "
            f"{backend} would wait for it; add --ddp-backend legacy_ddp"
        )


def check_frozen_encoder(args: Namespace) -> None:
    """Raise ``SettingError`` where several processes would wait for gradients of an encoder that is frozen.

    Args:
        args: the options of the training.
    """
    updates = getattr(args, "encoder_freezing_updates", None) or 0
    backend = str(getattr(args, "ddp_backend", ""))
    asks = backend in TORCH_DDP_BACKENDS and getattr(args, "find_unused_parameters", False)
    asks = asks and not getattr(args, "checkpoint_activations", False)  # with which torch cannot find them
    waits = _has_several_processes(args) and backend not in LEGACY_DDP_BACKENDS and not asks
    if updates > 0 and waits:
        raise SettingError(
            f"--encoder-freezing-updates {updates}: a frozen encoder has no gradient, and --ddp-backend "
            f"{backend} would wait for it; add --ddp-backend legacy_ddp"
        )


def _has_several_processes(args: Namespace) -> bool:
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_world_size() > 1  # under torchrun the options know one machine alone
    return (getattr(args, "distributed_world_size", 1) or 1) > 1
