"""Options that fairseq's tools have for all tasks, and that nothing reads where the input is speech."""

from argparse import Namespace

from interactive_st.conventions import given, option_name
from interactive_st.errors import SettingError

ONE_DEVICE = "each of these models is whole on its CPU or GPU"
SHARES = "processes share out their work by --distributed-world-size and --distributed-rank"
#: Those of all tools, with what they are without being given, and why they change nothing.
UNUSED = {
    "dataset_impl": (None, "data folders hold tables and features, of which there is one kind"),
    "required_seq_len_multiple": (1, "batches are as long as what is longest in them"),
    "pipeline_model_parallel": (False, ONE_DEVICE),
    "model_parallel_size": (1, ONE_DEVICE),
    "num_shards": (1, SHARES),
    "shard_id": (0, SHARES),
}
#: Those of training, of which the tools that decode take no notice. fairseq sets bf16 and tpu with the first.
OF_TRAINING = {"memory_efficient_bf16": False, "bf16": False, "amp": False, "tpu": False}


def check_unused(args: Namespace, decodes: bool) -> None:
    """Raise ``SettingError`` for an option that would be parsed and ignored.

    Args:
        args: the options of a training, or of a tool that decodes.
        decodes: which of them it is.
    """
    for name, (usual, reason) in UNUSED.items():
        value = getattr(args, name, usual)
        if value not in (usual, None):
            raise SettingError(f"{option_name(name)} {value} changes nothing: {reason}; leave it out")
    for option in given(args, OF_TRAINING) if decodes else ():
        raise SettingError(
            f"{option} has a meaning in training alone; leave it out here (--fp16 decodes in 16 bits)"
        )
