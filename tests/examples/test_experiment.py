"""The course of an example; its steps are faked."""

import argparse

import pytest
from fake_commands import option

from examples import experiment
from examples.help_formatter import HelpFormatter


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


def test_every_test_set_is_decoded_and_what_the_user_adds_counts_last(run, tmp_path, monkeypatch):
    calls = {name: [] for name in ("prepare", "average", "generate", "score")}
    for name, seen in calls.items():
        monkeypatch.setattr(
            experiment.steps, name, lambda *given, name=name, seen=seen: (seen.append(given), name)[1]
        )
    monkeypatch.setattr(experiment.training, "one_step", lambda *_: 60.0)
    monkeypatch.setattr(experiment, "updates_done", lambda log: 1)
    monkeypatch.setattr(experiment, "write_report", lambda *_, sets, **__: sets)
    for name in ("show_pairs", "show_scores"):
        monkeypatch.setattr(experiment, name, lambda *_: None)
    parser = argparse.ArgumentParser()
    experiment.add_arguments(parser, out=str(tmp_path))
    weight, size = "--decoding-ctc-weight", "--vocab-size"
    args = parser.parse_args(
        [f"--prepare-options={size} 9", f"--generate-options={weight} 0.9", "--average=1"]
    )
    options = experiment.Options([size, "1"], [], [weight, "0.1"])
    manifests = {name: tmp_path / name for name in ("train", "dev", "test", "test_other")}
    sets = experiment.run(run, manifests, options, args, details={})
    assert list(sets) == ["test", "test_other"]
    [prepared] = calls["prepare"]
    assert option(prepared[3], size) == "9"
    assert [given[2] for given in calls["average"]] == [1]
    assert [(given[2], given[3]) for given in calls["generate"]] == [
        ("average", "test"),
        ("average", "test_other"),
    ]
    assert [option(given[5], weight) for given in calls["generate"]] == ["0.9", "0.9"]


def test_help_names_defaults_that_say_something(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    parser = argparse.ArgumentParser(formatter_class=HelpFormatter)
    experiment.add_arguments(parser, out="runs/x", hearing_update=5)
    parser.add_argument("--voices", default=["a"], help="of training (default: all)")
    parser.add_argument("--list", action="store_true", help="and stop")
    text = " ".join(parser.format_help().split())
    assert "CPU threads of each command (default: 2)" in text
    assert "0 = with the best one (default: 0)" in text
    assert "more options of interactive-st prepare, as --prepare-options='--one 1 --two' --hearing" in text
    assert "more options of fairseq-train, for the recogniser, as --hearing-options=" in text
    assert "of training (default: all)" in text
    assert "False" not in text
    assert text.count("default: all") == text.count("(default: 2)") == 1


@pytest.mark.parametrize(("updates", "enough", "few"), [(100, 800, True), (800, 800, False), (100, 0, False)])
def test_few_updates_are_told_with_the_way_on(course, capsys, updates, enough, few):
    assert course(updates, enough) == {"updates": updates, "speech": "tones"}
    shown = capsys.readouterr().out
    assert ("note: 100 updates are few" in shown) == few
    assert ("a larger --max-minutes" in shown) == few
