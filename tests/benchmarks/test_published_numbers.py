"""The figures of the pages are those of the files of results."""

import json

import pytest
from documents import read_sections

from benchmarks import tables, timing
from benchmarks.quality.runs import SCORES

SPEED = {
    "decoding, sentences a second / stock E2E": ("decode", "interactive_over_stock_e2e"),
    "… / stock ASR, then stock MT": ("decode", "interactive_over_stock_pipeline"),
    "training, updates a second / stock E2E, cross entropies alone": ("train", "interactive_over_stock_e2e"),
    "… both with CTC, as in the recipes": ("train", "ctc_over_stock_e2e_ctc"),
    "peak memory of decoding 30 s utterances, beam 8 / stock E2E": ("memory", "decode_over_stock_e2e"),
    "peak memory of training / stock E2E": ("memory", "train_over_stock_e2e"),
    "… both with CTC": ("memory", "train_ctc_over_stock_e2e_ctc"),
    "`--search joint`, time / `rank` (which the rows above were decoded by)": (
        "decode",
        "joint_over_rank_cost",
    ),
    "in bfloat16 (`--half`), sentences a second / in float32": ("decode", "half_over_float"),
}
SPEED_ON_GPU = {
    "decoding / stock E2E, both float32": ("decode", "interactive_over_stock_e2e"),
    "… both float16": ("decode", "half_over_stock_e2e_half"),
    "… / stock ASR, then stock MT, float32": ("decode", "interactive_over_stock_pipeline"),
    "training / stock E2E, float32": ("train", "interactive_over_stock_e2e"),
    "… both in bfloat16 by autocast": ("train", "amp_over_stock_e2e_amp"),
}
OUR_SYSTEMS = {
    "decoding / E2E": ("decode", "e2e"),
    "decoding / pipeline": ("decode", "pipeline"),
    "decoding / two-stage": ("decode", "two_stage"),
    "training / E2E": ("train", "e2e"),
}
QUALITY = {
    "ASR": "asr",
    "Pipeline": "pipeline",
    "E2E": "e2e",
    "Multi-task": "multitask",
    "Two-stage": "two_stage",
    "Interactive": "interactive",
}
TESTS = {
    "digits": ("digits", "test"),
    "digits, unheard voice": ("digits", "test_unseen"),
    "AN4, unheard people": ("an4", "test"),
    "Tatoeba": ("tatoeba", "test"),
}


@pytest.fixture(scope="module")
def results(repository):
    def read(name: str):
        return json.loads((repository / "benchmarks" / "results" / name).read_text(encoding="utf-8"))

    return read


def test_tables_of_the_benchmarks(repository):
    page = repository / "benchmarks" / "README.md"
    text = page.read_text(encoding="utf-8")
    assert tables.insert(text, tables.render(repository / "benchmarks" / "results")) == text


@pytest.mark.parametrize(("place", "device", "rows"), [(0, "cpu", SPEED), (1, "cuda", SPEED_ON_GPU)])
def test_speed_in_the_readme(repository, results, place, device, rows):
    sections = read_sections(repository / "README.md")
    table = sections["What it costs beside stock fairseq"].tables[place]
    paper, s = (results(f"speed_{size}_{device}.json") for size in ("paper", "s"))
    shown = {row.cells[0]: row.cells[1:] for row in table.rows}
    for words, (phase, key) in rows.items():
        found = [result[phase].get(key) for result in (paper, s)]
        assert shown[words] == ["–" if value is None else f"{value:.2f}" for value in found], words
    assert set(shown) - set(rows) <= {"peak memory of decoding / of training"}


def test_our_systems_in_the_readme(repository, results):
    systems = results("systems_paper_cpu.json")["systems"]
    table = read_sections(repository / "README.md")["What it costs beside stock fairseq"].tables[2]
    shown = {row.cells[0]: row["here"] for row in table.rows}
    assert set(shown) == set(OUR_SYSTEMS)
    for words, (phase, name) in OUR_SYSTEMS.items():
        seconds = [systems[system][f"{phase}_seconds"] for system in ("interactive", name)]
        assert shown[words] == f"{timing.speed_ratio(*seconds):.2f}", words


def test_quality_in_the_readme(repository, results):
    found = {(table["data"], table["test"]): table for table in results("quality.json")["tables"][::-1]}
    table = read_sections(repository / "README.md")["The systems of the paper"].tables[1]
    rows = {row.cells[0]: row.cells[1:] for row in table.rows}
    for words, variant in QUALITY.items():
        for (data, test), cell in zip((TESTS[name] for name in table.columns[1:]), rows[words], strict=True):
            [scores] = [row for row in found[data, test]["rows"] if row["variant"] == variant]
            wer, bleu = (scores[name]["mean"] for name in SCORES[:2])
            digits = 2 if (data, test) == ("digits", "test") else 1
            parts = ["–" if wer is None else f"{wer:.{digits}f}"]
            parts += [] if bleu is None else [f"{bleu:.1f}"]
            assert cell.replace("*", "") == " / ".join(parts), (words, data, test)
