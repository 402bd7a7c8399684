"""Losses, gradients and hypotheses on a GPU are those on a CPU."""

from types import SimpleNamespace

import pytest
import torch
from fairseq import utils

from interactive_st.criterions import JointLabelSmoothedCrossEntropyCriterion
from interactive_st.models import ARCHITECTURES
from interactive_st.modules.fast import tf32_split
from interactive_st.modules.fast.tf32_split import SplitWeight
from interactive_st.search import DualBeamGenerator
from interactive_st.search.device_step import FIRST_COLUMNS
from tests import tiny

#: Frames, and with max_len_a longest texts, so different that sentences leave the batch at many times.
LENGTHS = [190, 25, 133, 12, 160, 40, 70, 55, 90, 101]
LONG = FIRST_COLUMNS + 9
SYSTEMS = ["asr_s", "e2e_st_s", "multitask_st_s", "two_stage_st_s", "interactive_st_s"]


def build(system, **options):
    arch = ARCHITECTURES.get(system, tiny.sizes.interactive_st_s)
    return tiny.model(arch=arch, spread=2.0, **options)


@pytest.mark.parametrize(
    "options", [{"front_end": "conv1d"}, {"front_end": "stack"}, {"cross_attention_positions": True}]
)
@pytest.mark.parametrize("system", SYSTEMS)
def test_losses_and_gradients(device, system, options):
    ctc = 0.0 if system == "e2e_st_s" else 0.3
    task = SimpleNamespace(target_dictionary=tiny.dictionary())
    criterion = JointLabelSmoothedCrossEntropyCriterion(task, False, 0.1, ctc_weight=ctc)
    found = []
    for place in ("cpu", device):
        model = build(system, ctc_weight=ctc, **options).to(place).train()
        sample = tiny.training_sample()
        sample = utils.move_to_cuda(sample) if place == device else sample
        loss, _, log = criterion(model, sample)
        loss.backward()
        gradients = {name: p.grad.cpu() for name, p in model.named_parameters() if p.grad is not None}
        found.append((loss.detach().cpu(), {name: float(value) for name, value in log.items()}, gradients))
    (loss, log, gradients), (loss_there, log_there, gradients_there) = found
    torch.testing.assert_close(loss_there, loss, rtol=1e-4, atol=1e-4)
    assert log_there == pytest.approx(log, rel=1e-4, abs=1e-4)
    assert gradients_there.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradients_there[name], gradient, rtol=1e-3, atol=1e-4, msg=name)


def generate(model, device, **options):
    options = {"beam_size": 4, "max_len_a": 0.2, "max_len_b": 3} | options
    sample = tiny.sample(LENGTHS)
    sample = utils.move_to_cuda(sample) if device != "cpu" else sample
    model = model.to(device)
    return DualBeamGenerator([model], tiny.dictionary(), **options).generate([model], sample)


def texts(results):
    return [
        [
            None if pair[name] is None else pair[name]["tokens"].tolist()
            for name in ("transcript", "translation")
        ]
        for nbest in results
        for pair in nbest
    ]


def scores(results):
    return [float(pair["pair_score"]) for nbest in results for pair in nbest]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"search": "rank"},
        {"min_len": 4, "temperature": 1.2},
        {"beam_size": 1},
        {"max_len_a": 0, "max_len_b": LONG, "min_len": LONG},
    ],
)
@pytest.mark.parametrize("system", SYSTEMS)
def test_hypotheses(device, system, options):
    expected = generate(build(system), "cpu", **options)
    for graphs in (True, False):
        found = generate(build(system), device, cuda_graphs=graphs, **options)
        assert texts(found) == texts(expected)
        assert scores(found) == pytest.approx(scores(expected), abs=1e-3)


@pytest.mark.parametrize("wait_k", ["0", "-2", "inf"])
@pytest.mark.parametrize("search", ["rank", "joint"])
def test_hypotheses_by_wait_k(device, search, wait_k):
    # of this model no two pairs have almost one score: changes of 3e-5 of all weights leave them as they are
    expected = generate(build("interactive_st_s", wait_k=wait_k, seed=8), "cpu", search=search)
    found = generate(build("interactive_st_s", wait_k=wait_k, seed=8), device, search=search)
    assert texts(found) == texts(expected)
    assert scores(found) == pytest.approx(scores(expected), abs=1e-3)


@pytest.mark.parametrize("options", [{"ctc_weight": 0.3}, {"no_repeat_ngram_size": 2}])
def test_hypotheses_where_steps_depend_on_the_host(device, options):
    expected = generate(build("interactive_st_s", ctc_weight=0.3), "cpu", **options)
    assert texts(generate(build("interactive_st_s", ctc_weight=0.3), device, **options)) == texts(expected)


@pytest.mark.parametrize("system", SYSTEMS)
def test_hypotheses_with_positions(device, system):
    expected = generate(build(system, cross_attention_positions=True), "cpu")
    found = generate(build(system, cross_attention_positions=True), device)
    assert texts(found) == texts(expected)
    assert scores(found) == pytest.approx(scores(expected), abs=1e-3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("search", ["rank", "joint"])
def test_half_precision(device, dtype, search):
    model = build("interactive_st_s").to(device, dtype)
    sample = utils.move_to_cuda(tiny.sample(LENGTHS))
    sample["net_input"]["src_tokens"] = sample["net_input"]["src_tokens"].to(dtype)
    found = []
    for graphs in (True, False):
        options = {"beam_size": 4, "max_len_b": 10, "search": search, "cuda_graphs": graphs}
        found.append(DualBeamGenerator([model], tiny.dictionary(), **options).generate([model], sample))
    assert texts(found[0]) == texts(found[1])


def test_a_graph_costs_no_memory_twice(device):
    model = build("interactive_st_s")
    generate(model, device)
    before = torch.cuda.memory_reserved()
    for _ in range(5):
        generate(model, device)
    assert torch.cuda.memory_reserved() == before


@pytest.mark.parametrize(("rows", "inputs", "outputs"), [(640, 512, 2048), (640, 2048, 512)])
@torch.no_grad()
def test_products_by_tensor_cores_are_of_single_precision(device, rows, inputs, outputs):
    skip_without_tensor_cores(device)
    generator = torch.Generator().manual_seed(1)
    x, weight = (torch.randn(n, inputs, generator=generator).to(device) for n in (rows, outputs))
    layer = torch.nn.Linear(inputs, outputs).to(device)
    layer.weight.copy_(weight)
    assert SplitWeight.is_for(layer.weight)
    exact = x.double() @ weight.double().t() + layer.bias.double()
    error = (layer(x).double() - exact).abs().max()
    assert (SplitWeight(layer.weight).product(x, layer.bias).double() - exact).abs().max() <= 3 * error
    assert not torch.backends.cuda.matmul.allow_tf32


def test_gradients_by_tensor_cores_are_of_single_precision(device):
    skip_without_tensor_cores(device)
    generator = torch.Generator().manual_seed(1)
    x, weight, grad = (
        torch.randn(shape, generator=generator).to(device)
        for shape in ((10_000, 512), (2048, 512), (10_000, 2048))
    )
    assert tf32_split.pays(x, weight)
    exact = grad.double() @ weight.double(), grad.double().t() @ x.double()
    for multiply, most in ((torch.nn.functional.linear, 3e-5), (tf32_split.linear, 1e-4)):
        factors = [t.clone().requires_grad_() for t in (x, weight)]
        multiply(*factors).backward(grad)
        for factor, expected in zip(factors, exact, strict=True):
            error = (factor.grad.double() - expected).abs().max() / expected.std()
            print(f"{multiply.__name__}: {error:.1e}")
            assert error <= most


def skip_without_tensor_cores(device):
    if torch.cuda.get_device_capability(device) not in tf32_split._CAPABILITIES:
        pytest.skip("this GPU has no use for them")
