"""The course of an example; its steps are faked."""

import argparse

import pytest

from examples import experiment


@pytest.fixture
def course(run, tmp_path, monkeypatch):
    """Runs an example whose training does so many updates."""
    for name in ("prepare", "generate", "score"):
        monkeypatch.setattr(experiment.steps, name, lambda *_: {})
    monkeypatch.setattr(experiment.training, "one_step", lambda *_: 60.0)
    monkeypatch.setattr(experiment, "write_report", lambda *_, details, **__: details)
    for name in ("show_pairs", "show_scores"):
        monkeypatch.setattr(experiment, name, lambda *_: None)

    def go(updates, enough):
        monkeypatch.setattr(experiment, "updates_done", lambda log: updates)
        parser = argparse.ArgumentParser()
        experiment.add_arguments(parser, out=str(tmp_path))
        options = experiment.Options([], [], [], enough=enough)
        manifests = {name: tmp_path / name for name in ("train", "dev", "test")}
        return experiment.run(run, manifests, options, parser.parse_args([]), details={"speech": "tones"})

    return go


def test_help_names_defaults_that_say_something(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    parser = argparse.ArgumentParser(formatter_class=experiment.HelpFormatter)
    experiment.add_arguments(parser, out="runs/x", hearing_update=5)
    parser.add_argument("--voices", default=["a"], help="of training (default: all)")
    text = " ".join(parser.format_help().split())
    assert "CPU threads of each command (default: 2)" in text
    assert "0 = with the best one (default: 0)" in text
    assert "more options of interactive-st prepare, as --prepare-options='--one 1 --two' --hearing" in text
    assert "more options of fairseq-train, for the recogniser, as --hearing-options=" in text
    assert "of training (default: all)" in text
    assert text.count("default: all") == text.count("(default: 2)") == 1


@pytest.mark.parametrize(("updates", "enough", "few"), [(100, 800, True), (800, 800, False), (100, 0, False)])
def test_few_updates_are_told_with_the_way_on(course, capsys, updates, enough, few):
    assert course(updates, enough) == {"updates": updates, "speech": "tones"}
    shown = capsys.readouterr().out
    assert ("note: 100 updates are few" in shown) == few
    assert ("a larger --max-minutes" in shown) == few
