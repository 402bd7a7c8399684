import json

import pytest

from interactive_st.cli.main import main
from interactive_st.scoring.pairs_file import write_pairs

PAIRS = [
    {
        "id": "1",
        "transcript": "four two",
        "reference_transcript": "four one",
        "translation": "zweiundvierzig",
        "reference_translation": "zweiundvierzig",
        "speaker": "theo",
    },
    {"id": "2", "transcript": "a", "translation": "b", "speaker": None},
]


@pytest.fixture
def path(tmp_path):
    write_pairs(tmp_path / "pairs.jsonl", PAIRS)
    return str(tmp_path / "pairs.jsonl")


def test_json_holds_the_scores(path, capsys):
    assert main(["score", path, "--json", "--per-speaker"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["wer"] == 50
    assert (scores["sentences"], scores["transcripts_scored"]) == (2, 1)
    assert set(scores["speakers"]) == {"", "theo"}


def test_table_states_scores_signature_and_normalisation(path, capsys):
    assert main(["score", path, "--per-speaker", "--wer-lowercase"]) == 0
    out = capsys.readouterr().out
    assert "50.00" in out
    assert "theo" in out
    assert "(no speaker)" in out
    assert "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:" in out
    assert "normalisation: lower case" in out
    assert "left out, not written or no reference: 1 transcript\n" in out
    assert "of 1 pair, as the reference to the letter: 0 transcripts, 1 translation, 0 both" in out


def test_names_of_speakers_are_shown_as_they_are(tmp_path, capsys):
    names = ["talk:a:1", "[red]", *("s" * 60 + end for end in "12")]
    write_pairs(tmp_path / "pairs.jsonl", [PAIRS[0] | {"speaker": name} for name in names])
    assert main(["score", str(tmp_path / "pairs.jsonl"), "--per-speaker"]) == 0
    out = capsys.readouterr().out
    assert "talk:a:1" in out
    assert "[red]" in out
    first_column = "".join(line.split()[0] for line in out.splitlines() if line.startswith("  s"))
    assert first_column.replace("sentences", "") == names[2] + names[3]


def test_shards_are_one_corpus(path, capsys):
    assert main(["score", path, path, "--json"]) == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["sentences"] == 4
    assert "note: 2 ids found more than once, such as " in output.err
    assert main(["score", path]) == 0
    assert capsys.readouterr().err == ""


def test_languages_without_a_tokeniser_in_common_are_noted(tmp_path, capsys):
    translated = {"transcript": "a", "translation": "b", "reference_translation": "b"}
    path = str(tmp_path / "many.jsonl")
    for languages, note in (
        (["de", "zh-TW", "fr", "th"], "in de, fr, th, zh-TW, and BLEU is counted with 13a, which is not made "
         "for th, zh-TW: score each language by itself, or give --sacrebleu-tokenizer"),
        (["de", "fr", None], ""),
        (["zh", "zh-TW", None], ""),
    ):  # fmt: skip
        write_pairs(path, [translated | {"id": str(n), "tgt_lang": code} for n, code in enumerate(languages)])
        assert main(["score", path]) == 0
        assert capsys.readouterr().err == (f"note: translations are {note}\n" if note else "")
    write_pairs(path, [translated | {"tgt_lang": code} for code in ("de", "zh")])
    assert main(["score", path, "--sacrebleu-tokenizer", "char"]) == 0
    assert capsys.readouterr().err == ""


def test_mistakes_are_named_without_a_traceback(tmp_path, path, capsys):
    assert main(["score", str(tmp_path / "gone.jsonl")]) == 2
    assert "interactive-st score: error: " in (message := capsys.readouterr().err)
    assert "gone.jsonl" in message
    assert main(["score", path, "--sacrebleu-tokenizer", "klingon"]) == 2
    assert "klingon" in capsys.readouterr().err
    (tmp_path / "bad.jsonl").write_text("{}\n")
    assert main(["score", str(tmp_path / "bad.jsonl")]) == 2
    assert "bad.jsonl:1: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("\nPlease install them like so.\n\n    pip install sacrebleu[ja]\n"),
         "(Please install them like so. pip install sacrebleu[ja])"),
        (ImportError("install sentencepiece"), "(install sentencepiece)"),
        (OSError("<urlopen error no network>"), "(<urlopen error no network>)"),
        (ConnectionResetError(), "(ConnectionResetError)"),
    ],
)  # fmt: skip
def test_a_tokeniser_that_cannot_be_made_is_named_with_the_reason(path, monkeypatch, capsys, error, reason):
    def fail(*args, **options):
        raise error

    monkeypatch.setattr("sacrebleu.metrics.bleu._get_tokenizer", fail)
    assert main(["score", path, "--sacrebleu-tokenizer", "ja-mecab"]) == 2
    message = f"score: error: sacrebleu cannot make its tokeniser ja-mecab {reason}; mend that"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("width", [10, 40])
def test_scores_keep_their_digits_in_a_narrow_terminal(path, capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["score", path, "--per-speaker"]) == 0
    out = capsys.readouterr().out
    assert "…" not in out
    assert " theo          1    50.00    37.50     0.00   100.00 " in out
