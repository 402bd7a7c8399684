"""Tables land between the marks, and say what the files say."""

import json

import pytest

from benchmarks import tables

MACHINE = {"device": "cpu", "cpu": "a CPU", "threads": 2, "torch": "2", "date": "2026-01-01", "commit": "abc"}
SPEED = {
    "decode": {
        "interactive_over_stock_e2e": 1.234,
        "interactive_over_stock_pipeline": 2.0,
        "interactive_over_two_stage": 3.0,
        "joint_over_rank_cost": 1.1,
    },
    "memory": {"decode_over_stock_e2e": 0.5, "train_over_stock_e2e": 1.0},
    "details": {
        "machine": MACHINE,
        "decode": {"ratios": {"interactive_over_stock_e2e": {"min": 1.2, "max": 1.25}}},
        "memory": {},
        "workload": {
            "size": "s", "rounds": 5, "front_ends": "alike", "decode": "a", "train": "b", "memory": "c",
        },
    },
}  # fmt: skip
STARTUP = {
    "seconds": {"python": {"median": 0.02}},
    "added_to_fairseq": {"median": 0.3},
    "imports_ms": {"interactive_st": 40.0, "sentencepiece": 3.0},
    "machine": MACHINE,
}
SYSTEMS = {
    "settings": {**MACHINE, "size": "s"},
    "systems": {"e2e": {"params": 61198848, "train_ratio": 1.0, "peak_memory_mib": 1234.5}},
}
COST = {"operations": 5e12, "bytes": 2e9, "seconds": 1.5}
FLOORS = {
    "floors": {
        "interactive": {"encoder": COST, "decoder": COST, "update": COST},
        "stock_e2e": {"encoder": COST, "decoder": COST, "update": COST},
        "stock_pipeline": {"encoder": COST, "decoder": COST},
        "two_stage": {"encoder": COST, "decoder": COST},
    },
    "ratios": {"decode": 0.6, "train": 0.8, "decode_over_pipeline": 1.01, "decode_over_two_stage": 1.02},
    "rates": {"operations_per_s": 1e11, "bytes_per_s": 2e10},
    "machine": MACHINE,
    "workload": {"size": "paper"},
}
PAGE = f"# Page\n\n{tables.BEGIN}\nold\n{tables.END}\n\nend\n"


def test_tables_replace_what_was_between_the_marks(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(PAGE, encoding="utf-8")
    files = {"speed_s_cpu": SPEED, "startup": STARTUP, "systems_s_cpu": SYSTEMS, "floors_paper": FLOORS}
    for name, result in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(result), encoding="utf-8")
    words = ["--results", str(tmp_path), "--page", str(page)]
    assert tables.main(words) == 0
    text = page.read_text(encoding="utf-8")
    assert "old" not in text
    assert text.startswith(f"# Page\n\n{tables.BEGIN}\n\n**Speed")
    assert text.endswith(f"Source: `results/startup.json`.\n\n{tables.END}\n\nend\n")
    assert "| decoding, interactive / stock fairseq E2E | **1.23** | 1.20–1.25 | 0.74 |" in text
    assert "training, interactive / stock" not in text  # was not measured
    assert "| `e2e` | 61,198,848 | – | 1.00 | – | – | 1,234 |" in text
    assert "| stock E2E | 5,000 | 5,000 | 4.0 | 3.00 | 5,000 | 1.50 |" in text
    assert "| our two-stage | 5,000 | 5,000 | 4.0 | 3.00 | – | – |" in text
    assert "1.01 of that of its pipeline" in text
    assert "Import of the package behind fairseq's own imports: 43 ms." in text
    assert tables.main(words) == 0
    assert page.read_text(encoding="utf-8") == text


def test_a_page_keeps_its_tables_where_there_are_no_results(tmp_path, capsys):
    page = tmp_path / "README.md"
    page.write_text(PAGE, encoding="utf-8")
    with pytest.raises(SystemExit) as exit:
        tables.main(["--results", str(tmp_path / "typo"), "--page", str(page)])
    assert exit.value.code == 2
    assert f"--results {tmp_path}/typo: no speed_*.json, systems_*.json" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == PAGE


def test_a_broken_result_is_named_and_the_page_kept(tmp_path, capsys):
    page, broken = tmp_path / "README.md", tmp_path / "speed_s_cpu.json"
    page.write_text(PAGE, encoding="utf-8")
    broken.write_text('{"decode"')
    with pytest.raises(SystemExit) as exit:
        tables.main(["--results", str(tmp_path), "--page", str(page)])
    assert exit.value.code == 2
    assert f"error: {broken}: is no JSON (" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == PAGE


def test_a_page_that_is_not_there(tmp_path, capsys):
    with pytest.raises(SystemExit) as exit:
        tables.main(["--page", str(tmp_path / "absent.md")])
    assert exit.value.code == 2
    assert f"error: {tmp_path}/absent.md: no such page; name one by --page" in capsys.readouterr().err


@pytest.mark.parametrize("page", ["", tables.BEGIN, f"{tables.END}{tables.BEGIN}", PAGE + PAGE])
def test_a_page_without_a_place(page):
    with pytest.raises(tables.PageError, match="one line has to be"):
        tables.insert(page, "x")
