"""Options that fairseq's tools would parse and ignore."""

from argparse import Namespace

import pytest

from interactive_st.tasks.checks.training_options import check_training_options
from tests.fake_decoding import setup


@pytest.mark.parametrize(
    "options",
    [{"dataset_impl": "mmap"}, {"required_seq_len_multiple": 8}, {"model_parallel_size": 2},
     {"pipeline_model_parallel": True}, {"num_shards": 2}, {"shard_id": 1}],
)  # fmt: skip
def test_what_no_tool_reads_is_refused(folder, options):
    ((name, value),) = options.items()
    message = f"--{name.replace('_', '-')} {value} changes nothing"
    with pytest.raises(ValueError, match=f"{message}: .*; leave it out"):
        check_training_options(Namespace(**options))
    with pytest.raises(ValueError, match=message):
        setup(folder, path="model.pt", beam=5, **options)
    check_training_options(Namespace(**options), trains=False)  # of a checkpoint, by fairseq-validate
    usual = {"dataset_impl": None, "required_seq_len_multiple": 1, "model_parallel_size": 1}
    check_training_options(Namespace(**usual, pipeline_model_parallel=False))


@pytest.mark.parametrize("name", ["bf16", "memory_efficient_bf16", "amp", "tpu"])
def test_the_precision_of_training_is_refused_in_decoding(folder, name):
    """fairseq's tools know --fp16 alone, and would decode in 32 bits."""
    options = {name: True} | ({"bf16": True, "tpu": True} if name.endswith("bf16") else {})  # as fairseq does
    message = f"--{name.replace('_', '-')} has a meaning in training alone; leave it out here .--fp16 decodes"
    with pytest.raises(ValueError, match=message):
        setup(folder, path="model.pt", beam=5, **options)
    setup(folder, path="model.pt", beam=5, fp16=True, memory_efficient_fp16=True, **{name: False})
    setup(folder, path="model.pt", **options)  # of a checkpoint, by fairseq-validate
