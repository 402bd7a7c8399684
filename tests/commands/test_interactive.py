"""fairseq-interactive reads paths of recordings."""

import math

import pytest
import soundfile
from commands.spoken import SPLITS
from commands.tools import options, read_jsonl


@pytest.fixture(scope="module")
def listen(tools, trained, corpus, user_dir):
    """A function that gives lines to fairseq-interactive."""

    def run(*lines, **changes):
        values = {
            "user-dir": user_dir,
            "task": "joint_speech_to_text",
            "path": trained.best,
            "beam": 3,
            "max-len-b": 12,
        }
        values |= {name.replace("_", "-"): value for name, value in changes.items()}
        text = "".join(f"{line}\n" for line in lines)
        return tools.try_to("fairseq-interactive", corpus.data, *options(values), stdin=text)

    return run


@pytest.fixture(scope="module")
def recordings(corpus):
    return [corpus.recordings / row["audio"] for row in corpus.rows("test")]


def scores(lines):
    """Numbers of H- or P- lines, by sentence."""
    return {number: [float(word) for word in rows[0][0].split()] for number, rows in lines.items()}


def test_equals_fairseq_generate(listen, generate, recordings, trained, corpus, tmp_path):
    flac = tmp_path / "a file.flac"
    samples, rate = soundfile.read(recordings[1], dtype="int16")
    soundfile.write(flac, samples, rate)
    heard = listen(recordings[0], flac, *recordings[2:])
    assert heard.status == 0, heard.output[-3000:]
    expected = generate(corpus.data, trained.best)
    assert expected.status == 0, expected.output[-3000:]
    assert list(heard.lines("S")) == list(range(SPLITS["test"]))
    assert heard.lines("S") == expected.lines("S")
    for kind in "HD":
        texts = [{n: rows[0][1] for n, rows in run.lines(kind).items()} for run in (heard, expected)]
        assert texts[0] == texts[1]
    for kind, tolerance in {"H": 1e-4, "D": 1e-4, "P": 2e-4}.items():
        for number, values in scores(expected.lines(kind)).items():
            assert scores(heard.lines(kind))[number] == pytest.approx(values, abs=tolerance)
    assert len({rows[0][0] for rows in heard.lines("S").values()}) > 1


def test_a_buffer_with_the_same_file_again(listen, recordings, tmp_path):
    first, second, third = recordings[:3]
    lines = [first, second, first, first, third, second]
    heard = listen(*lines, buffer_size=4, batch_size=3, pairs_path=tmp_path / "pairs.jsonl")
    assert heard.status == 0, heard.output[-3000:]
    one_by_one = listen(*lines)
    assert heard.lines("S") == one_by_one.lines("S")
    assert [rows[0][1] for rows in heard.lines("D").values()] == [
        rows[0][1] for rows in one_by_one.lines("D").values()
    ]
    pairs = read_jsonl(tmp_path / "pairs.jsonl")
    assert [pair["id"] for pair in pairs] == [str(number) for number in range(len(lines))]
    for number, pair in enumerate(pairs):
        assert [pair["transcript"]] == heard.lines("S")[number][0]
        score, translation = heard.lines("D")[number][0]
        assert pair["translation"] == translation
        assert pair["translation_score"] == pytest.approx(float(score) * math.log(2), abs=1e-4)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{folder}/missing.wav", "{folder}/missing.wav: no such audio file"),
        ("{folder}/no-audio.wav", "{folder}/no-audio.wav: not readable as audio"),
        ("", "empty line"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(listen, recordings, tmp_path, line, message):
    (tmp_path / "no-audio.wav").write_text("this is no audio")
    pairs = tmp_path / "pairs.jsonl"
    heard = listen(recordings[0], line.format(folder=tmp_path), pairs_path=pairs)
    assert heard.status != 0
    *_, reason, left_out = heard.stderr.splitlines()
    assert message.format(folder=tmp_path) in reason
    assert left_out.startswith(f"--pairs-path {pairs}: not written, as DataError ended the run after 1 ")
    assert list(heard.lines("D")) == [0]
    assert not pairs.exists()
