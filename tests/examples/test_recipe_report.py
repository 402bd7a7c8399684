"""The scores of a recipe's run: as read, as reported, as shown."""

import json
from pathlib import Path

import pytest
from fake_commands import FakeCommands

from examples import report, steps

SCORES = {"sentences": 2, "wer": 3.0, "cer": 1.0, "bleu": 90.0, "chrf": 95.0}
PAIR = {
    "id": "a", "speaker": "george", "transcript": "one two", "translation": "zwölf",
    "reference_transcript": "one two", "reference_translation": None,
}  # fmt: skip


def test_score_reads_the_commands_json_past_warnings(run, monkeypatch):
    pairs = run.out / "test.jsonl"
    pairs.write_text(json.dumps(PAIR))
    text = "a warning {1}\n" + json.dumps(SCORES, indent=2) + "\n"
    fake = FakeCommands(lines=text.splitlines(keepends=True))
    monkeypatch.setattr(run, "command", fake)
    assert steps.score(run, pairs) == SCORES
    assert steps.score(run, pairs) == SCORES
    assert len(fake.calls) == 1


def test_report_has_the_main_sets_scores_on_top(run):
    run.seconds = {"prepare-data": 10.0, "train-checkpoints": 60.0}
    run.commands.append("python -m fairseq_cli.train data")
    sets = {"test": {**SCORES, "speakers": {"george": SCORES}}, "test_unseen": SCORES | {"wer": 20}}
    path = run.out / "report.json"
    report.write_report(
        path, run, checkpoint=Path("c/checkpoint_best.pt"), train_seconds=60.0, sets=sets,
        main_set="test", details={"speakers": ["george"]},
    )  # fmt: skip
    found = json.loads(path.read_text())
    assert SCORES.items() <= found.items()
    assert found["train_seconds"] == 60.0
    assert found["total_seconds"] == 70.0
    assert found["checkpoint"] == "c/checkpoint_best.pt"
    assert found["sets"]["test_unseen"]["wer"] == 20
    assert found["seed"] == 7
    assert found["commands"] == run.commands
    assert "torch" in found["versions"]
    assert found["speakers"] == ["george"]


@pytest.mark.parametrize("sets", [{}, {"test": {**SCORES, "bleu": None}}])
def test_report_without_the_main_scores_is_refused(run, sets):
    with pytest.raises(ValueError, match=r"test|bleu"):
        report.write_report(
            run.out / "report.json", run, checkpoint=Path("c"), train_seconds=1.0, sets=sets,
            main_set="test",
        )  # fmt: skip
    assert not (run.out / "report.json").exists()


def test_pairs_and_scores_are_printed(run, capsys):
    path = run.out / "test.jsonl"
    path.write_text("\n".join(json.dumps(PAIR | {"id": str(i)}) for i in range(20)))
    report.show_pairs(path)
    sets = {"test": SCORES | {"speakers": {"george": SCORES, "jackson": SCORES | {"wer": None}}}}
    times = {"train_seconds": 90, "total_seconds": 120}
    report.show_scores({"sets": sets, **times, "updates": 700, "checkpoint": "best.pt"})
    shown = capsys.readouterr().out
    assert "8 of 20 utterances" in shown
    assert shown.count("zwölf") == 8
    assert "test: 8 of 20" in shown
    assert "jackson" in shown
    assert "training 1.5 min, 700 updates" in shown


def test_examples_are_spread_over_the_set():
    assert report.spread(range(100), 4) == [0, 25, 50, 75]
    assert report.spread([1, 2], 4) == [1, 2]
