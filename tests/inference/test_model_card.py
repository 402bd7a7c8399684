import json

import pytest
import yaml

from interactive_st.errors import DataError
from interactive_st.inference.model_card import Card, read_metrics

SETTINGS = {
    "architecture": "interactive_st_s",
    "parameters": 31234567,
    "updates": 4000,
    "languages": ["de", "en"],
    "source_lang": "en",
    "target_lang": "de",
    "vocabulary": 8000,
    "features": {"type": "fbank", "num_mel_bins": 80, "sample_rate": 16000},
    "model": {"wait_k": 3, "fusion": "linear"},
    "task": {"search": None},
    "interactive_st": "0.1.0",
}
SCORES = {"sentences": 20, "wer": 12.345, "cer": 5.0, "bleu": 21.5, "chrf": None, "bleu_signature": "nrefs:1"}


def test_several_k():
    model = SETTINGS["model"] | {"train_wait_k": "1,3,inf"}
    assert "| wait-k | 3 (trained with 1,3,inf) |" in Card("x").render(SETTINGS | {"model": model})


def test_states_what_is_known():
    card = Card(
        "digits", license="MIT", data_name="FSDD", data_license="CC BY-SA 4.0", metrics={"test": SCORES}
    )
    text = card.render(SETTINGS)
    front = yaml.safe_load(text.split("---")[1])
    assert front["license"] == "MIT"
    assert front["language"] == ["de", "en"]
    assert front["datasets"] == ["FSDD"]
    assert "# digits\n" in text
    assert "| Parameters | 31,234,567 |" in text
    assert "| wait-k | 3 |" in text
    assert "| test | 20 | 12.35 | 5.00 | 21.50 | – |" in text or "| test | 20 | 12.34 |" in text
    assert "- BLEU: nrefs:1" in text
    assert "Licence of the data: CC BY-SA 4.0" in text
    assert "InteractiveST.from_pretrained" in text


def test_says_what_is_not():
    text = Card("digits").render(SETTINGS | {"updates": None})
    for line in (
        "| Training steps | not stated |",
        "- Data: not stated",
        "- Licence of the data: not stated",
        "- Licence of the model: not stated",
        "- Author: not stated",
        "## Results\n\nnot stated",
    ):
        assert line in text
    assert yaml.safe_load(text.split("---")[1])["license"] == "not stated"


@pytest.mark.parametrize(
    ("architecture", "options", "says", "texts", "tags"),
    [
        ("asr_s", {"streams": "asr", "fusion_lambda": 0}, "the transcript of speech.", ["transcript"], 1),
        ("e2e_st_s", {"streams": "st", "fusion_lambda": 0}, "without a transcript.", ["translation"], 1),
        ("multitask_st", {"streams": "both", "fusion_lambda": 0.0}, "do not read each other.", [], 2),
        ("two_stage_st", {"streams": "both"}, "by a second decoder, which", [], 2),
    ],
)
def test_says_which_texts_are_written_and_what_they_read(architecture, options, says, texts, tags):
    model = SETTINGS["model"] | options
    settings = SETTINGS | {"architecture": architecture, "model": model}
    text = Card("x", metrics={"test": SCORES}).render(settings)
    assert says in text
    assert "each reading the other" not in text
    assert "wait-k" not in text
    texts = texts or ["transcript", "translation"]
    assert [line for line in text.splitlines() if "print(" in line] == [f"print(result.{t})" for t in texts]
    front = yaml.safe_load(text.split("---")[1])
    assert len(front["tags"]) == tags + 1
    assert front["metrics"] == [{"transcript": "wer", "translation": "bleu"}[t] for t in texts]


@pytest.mark.parametrize("options", [{"learn_fusion_lambda": True}, {"fusion": "gate"}])
def test_a_model_without_a_fixed_weight_is_interactive(options):
    model = SETTINGS["model"] | {"fusion_lambda": 0.0} | options
    text = Card("x").render(SETTINGS | {"model": model})
    assert "each reading the other" in text
    assert "| wait-k | 3 |" in text


class TestReadMetrics:
    def write(self, path, content):
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def test_by_name(self, tmp_path):
        assert read_metrics([self.write(tmp_path / "test.scores.json", SCORES)]) == {"test": SCORES}

    @pytest.mark.parametrize("content", ["no json", "[]", '{"a": 1}', '{"wer": "12"}'])
    def test_no_scores(self, tmp_path, content):
        with pytest.raises(DataError, match=r"test\.json"):
            read_metrics([self.write(tmp_path / "test.json", content)])

    @pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999", "1" + 309 * "0"])
    @pytest.mark.parametrize(
        ("content", "where"),
        [
            ('{"bleu": 1.5, "wer": %s}', r"test\.json: wer is "),
            ('{"wer": null, "sentences": %s}', r"test\.json: sentences is "),
            ('{"wer": 1, "speakers": {"a": {"wer": %s}}}', r"test\.json, speaker a: wer is "),
        ],
    )
    def test_numbers_that_are_none(self, tmp_path, value, content, where):
        with pytest.raises(DataError, match=where + ".*, where a finite number is needed"):
            read_metrics([self.write(tmp_path / "test.json", content % value)])

    def test_missing(self, tmp_path):
        with pytest.raises(DataError, match="not readable"):
            read_metrics([tmp_path / "none.json"])

    def test_one_name_twice(self, tmp_path):
        paths = [self.write(tmp_path / f"test.{end}", SCORES) for end in ("a.json", "b.json")]
        with pytest.raises(DataError, match="second file"):
            read_metrics(paths)
