"""Steps that ask the host nothing: the hypotheses are those by lanes, and a graph could repeat all of it."""

from types import SimpleNamespace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from interactive_st.models import ARCHITECTURES
from interactive_st.modules.memory import Memory
from interactive_st.search import DualBeamGenerator
from interactive_st.search.beams import Beams
from interactive_st.search.constraints import Constraints
from interactive_st.search.device_step import FIRST_COLUMNS, DeviceSteps
from interactive_st.search.encoding import encode
from interactive_st.search.ensemble import Ensemble
from interactive_st.search.generator import SEARCH_CLASSES
from interactive_st.search.options import SearchOptions
from tests import tiny

LENGTHS = [40, 25, 33, 12, 37]
#: Operations whose result Python waits for, or whose shape depends on values.
ASKS_HOST = {
    "_local_scalar_dense",
    "nonzero",
    "masked_select",
    "is_nonzero",
    "unique_dim",
    "_unique2",
    "equal",
}


def generate(models, on_device=False, lengths=LENGTHS, **options):
    """Decode; ``on_device``: by steps as on a GPU."""
    options = {"beam_size": 3, "max_len_b": 40, "default_tags": (4, 5)} | options
    generator = DualBeamGenerator(models, tiny.dictionary(), **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generator, "_is_on_device", lambda *_: on_device)
        return generator.generate(models, tiny.sample(lengths))


def texts_and_scores(results):
    return [
        [
            (None if h[text] is None else (h[text]["tokens"].tolist(), h[text]["positional_scores"].tolist()))
            for h in nbest
            for text in ("transcript", "translation")
        ]
        for nbest in results
    ]


@pytest.mark.parametrize("wait_k", ["0", "3", "-2", "inf"])
@pytest.mark.parametrize("search", list(SEARCH_CLASSES))
@pytest.mark.parametrize(
    ("beam_size", "options"), [(1, {}), (4, {"min_len": 5, "len_penalty": 0.5, "temperature": 1.3})]
)
def test_the_interactive_models_hypotheses_are_those_by_lanes(search, wait_k, beam_size, options):
    models = [tiny.model(spread=3.0, wait_k=wait_k)]
    options = {"search": search, "beam_size": beam_size, **options}
    compare(generate(models, on_device=True, **options), generate(models, **options))


@pytest.mark.parametrize("system", ["asr", "e2e_st", "multitask_st", "two_stage_st"])
def test_the_other_systems_hypotheses_are_those_by_lanes(system):
    models = [tiny.model(arch=ARCHITECTURES[f"{system}_s"], spread=3.0, seed=seed) for seed in (1, 2)]
    compare(generate(models, on_device=True), generate(models))


@pytest.mark.parametrize("system", ["interactive_st", "two_stage_st"])
def test_a_decoder_may_have_no_layer(system):
    """As fairseq's: a token then depends on the one before it alone."""
    models = [tiny.system(system, spread=3.0, decoder_layers=0)]
    compare(generate(models, on_device=True), generate(models))


def compare(found, expected):
    assert len(found) == len(expected)
    for mine, theirs in zip(texts_and_scores(found), texts_and_scores(expected), strict=True):
        assert len(mine) == len(theirs)
        for text, other in zip(mine, theirs, strict=True):
            assert (text is None) == (other is None)
            if text is not None:
                assert text[0] == other[0]
                assert text[1] == pytest.approx(other[1], abs=1e-5)


@pytest.mark.parametrize("wait_k", ["3", "-2"])
@pytest.mark.parametrize("search", list(SEARCH_CLASSES))
def test_a_text_that_waits_does_not_end(search, wait_k):
    """Where texts may be empty, and the model would end them at once."""
    model = tiny.model(spread=3.0, wait_k=wait_k)
    with torch.no_grad():
        model.decoder.embed_tokens.weight[2] *= 3
    expected = generate([model], search=search, min_len=0)
    assert min(len(text[0]) for nbest in texts_and_scores(expected) for text in nbest) == 1
    compare(generate([model], on_device=True, search=search, min_len=0), expected)


@pytest.mark.parametrize("search", list(SEARCH_CLASSES))
def test_what_is_left_of_a_batch_goes_on_as_by_lanes(search, monkeypatch):
    sizes, keep = [], Beams.keep
    monkeypatch.setattr(Beams, "keep", lambda beams, kept: (sizes.append(len(kept)), keep(beams, kept)))
    models = [tiny.model(spread=3.0)]
    options = {
        "search": search,
        "lengths": [12, 40, 16, 33, 14],
        "max_len_a": 0.5,
        "max_len_b": 0,
        "min_len": 5,
    }
    found = generate(models, on_device=True, **options)
    assert sizes == [2, 1, 0]
    compare(found, generate(models, **options))


def test_more_steps_than_there_was_room_for_at_first():
    length = FIRST_COLUMNS + 10
    results = generate([tiny.model(wait_k="3")], on_device=True, min_len=length, max_len_b=length)
    assert {
        len(pair[text]["tokens"])
        for nbest in results
        for pair in nbest
        for text in ("transcript", "translation")
    } == {length + 1}


@pytest.mark.parametrize("search", list(SEARCH_CLASSES))
def test_a_text_that_has_ended_asks_for_no_position_behind_the_last(search):
    """It is as long as the model takes, and the other one goes on."""
    models = [tiny.model(wait_k="3", max_target_positions=9)]
    options = {"search": search, "min_len": 8}
    compare(generate(models, on_device=True, **options), generate(models, **options))


def test_which_texts_have_ended_is_asked_of_what_is_left_of_a_batch():
    """As where others end in the very step behind which a batch shrinks."""
    beams = SimpleNamespace(done=torch.zeros(2, 4, dtype=torch.bool), columns=9, width=1)
    beams.device, beams.column = beams.done.device, torch.zeros(1, dtype=torch.long)
    ensemble = SimpleNamespace(reserve=lambda columns, width: None)
    steps = DeviceSteps(SimpleNamespace(beams=beams, ensemble=ensemble, step=lambda number: None))
    steps.take()
    beams.done = torch.tensor([[True, False], [True, True]])
    steps.shapes_changed()
    assert torch.equal(steps.take(), beams.done)


class OnDevice(TorchDispatchMode):
    """Refuses what a CUDA graph cannot hold, of tensors that stand for a device's."""

    def __init__(self):
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        assert name not in ASKS_HOST, f"{name} waits for the device"
        given = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
        for x in given:
            assert x.device.type == "meta" or x.dim() == 0, f"{name} of the host's {x}"
        if name in ("index", "index_put", "index_put_"):
            assert all(x is None or x.dtype != torch.bool for x in args[1]), f"{name} by a mask waits for it"
        result = func(*args, **(kwargs or {}))
        for x in tree_leaves(result):
            assert not isinstance(x, torch.Tensor) or x.device.type == "meta", f"{name} gives the host {x}"
        self.operations += 1
        return result


@pytest.mark.parametrize(
    ("system", "kind"),
    [("interactive_st", "rank"), ("interactive_st", "joint"), ("e2e_st", "rank"), ("two_stage_st", "rank")],
)
def test_a_step_asks_the_host_nothing(system, kind):
    model = tiny.model(arch=ARCHITECTURES.get(f"{system}_s", tiny.sizes.interactive_st_s))
    with torch.no_grad():
        [encoded] = encode([model], tiny.speech(LENGTHS))
        encoded = {name: [x.to("meta") for x in values] for name, values in encoded.items()}
        decoder, memories = model.to("meta").decoder, [Memory.of_speech(encoded)]
        if system == "two_stage_st":
            written = torch.ones(1, len(LENGTHS), 7, dtype=torch.long, device="meta")
            memories.append(decoder.first_stage(written, encoded)[1])
            decoder = decoder.second
        cache = decoder.start(memories)
        ensemble = Ensemble([decoder], [cache])
        options = SearchOptions(beam_size=4, max_len_b=20, unk_penalty=0.1, temperature=1.1)
        constraints = Constraints(options, pad=1, unk=3, eos=2)
        tags, longest = tiny.tags(len(LENGTHS)).to("meta"), torch.full((len(LENGTHS),), 20)
        beams = Beams(tags, 4, longest, 1, decoder.streams, on_device=True)
        search = SEARCH_CLASSES[kind](ensemble, constraints, beams)
        steps = DeviceSteps(search)
        steps._allocate()
        with OnDevice() as watch:
            search.step(beams.column)
    assert watch.operations > 100


@pytest.mark.parametrize(
    ("options", "prefix", "records"),
    [
        ({}, None, True),
        ({"cuda_graphs": False}, None, False),
        ({"no_repeat_ngram_size": 2}, None, False),
        ({}, torch.tensor([[6]]), False),
    ],
)
def test_which_steps_are_recorded(options, prefix, records):
    generator = DualBeamGenerator([tiny.model()], tiny.dictionary(), **options)
    assert generator._is_on_device(torch.device("cuda"), prefix) is records
    assert generator._is_on_device(torch.device("cpu"), prefix) is False


def test_nothing_is_recorded_under_autocast(monkeypatch):
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda: True)  # of a GPU, which may not be there
    generator = DualBeamGenerator([tiny.model()], tiny.dictionary())
    assert generator._is_on_device(torch.device("cuda"), None) is False


def test_the_host_waits_for_the_device_of_the_search(monkeypatch):
    """Which need not be the current one (``--device cuda:1``): an event of that one would not wait."""
    recorded = []

    class Event:
        def record(self, stream=None):
            recorded.append(stream)

    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device=None: f"stream of {device}")
    monkeypatch.setattr(torch, "empty", lambda *shape, **_: torch.zeros(*shape, dtype=torch.bool))
    done = SimpleNamespace(device=torch.device("cuda:1"), dtype=torch.bool, shape=(2, 3))
    monkeypatch.setattr(torch.Tensor, "copy_", lambda self, *_, **__: self)
    steps = DeviceSteps(SimpleNamespace(beams=SimpleNamespace(done=done)))
    steps._copy_ended()
    assert recorded == ["stream of cuda:1"]
