"""fairseq-train and fairseq-generate on a GPU, in the precisions that fairseq offers; skipped elsewhere."""

import math
import os

import pytest
import torch
from commands.conftest import make_generate, make_train
from commands.tools import Tools

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


@pytest.fixture(scope="module")
def gpu_tools(tmp_path_factory, repository):
    started = Tools(tmp_path_factory.mktemp("gpu"), repository, os.environ.get("CUDA_VISIBLE_DEVICES", "0"))
    yield started
    started.close()


@pytest.mark.parametrize(
    "options",
    [{"fp16": True}, {"bf16": True}, {"amp": True}, {"fp16": True, "memory_efficient_fp16": True},
     {"fp16": True, "checkpoint_activations": True, "update_freq": 2, "ctc_weight": 0.3},
     {"amp": True, "checkpoint_activations": True},
     {"bf16": True, "arch": "two_stage_st_tiny", "ctc_weight": 0.3, "prefix_corruption": 0.1}],
    ids=lambda options: " ".join(options),
)  # fmt: skip
def test_training_learns_and_what_it_learnt_decodes(gpu_tools, corpus, user_dir, tmp_path, options):
    result = make_train(gpu_tools, user_dir)(corpus.data, tmp_path, max_update=20, **options)
    assert result.status == 0, result.output[-3000:]
    losses = [float(values["loss"]) for values in result.logs("train_inner")]
    assert all(map(math.isfinite, losses))
    assert losses[-1] < losses[0] - 0.5
    half = {"fp16": True} if options.get("fp16") else {}
    result = make_generate(gpu_tools, user_dir)(corpus.data, tmp_path / "checkpoint_last.pt", **half)
    assert result.status == 0, result.output[-3000:]
    assert len(result.lines("H")) == len(result.lines("S")) > 0
