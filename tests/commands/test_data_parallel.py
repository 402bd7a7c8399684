"""Two processes are one with twice the batches.

On CPUs: fairseq's launcher and its default backend want GPUs, hence the options that start each process by
hand, `gloo`, and `legacy_ddp`.
"""

import socket

import pytest
import torch

OPTIONS = {
    "train_subset": "train_a,train_b",  # each process has rows that lack a text
    "batch_size": 3,
    "ctc_weight": 0.3,
    "report_accuracy": True,
    "eval_wer": True,
    "eval_bleu": True,
    "dropout": 0,
    "attention_dropout": 0,
    "activation_dropout": 0,
    "max_update": 2,
    "lr": 1e-3,
}


def two_processes(tools, train, data, folder, **changes):
    """The results of a training in two processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    started = [
        train(
            data, folder, start=True, distributed_world_size=2, distributed_rank=rank,
            distributed_init_method=address, distributed_no_spawn=True, distributed_backend="gloo",
            ddp_backend="legacy_ddp", **{**OPTIONS, **changes},
        )
        for rank in (0, 1)
    ]  # fmt: skip
    first, second = (tools.finish(process) for process in started)
    assert (first.status, second.status) == (0, 0), first.output[-2000:] + second.output[-2000:]
    return first, second


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("parallel")


@pytest.fixture(scope="module")
def runs(tools, train, corpus, folder):
    """Parameters and logs after two updates, of one process and of two."""
    first, _ = two_processes(tools, train, corpus.data, folder / "two")
    one = train(corpus.data, folder / "one", update_freq=2, **OPTIONS)
    assert one.status == 0, one.output[-2000:]
    paths = [folder / name / "checkpoint_last.pt" for name in ("one", "two")]
    return [torch.load(path, map_location="cpu")["model"] for path in paths], (one, first)


def test_same_parameters(runs):
    (one, two), _ = runs
    assert one.keys() == two.keys()
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, atol=2e-5, rtol=0, msg=name)


@pytest.mark.parametrize("tag", ["train_inner", "dev"])
def test_same_logged_values(runs, tag):
    _, results = runs
    one, two = (result.logs(tag) for result in results)
    names = ["loss", "asr_loss", "st_loss", "ctc_loss", "accuracy", "st_accuracy", "bsz", "wpb"]
    names += ["wer", "bleu"] if tag == "dev" else ["gnorm"]
    kept = [[{name: values[name] for name in names} for values in logged] for logged in (one, two)]
    assert len(kept[0]) == len(kept[1]) > 0
    for expected, actual in zip(*kept, strict=True):
        if tag == "dev":  # batches of the two processes stand beside each other
            del expected["bsz"], actual["bsz"], expected["wpb"], actual["wpb"]
        assert actual == pytest.approx(expected, abs=0.002)


@pytest.mark.usefixtures("runs")
def test_resuming(tools, train, corpus, folder):
    """The second process is sent what the first has read."""
    first, _ = two_processes(tools, train, corpus.data, folder / "two", max_update=3)
    assert [values["num_updates"] for values in first.logs("train_inner")] == [3]


def test_speech_in_one_process_and_text_in_the_other(tools, train, with_text, tmp_path):
    """The encoder's gradient is that of the one which has it."""
    options = {**OPTIONS, "train_subset": "train_a,train_text", "batch_size": 100, "max_tokens": 10**6}
    options |= {"max_update": 1, "eval_wer": False, "eval_bleu": False}
    first, _ = two_processes(tools, train, with_text, tmp_path / "two", **options)
    one = train(with_text, tmp_path / "one", update_freq=2, **options)
    assert one.status == 0, one.output[-2000:]
    assert [values["bsz"] for values in first.logs("train_inner")] == [8 + 3]
    paths = [tmp_path / name / "checkpoint_last.pt" for name in ("one", "two")]
    alone, together = (torch.load(path, map_location="cpu")["model"] for path in paths)
    for name, value in alone.items():
        torch.testing.assert_close(together[name], value, atol=2e-5, rtol=0, msg=name)
