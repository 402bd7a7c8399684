import sys
from types import SimpleNamespace

import pytest
from training_log import SIMPLE_LINES, json_lines, write_log

from interactive_st.cli.main import main

pytestmark = pytest.mark.usefixtures("matplotlib")


def test_training(tmp_path, capsys):
    write_log(tmp_path / "one" / "logs" / "train.log", json_lines())
    simple = write_log(tmp_path / "two.log", SIMPLE_LINES)
    out = tmp_path / "t.svg"
    assert (
        main(["plot", "training", str(tmp_path / "one"), str(simple), "--x", "hours", "--out", str(out)]) == 0
    )
    assert capsys.readouterr().out == f"{out}\n"
    assert out.read_text().startswith("<?xml")


def test_sweep(tmp_path):
    table = tmp_path / "k.tsv"
    table.write_text("k\twer\tbleu\n0\t13\t41\ninf\t12\t42\n")
    assert main(["plot", "sweep", str(table), "--out", str(tmp_path / "k.png")]) == 0
    assert (tmp_path / "k.png").read_bytes().startswith(b"\x89PNG")


def test_attention(tmp_path, monkeypatch, capsys):
    import numpy as np
    import tiny
    import torch
    from joint_corpus import FEATURES, task_arguments, write_corpus

    from interactive_st.inference import model_path
    from interactive_st.tasks import JointSpeechToTextTask

    task = JointSpeechToTextTask.setup_task(task_arguments(write_corpus(tmp_path / "data")))
    args = tiny.arguments()
    tiny.sizes.interactive_st_s(args)
    torch.manual_seed(1)
    model = tiny.InteractiveSTModel.build_model(args, task).eval()
    stored = SimpleNamespace(build=lambda: (task, model))
    monkeypatch.setattr(model_path, "read_model", lambda path, data: stored)
    features = tmp_path / "talk.npy"
    np.save(features, np.random.default_rng(1).normal(size=(40, FEATURES)).astype(np.float32))
    out = tmp_path / "a.png"
    words = ["plot", "attention", str(features), "--model", "m.pt", "--beam", "1", "--out", str(out)]
    assert main(words) == 0
    assert out.stat().st_size > 10_000
    assert main([*words, "--layer", "9"]) == 2
    assert "the decoder has 2 layers" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*words, "--beam", "0"])
    assert "argument --beam: '0' is not a whole number of at least 1" in capsys.readouterr().err
    assert main([*words, "--ctc-weight", "0.5"]) == 2
    assert "error: --ctc-weight 0.5: it needs" in capsys.readouterr().err
    assert main([*words, "--wait-k", "soon"]) == 2
    assert "error: --wait-k soon: a whole number or inf is needed" in capsys.readouterr().err
    assert main([*words, "--target-lang", "xx"]) == 2
    assert "error: --target-lang xx: the model does not know it; choose one of" in capsys.readouterr().err
    np.save(features, np.zeros((3001, FEATURES), dtype=np.float32))
    assert main(words) == 2
    message = f"{features}: 30.01 s of speech, and a picture is of at most 30 s; cut out a part by --offset"
    assert message in capsys.readouterr().err


def test_a_model_that_is_not_there(tmp_path, capsys):
    assert main(["plot", "attention", "a.wav", "--model", str(tmp_path / "gone.pt"), "--out", "a.png"]) == 2
    assert "gone.pt: no such model folder or checkpoint" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["training", "gone.log"], "gone.log: cannot be read"),
        (["training", "gone.log", "--out", "a.jpg"], "has to end in"),
        (["sweep", "gone.tsv"], "gone.tsv: cannot be read"),
    ],
)
def test_mistakes_are_named_without_a_traceback(words, message, capsys):
    assert main(["plot", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_missing_matplotlib_names_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["plot", "training", "x"]) == 2
    assert "pip install 'interactive_st[plots]'" in capsys.readouterr().err
