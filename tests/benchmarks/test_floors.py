"""Costs by hand, dimensions of real models, and that both models' parts are counted completely."""

import json

import pytest
import torch

from benchmarks import costs, floors, models, workload

SMALL = costs.Dimensions(
    front=((10, 2), (20, 4)), encoder=100, cross=30, decoder=200, table=50, encoder_layers=1,
    decoder_layers=1, width=2, streams=1,
)  # fmt: skip


def test_encoding_by_hand():
    # 8 frames: 4 rows of the first convolution, 2 of the second and of the encoder
    cost = costs.encoding(SMALL, [8])
    assert cost.operations == 2 * 10 * 4 + 2 * 20 * 2 + 2 * (100 + 30) * 2 + 4 * 2 * 2**2
    assert cost.bytes == 4 * (100 + 30 + 10 + 20)


def test_decoding_by_hand():
    first, second = costs.decoding(SMALL, [2], beam=3, length=1)
    # each of 3 rows attends to itself and to 2 rows of the encoder
    assert first.operations == 3 * (2 * 250 + 4 * 2 * (1 + 2))
    assert second.operations == 3 * (2 * 250 + 4 * 2 * (2 + 2))
    assert first.bytes == 4 * (250 + 2 * 2 * (3 * 1 + 2))


def test_training_by_hand():
    cost = costs.training(SMALL, [8], [[4]])
    assert cost.operations == 3 * (costs.encoding(SMALL, [8]).operations + 4 * (2 * 250 + 4 * 2 * (2 + 2)))
    assert cost.bytes == 4 * 380 * 10


def test_the_longer_of_operations_and_bytes():
    assert costs.Cost(10, 10).seconds(10, 1) == 10
    assert costs.Cost(10, 10).seconds(1, 10) == 10
    assert costs.Cost(1, 2) + costs.Cost(3, 4) == costs.Cost(4, 6)


@pytest.mark.parametrize("front_end", ["conv1d", "stack"])
def test_every_matrix_of_a_model_is_counted(front_end):
    entries = workload.vocabulary(60)
    model = models.our_model("interactive", "tiny", entries, front_end)
    found = costs.dimensions(model, 2)
    counted = found.encoder + found.cross + found.decoder + found.table + sum(w for w, _ in found.front)
    assert counted == sum(parameter.numel() for parameter in model.parameters() if parameter.dim() > 1)
    assert found.frames_a_row == {"conv1d": 4, "stack": 3}[front_end]
    stock = costs.dimensions(models.stock_speech_model("tiny", entries), 1)
    assert (stock.encoder, stock.cross, stock.decoder) == (found.encoder, found.cross, found.decoder)


def test_what_a_two_stage_model_does_between_its_stages_by_hand():
    second = costs.Dimensions((), 0, 60, 200, 50, 0, 1, 2, 1)
    cost = costs.rereading(SMALL, second, [2], length=3)
    # 4 rows of the first decoder, each attending to half of them and 2 of the encoder
    assert cost.operations == 4 * (2 * 200 + 4 * 2 * (2 + 2)) + 2 * 30 * (2 + 4)
    assert cost.bytes == 4 * (200 + 60)


def test_every_matrix_of_other_systems_is_counted():
    entries = workload.vocabulary(60)
    speech = models.stock_speech_model("tiny", entries)
    text = models.stock_text_model(entries, speech.decoder)
    found = costs.dimensions(text, 1)
    counted = found.encoder + found.cross + found.decoder + found.table
    assert counted == sum(parameter.numel() for parameter in text.parameters() if parameter.dim() > 1)
    assert costs.encoded_rows(found, [7]) == [7]
    model = models.our_model("two_stage", "tiny", entries)
    first, second = costs.stages(model)
    counted = sum(one.encoder + one.cross + one.decoder for one in (first, second)) + first.table
    counted += sum(weights for weights, _ in first.front)
    assert counted == sum(parameter.numel() for parameter in model.parameters() if parameter.dim() > 1)


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(models.VOCABULARY, "tiny", 60)
    rates = {"operations_per_s": 1e9, "bytes_per_s": 1e15}
    monkeypatch.setattr(floors, "measure_machine", lambda device: rates)
    path = tmp_path / "floors.json"
    threads = str(torch.get_num_threads())
    assert floors.main(["--size", "tiny", "--threads", threads, "--json", str(path)]) == 0
    result = json.loads(path.read_text(encoding="utf-8"))
    ours, stock = result["floors"]["interactive"], result["floors"]["stock_e2e"]
    pipeline, two_stage = result["floors"]["stock_pipeline"], result["floors"]["two_stage"]
    assert 1 < pipeline["encoder"]["operations"] / ours["encoder"]["operations"] < 1.5
    for other in (pipeline, two_stage):
        assert 0.8 < other["decoder"]["operations"] / ours["decoder"]["operations"] < 1.3
    assert ours["encoder"] == stock["encoder"]
    assert 2 < ours["decoder"]["operations"] / stock["decoder"]["operations"] < 2.5
    # where bytes count nothing, the ratio is that of the operations
    operations = [sum(one[part]["operations"] for part in ("encoder", "decoder")) for one in (stock, ours)]
    assert result["ratios"]["decode"] == pytest.approx(operations[0] / operations[1])
    assert 0.5 < result["ratios"]["train"] < 1
    assert "by the floors alone" in capsys.readouterr().out


def test_rates_are_measured():
    rates = floors.measure_machine(torch.device("cpu"), rows=64, repeats=1)
    assert all(rate > 0 for rate in rates.values())
