"""The command `interactive-st average`."""

import pytest
import torch

from interactive_st.cli.main import main


@pytest.fixture
def run_folder(tmp_path):
    """A folder of a run: three epochs, two updates, two best ones; weights are their numbers."""
    numbers = {
        "checkpoint1.pt": 1, "checkpoint2.pt": 2, "checkpoint10.pt": 10,
        "checkpoint.best_bleu_9.5000.pt": 9.5, "checkpoint.best_bleu_20.2500.pt": 20.25,
        "checkpoint_best.pt": 99, "checkpoint_last.pt": 99,
    }  # fmt: skip
    for name, number in numbers.items():
        save(tmp_path / name, number)
    return tmp_path


def save(path, number, **others):
    torch.save({"model": {"weight": torch.full((2,), float(number))}, **others}, path)


def weight(path):
    return torch.load(path, weights_only=True)["model"]["weight"][0].item()


@pytest.mark.parametrize(
    ("options", "name", "mean"),
    [
        (["--last", "2"], "avg_last_2_checkpoint.pt", 6),
        (["--num-epoch-checkpoints", "2"], "avg_last_2_checkpoint.pt", 6),
        (["--last", "2", "--checkpoint-upper-bound", "9"], "avg_last_2_checkpoint.pt", 1.5),
        (["--best", "1", "--metric", "bleu"], "avg_best_1_checkpoint.pt", 9.5),
        (["--best", "1", "--metric", "bleu", "--maximize"], "avg_best_1_checkpoint.pt", 20.25),
        (["--best", "2", "--metric", "bleu"], "avg_best_2_checkpoint.pt", 14.875),
    ],
)
def test_which_are_averaged(run_folder, capsys, options, name, mean):
    assert main(["average", str(run_folder), *options]) == 0
    assert weight(run_folder / name) == mean
    assert capsys.readouterr().out.splitlines()[-1].endswith(f": {run_folder / name}")


@pytest.mark.parametrize("option", ["--best", "--num-best-checkpoints"])  # the latter is fairseq's
@pytest.mark.parametrize(("maximize", "mean"), [(True, 25.0), (False, 15.0)])
def test_the_best_are_known_by_what_the_checkpoints_say(tmp_path, capsys, option, maximize, mean):
    how = {"best_checkpoint_metric": "bleu", "maximize_best_checkpoint_metric": maximize}
    for number in (10, 20, 30):
        path = tmp_path / f"checkpoint.best_bleu_{number}.0000.pt"
        save(path, number, cfg={"checkpoint": how})
    assert main(["average", "--inputs", str(tmp_path), option, "2"]) == 0
    assert weight(tmp_path / "avg_best_2_checkpoint.pt") == mean
    capsys.readouterr()


@pytest.mark.parametrize(("count", "mean", "note"), [(2, 15, ""), (4, 20, "3 checkpoints, not 4: no more")])
def test_the_best_of_files_as_in_fairseqs_script(tmp_path, capsys, count, mean, note):
    how = {"best_checkpoint_metric": "wer", "maximize_best_checkpoint_metric": False}
    paths = [tmp_path / f"checkpoint.best_wer_{number}.0000.pt" for number in (30, 10, 20)]
    for path, number in zip(paths, (30, 10, 20), strict=True):
        save(path, number, cfg={"checkpoint": how})
    save(tmp_path / "checkpoint.best_wer_1.0000.pt", 1)  # not named
    words = ["average", "--inputs", *map(str, paths), "--output", str(tmp_path / "out.pt")]
    assert main([*words, "--num-best-checkpoints", str(count)]) == 0
    assert weight(tmp_path / "out.pt") == mean
    assert note in capsys.readouterr().err


def test_a_file_named_twice_is_noted(run_folder, capsys):
    (run_folder / "link.pt").symlink_to("checkpoint2.pt")
    (run_folder / "hard.pt").hardlink_to(run_folder / "checkpoint2.pt")
    one, two, link, hard = (
        str(run_folder / name) for name in ("checkpoint1.pt", "checkpoint2.pt", "link.pt", "hard.pt")
    )
    other = f"{run_folder}/../{run_folder.name}/checkpoint2.pt"
    assert main(["average", one, two, other, link, hard, two, "--output", str(run_folder / "avg.pt")]) == 0
    assert weight(run_folder / "avg.pt") == pytest.approx(11 / 6)
    again = f"is {two} again, which counts once more in the mean"
    notes = [f"{path} {again}" for path in (other, link, hard, two)]
    assert capsys.readouterr().err.splitlines() == [f"note: {note}" for note in notes]


def test_updates_are_preferred_unless_epochs_are_asked_for(run_folder, tmp_path):
    save(run_folder / "checkpoint_3_400.pt", 400)
    save(run_folder / "checkpoint_3_500.pt", 500)
    out = ["--output", str(tmp_path / "out.pt")]
    assert main(["average", str(run_folder), "--last", "2", *out]) == 0
    assert weight(tmp_path / "out.pt") == 450
    assert main(["average", "--inputs", str(run_folder), "--num-epoch-checkpoints", "1", *out]) == 0
    assert weight(tmp_path / "out.pt") == 10
    bound = ["--num-update-checkpoints", "1", "--checkpoint-upper-bound", "450"]
    assert main(["average", "--inputs", str(run_folder), *bound, *out]) == 0
    assert weight(tmp_path / "out.pt") == 400


def test_ten_by_default_and_a_note_if_there_are_fewer(run_folder, capsys):
    assert main(["average", str(run_folder)]) == 0
    assert weight(run_folder / "avg_last_10_checkpoint.pt") == pytest.approx(13 / 3)
    output = capsys.readouterr()
    assert "note: 3 checkpoints, not 10" in output.err
    names = [line.rsplit("/", 1)[-1] for line in output.out.splitlines()]
    assert names == ["checkpoint10.pt", "checkpoint2.pt", "checkpoint1.pt", "avg_last_10_checkpoint.pt"]


def test_files(run_folder, tmp_path):
    paths = [str(run_folder / name) for name in ("checkpoint1.pt", "checkpoint10.pt")]
    assert main(["average", *paths, "--output", str(tmp_path / "new" / "out.pt")]) == 0
    assert weight(tmp_path / "new" / "out.pt") == 5.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name the folder"),
        (["{run}/absent.pt"], "absent.pt: no such file"),
        (["{run}", "--best", "2"], "does not say by which metric it is one of the best; give --metric NAME"),
        (["{run}", "--metric", "bleu"], "--metric is for --best"),
        (["{run}", "--maximize"], "--maximize is for --metric"),
        (["{run}", "--best", "2", "--maximize"], "--maximize is for --metric"),
        (["{run}", "--best", "1", "--metric", "bleu", "--checkpoint-upper-bound", "3"], "not for --best"),
        (["{run}", "{run}/checkpoint1.pt"], "one folder, or files"),
        (["{run}/checkpoint1.pt", "--last", "1"], "choose from a folder"),
        (
            ["{run}/checkpoint.best_bleu_9.5000.pt", "{run}/checkpoint1.pt", "--output", "{run}/out.pt",
             "--best", "1", "--metric", "bleu"],
            "checkpoint1.pt: is no checkpoint.best_bleu_*.pt, of which the best are chosen; leave it out",
        ),
        (["{run}/checkpoint1.pt"], "--output FILE"),
        (["{run}/checkpoint1.pt", "--output", "{run}/checkpoint1.pt"], "is one of the checkpoints"),
        (["{run}", "--output", "{run}"], ": is a folder; name a file"),
        (["{run}", "--num-epoch-checkpoints", "4"], "3 checkpoints by epoch, 4 were asked for"),
        (
            ["{run}", "--num-update-checkpoints", "4"],
            "no numbered checkpoints by update to average; there are some by epoch: --num-epoch-checkpoints",
        ),
        (["{run}", "--last", "2", "--checkpoint-upper-bound", "0"], "up to 0 to average; the first is 1: r"),
        (["{run}", "--output", "{run}/checkpoint1.pt/below.pt"], "checkpoint1.pt is a file; give a folder"),
        (["{run}", "--best", "1", "--metric", "wer"], "no checkpoint.best_wer_*.pt"),
    ],
)
def test_errors_say_the_way_out(run_folder, capsys, arguments, message):
    before = sorted(run_folder.iterdir())
    assert main(["average", *(a.replace("{run}", str(run_folder)) for a in arguments)]) == 2
    assert message in capsys.readouterr().err
    assert sorted(run_folder.iterdir()) == before


def test_files_that_no_training_wrote_are_passed_over(run_folder):
    (run_folder / "checkpoint.best_bleu_1.2.3.pt").touch()
    assert main(["average", str(run_folder), "--best", "1", "--metric", "bleu", "--maximize"]) == 0
    assert weight(run_folder / "avg_best_1_checkpoint.pt") == 20.25


@pytest.mark.parametrize("value", ["0", "-1", "two"])
def test_a_count_is_a_positive_number(value, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["average", ".", f"--last={value}"])
    assert stopped.value.code == 2
    assert "is not a whole number of at least 1" in capsys.readouterr().err
