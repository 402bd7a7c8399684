"""The command hands its arguments to fairseq-generate, and shows what the user can mend."""

import pytest
from fairseq_cli import generate

from interactive_st.cli.main import main
from tests.joint_corpus import write_corpus


@pytest.fixture
def handed_over(monkeypatch):
    """What fairseq-generate was called with."""
    calls = []
    monkeypatch.setattr(generate, "main", calls.append)
    return calls


def test_arguments(tmp_path, handed_over):
    words = ["cascade", "--asr", "a.pt", "--mt", "m.pt", str(tmp_path)]
    assert main(words) == 0
    assert main([*words, "--gen-subset", "dev", "--pairs-path", "p", "--beam", "3", "--nbest", "2",
                 "--mt-args", '{"beam": 4}', "--max-tokens", "99", "--cpu",
                 "--generate-options=--max-len-b 7 --scoring wer"]) == 0  # fmt: skip
    plain, full = handed_over
    assert (plain.task, plain.path, plain.mt_path) == ("joint_speech_to_text", "a.pt", "m.pt")
    assert (plain.data, plain.gen_subset, plain.scoring) == (str(tmp_path), "test", "sacrebleu")
    assert (plain.beam, plain.nbest, plain.pairs_path, plain.mt_args) == (5, 1, None, "{}")
    assert (full.gen_subset, full.pairs_path, full.beam, full.nbest) == ("dev", "p", 3, 2)
    assert (full.mt_args, full.max_tokens, full.cpu) == ('{"beam": 4}', 99, True)
    assert (full.max_len_b, full.scoring) == (7, "wer")


def test_a_missing_checkpoint_is_named(tmp_path, capsys):
    folder = write_corpus(tmp_path)
    assert main(["cascade", "--asr", "gone.pt", "--mt", "m.pt", str(folder), "--cpu"]) == 2
    assert "interactive-st cascade: error: Model file not found: gone.pt" in capsys.readouterr().err


def test_both_models_are_needed(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["cascade", "--asr", "a.pt", str(tmp_path)])
    assert "--mt" in capsys.readouterr().err
