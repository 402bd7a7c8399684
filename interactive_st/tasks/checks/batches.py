"""Whether there is anything to decode or to validate, where fairseq's tools would stumble over nothing."""

from argparse import Namespace

from fairseq.data.iterators import EpochBatchIterator

from interactive_st.errors import DataError, SettingError


def check_batches(iterator: EpochBatchIterator, args: Namespace) -> None:
    """Raise an error where fairseq-generate or fairseq-validate would get no batch.

    Args:
        iterator: of what is read.
        args: the options of any of the tools. A training says so itself, and fairseq-interactive goes on.

    Raises:
        DataError: every utterance is too long.
        SettingError: there are fewer batches than parts of the work, and this part has none.
    """
    if not getattr(args, "path", None) or hasattr(args, "buffer_size"):
        return
    count, parts = len(iterator.frozen_batches), iterator.num_shards
    if not count:
        raise DataError(
            f"each of the {len(iterator.dataset)} utterances is too long, and none is left; raise "
            "--max-source-positions or --max-target-positions, as far as the model goes"
        )
    if hasattr(args, "beam") and iterator.shard_id >= count:
        raise SettingError(
            f"--distributed-rank {iterator.shard_id}: there is nothing left to decode for this part of "
            f"{parts}, as there are {count} batches; choose a --distributed-world-size of at most as many, "
            "or a smaller --batch-size"
        )
