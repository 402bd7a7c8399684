"""Operations by kind, and the command."""

import json

import pytest
import torch

from benchmarks import profile


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("mkldnn::_linear_pointwise", "products and convolutions"),
        ("aten::addmm", "products and convolutions"),
        ("aten::_scaled_dot_product_flash_attention_for_cpu", "attention"),
        ("aten::bmm", "attention"),
        ("aten::_log_softmax", "softmax"),
        ("aten::index_select", "caches, copies"),
        ("aten::native_layer_norm", "normalisation"),
        ("aten::add", profile.OTHER),
    ],
)
def test_kinds(operation, expected):
    assert profile.kind(operation) == expected


def test_shares_by_hand():
    found = profile.shares([("aten::mm", 3.0), ("aten::addmm", 3.0), ("aten::add", 2.0)])
    assert found["products and convolutions"] == 0.75
    assert found[profile.OTHER] == 0.25
    assert sum(found.values()) == 1
    assert set(profile.shares([]).values()) == {0.0}


def test_the_command(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(profile.VOCABULARY, "tiny", 60)
    path = tmp_path / "profile.json"
    words = ["--size", "tiny", "--threads", str(torch.get_num_threads()), "--beam", "2", "--sentences", "2"]
    assert profile.main([*words, "--max-frames", "3000", "--json", str(path)]) == 0
    result = json.loads(path.read_text(encoding="utf-8"))
    for phase in profile.PHASES:
        for name in profile.NAMES:
            found = result[phase][name]
            assert sum(found["shares"].values()) == pytest.approx(1)
            assert found["shares"]["products and convolutions"] > 0
            assert found["seconds"] > 0
    table = capsys.readouterr().out
    assert "decode" in table
    assert "stock_e2e" in table
