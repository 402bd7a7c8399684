import copy
import io
import math
import pickle

import numpy as np
import pytest
import torch
from fairseq import checkpoint_utils, options
from fairseq.dataclass.utils import convert_namespace_to_omegaconf
from fairseq_cli import interactive

from interactive_st.errors import DataError
from interactive_st.inference.results import Recording, Segment
from tests import speech_model
from tests.speech_model import RATE, SHORT, bursts

FIVE = [(0.5, 1.4), (2.2, 2.6), (3.4, 5.0), (6.0, 6.7), (7.5, 7.9)]

pytestmark = pytest.mark.usefixtures("hears_noise")


def texts(recording):
    return [(segment.transcript, segment.translation) for segment in recording.segments]


def run_fairseq_interactive(made, recording, capsys, *words):
    """Decode one file by fairseq's tool; return transcript, translation and its score."""
    listing = made.checkpoint.with_name("list.txt")
    listing.write_text(f"{recording}\n")
    task = [str(made.data), "--task", "joint_speech_to_text", "--path", str(made.checkpoint)]
    search = ["--input", str(listing), "--beam", "5", "--max-len-b", "6", "--max-tokens", "1000"]
    parser = options.get_interactive_generation_parser()
    args = options.parse_args_and_arch(parser, [*task, *search, *words])
    capsys.readouterr()
    interactive.main(convert_namespace_to_omegaconf(args))
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    found = {name[:1]: rest for name, *rest in lines if name.endswith("-0")}
    return found["S"][0], found["D"][1], float(found["D"][0]) * math.log(2)


@pytest.mark.parametrize("search", ["rank", "joint"])
def test_equals_fairseq_interactive(made, model, talk, search, capsys):
    transcript, translation, score = run_fairseq_interactive(made, talk, capsys, "--search", search)
    assert transcript
    assert translation
    result = model(talk, search=search, **SHORT)
    assert (result.transcript, result.translation) == (transcript, translation)
    assert result.nbest[0].translation_score == pytest.approx(score, abs=1e-6)
    assert result.segments[0].start == 0.0
    assert result.segments[0].end == 2.0


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_can_be_copied_and_sent_to_other_processes(model, talk, copied):
    expected = texts(model(talk, **SHORT))  # and has kept by then what decoding keeps
    assert texts(copied(model)(talk, **SHORT)) == expected


def test_equals_the_generator_exactly(made, model, talk):
    """Features, batch and search are those of the task: all hypotheses and scores are its own."""
    models, cfg, task = checkpoint_utils.load_model_ensemble_and_task([str(made.checkpoint)])
    cfg.generation.beam, cfg.generation.nbest, cfg.generation.max_len_b = 4, 4, 6
    generator = task.build_generator(models, cfg.generation)
    features, lengths = task.get_interactive_tokens_and_lengths([str(talk)], None)
    dataset = task.build_dataset_for_inference(features, lengths)
    sample = dataset.collater([dataset[0]])
    (expected,) = task.inference_step(generator, models, sample)
    found = model(talk, beam=4, nbest=4, **SHORT).segments[0].nbest
    assert len(found) == len(expected) == 4
    assert len({(each.transcript, each.translation) for each in found}) > 1
    for hypothesis, reference in zip(found, expected, strict=True):
        assert hypothesis.transcript == task.detokenise(reference["transcript"]["tokens"])
        assert hypothesis.translation == task.detokenise(reference["tokens"])
        assert hypothesis.transcript_score == float(reference["transcript"]["score"])
        assert hypothesis.translation_score == float(reference["score"])
        assert hypothesis.score == float(reference["pair_score"])


class TestInput:
    def test_samples_are_the_file(self, model, talk):
        expected = model(talk, **SHORT)
        samples = speech_model.soundfile.read(talk, dtype="float32")[0]
        for same in (samples, torch.from_numpy(samples), np.stack([samples, samples])):
            result = model(same, sample_rate=RATE, **SHORT)
            assert result.segments == expected.segments
            assert result.audio is None
        assert expected.audio == str(talk)

    @pytest.mark.parametrize("rate", [44100, 44100.0, np.int32(44100), np.float32(44100)])
    def test_any_rate(self, model, rate):
        samples = bursts([(0.2, 1.8)], 2.0, rate=44100)
        assert model(samples, sample_rate=rate, **SHORT).duration == 2.0

    def test_list_gives_list(self, model, talk):
        one = model(talk, **SHORT)
        many = model([talk, str(talk)], **SHORT)
        assert [texts(recording) for recording in many] == [texts(one)] * 2
        assert [recording.score for recording in many] == pytest.approx([one.score] * 2, abs=1e-5)
        assert model([], **SHORT) == []

    def test_samples_need_a_rate(self, model):
        with pytest.raises(DataError, match="give sample_rate"):
            model(np.zeros(8000, dtype=np.float32))

    @pytest.mark.parametrize("rate", [math.nan, math.inf, 0, -1, "16000", True, 16, 999, 16000.5])
    def test_rates_without_meaning(self, model, rate):
        with pytest.raises(DataError, match=r"sample_rate is .*; a number of Hz is needed"):
            model(np.zeros(8000, dtype=np.float32), sample_rate=rate)

    def test_samples_with_their_rate(self, model, talk):
        expected = model(talk, **SHORT)
        samples, rate = speech_model.soundfile.read(talk, dtype="float32")
        for same in ((samples, rate), {"array": samples, "sampling_rate": rate, "path": None}):
            assert model(same, **SHORT).segments == expected.segments
            assert [each.segments for each in model([same, talk], **SHORT)] == [expected.segments] * 2

    @pytest.mark.parametrize("audio", [{}, None, b"RIFF", io.BytesIO(b"RIFF"), 3])
    def test_no_recording(self, model, audio):
        with pytest.raises(DataError, match=f"{type(audio).__name__} is not a recording"):
            model(audio)

    def test_failing_file(self, model, tmp_path):
        with pytest.raises(DataError, match=r"none\.wav: no such audio file"):
            model(tmp_path / "none.wav")

    def test_too_short(self, model, tmp_path):
        samples = bursts([(0.0, 0.01)], 0.01)
        with pytest.raises(DataError, match="the samples: too short"):
            model(samples, sample_rate=RATE)
        path = speech_model.write(tmp_path / "a.wav", samples)
        with pytest.raises(DataError, match=r"a\.wav: too short"):
            model(path)


class TestOptions:
    def test_wait_k_is_for_this_call(self, model, talk):
        before = model.model.decoder.wait_k
        own = model(talk, nbest=5, **SHORT)
        other = model(talk, nbest=5, wait_k="inf", **SHORT)
        assert own.nbest != other.nbest
        assert model.model.decoder.wait_k == before == 3
        assert model(talk, nbest=5, wait_k=3, **SHORT) == own

    def test_a_k_that_was_not_trained(self, model, talk, caplog, monkeypatch):
        model(talk, wait_k=3, **SHORT)
        assert not caplog.records
        model(talk, wait_k="inf", **SHORT)
        assert "wait_k inf was not trained, 3 was: translations may be far worse" in caplog.text
        caplog.clear()
        monkeypatch.setattr(model.model.decoder, "train_wait_k", (3, math.inf))
        model(talk, wait_k="inf", **SHORT)
        assert not caplog.records
        model(talk, wait_k=1, **SHORT)
        assert "wait_k 1 was not trained, 3, inf were: " in caplog.text

    def test_languages(self, model, talk):
        turned = model(talk, source_lang="de", target_lang="en", **SHORT)
        assert (turned.source_lang, turned.target_lang) == ("de", "en")
        assert turned.nbest != model(talk, **SHORT).nbest
        assert model.languages == ("en", "de")

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"target_lang": "fr"}, "choose one of de, en"),
            ({"beam": 2, "nbest": 3}, "nbest is 3; at most beam, 2"),
            ({"beam": 0}, "beam is 0; a whole number from 1"),
            ({"beam": 5.0}, r"beam is 5\.0; a whole number"),
            ({"unkpen": math.nan}, "unkpen is nan; a finite number"),
            ({"lenpen": math.inf}, "lenpen is inf"),
            ({"lenpen": -300.0}, r"lenpen is -300\.0; a number from -10 to 10 is needed: scores are divided"),
            ({"temperature": 0.0}, r"temperature is 0\.0; a number from 1e-09"),
            ({"ctc_weight": 0.3}, r"ctc_weight is 0\.3; it needs a model trained with"),
            ({"max_len_b": 2, "min_len": 3}, "max_len_b is 2; the shortest text has 3"),
            ({"max_segment": 5.0}, "at most 3 s"),
            ({"max_segment": 0.5}, "max_segment"),
            ({"min_pause": math.nan}, "min_pause"),
            ({"batch_seconds": 0}, "batch_seconds is 0; more than 0 seconds are needed"),
            ({"search": "wide"}, "search is 'wide'; choose one of rank, joint"),
            ({"wait_k": "much"}, "wait_k is 'much'; a whole number or inf"),
        ],
    )
    def test_wrong(self, model, talk, wrong, message):
        with pytest.raises(ValueError, match=message):
            model(talk, **wrong)

    def test_unknown(self, model, talk):
        with pytest.raises(TypeError, match=r"no option 'beem'; did you mean beam\? options are beam, "):
            model(talk, beem=3)
        with pytest.raises(TypeError, match=r"no option 'quickly'; options are beam, .*cuda_graphs$"):
            model(talk, quickly=True)


class TestLongRecordings:
    samples = bursts(FIVE, 9.0)

    @pytest.fixture
    def result(self, model):
        return model(self.samples, sample_rate=RATE, nbest=2, **SHORT)

    def test_is_cut_at_pauses(self, result):
        assert result.duration == 9.0
        spans = [span for segment in result.segments for span in segment.speech]
        np.testing.assert_allclose(spans, FIVE, atol=0.07)
        times = [time for segment in result.segments for time in (segment.start, segment.end)]
        assert times == sorted(times)

    @pytest.mark.parametrize("seconds", [0.1, 2.0, 3.0])
    def test_batches_do_not_matter(self, model, result, seconds):
        """Nor does in how many portions utterances are decoded, which four batches make."""
        other = model(self.samples, sample_rate=RATE, nbest=2, batch_seconds=seconds, **SHORT)
        assert texts(other) == texts(result)
        for one, two in zip(result.segments, other.segments, strict=True):
            assert (one.start, one.end, one.speech) == (two.start, two.end, two.speech)
            assert one.score == pytest.approx(two.score, abs=1e-4)

    def test_segments_are_the_pieces(self, model, result):
        """Each is decoded as a recording of its own would be."""
        for segment in result.segments:
            piece = self.samples[round(segment.start * RATE) : round(segment.end * RATE)]
            alone = model(piece, sample_rate=RATE, nbest=2, **SHORT)
            assert texts(alone) == [(segment.transcript, segment.translation)]

    def test_file_is_read_in_blocks(self, model, result, tmp_path):
        path = tmp_path / "long.wav"
        speech_model.soundfile.write(path, self.samples, RATE, subtype="FLOAT")
        assert model(path, nbest=2, **SHORT).segments == result.segments

    def test_silence(self, model):
        result = model(np.zeros(9 * RATE, dtype=np.float32), sample_rate=RATE)
        assert result.segments == ()
        assert result.render("vtt") == "WEBVTT\n\n"


class TestStream:
    def test_a_single_recording_is_refused(self, model, talk):
        """Rather than taken letter by letter, or sample by sample."""
        samples, rate = speech_model.soundfile.read(talk, dtype="float32")
        pair = {"array": samples, "sampling_rate": rate}
        for single in (talk, str(talk), samples, torch.from_numpy(samples), (samples, rate), pair):
            with pytest.raises(DataError, match=r'put a single one into a list, as in stream\(\["talk'):
                model.stream(single, sample_rate=rate)

    def test_order_and_progress(self, model, talk, tmp_path):
        """All of a recording before the next; one that fails does not stop the others."""
        long = speech_model.write(tmp_path / "long.wav", bursts(FIVE, 9.0))
        done = []
        results = list(
            model.stream(
                [talk, tmp_path / "none.wav", long, talk], progress=done.append, batch_seconds=0.5, **SHORT
            )
        )
        assert [number for number, _ in results] == [0, 0, 1, *[2] * 6, 3, 3]
        kinds = [type(result) for _, result in results]
        assert kinds == [Segment, Recording, DataError, *[Segment] * 5, Recording, Segment, Recording]
        assert results[8][1].segments == tuple(result for _, result in results[3:8])
        assert sum(done) == pytest.approx(2.0 + 9.0 + 2.0)
        assert min(done) >= 0

    def test_texts_come_before_the_end(self, model, talk):
        """Recordings are opened as they are needed."""
        opened = []

        def audios():
            for number in range(50):
                opened.append(number)
                yield talk

        stream = model.stream(audios(), batch_seconds=1.0, **SHORT)
        next(stream)
        assert len(opened) <= 5

        opened.clear()
        stream = model.stream(audios(), **SHORT)
        next(stream)
        assert len(opened) == 8, "a quarter of a batch of 60 s, in recordings of 2 s"
        for _ in range(2 * 8):
            next(stream)
        assert len(opened) == 8 + 15, "then twice as much"

    def test_failure_in_the_middle(self, model, tmp_path):
        """What was decoded before the damage is handed over, then the reason."""
        samples = np.tile(bursts([(0.5, 1.5)], 2.0), 30)
        samples[-5] = np.nan
        path = tmp_path / "nan.wav"
        speech_model.soundfile.write(path, samples, RATE, subtype="FLOAT")
        *segments, (_, error) = list(model.stream([path], **SHORT))
        assert isinstance(error, DataError)
        assert len(segments) >= 20
        assert all(isinstance(segment, Segment) for _, segment in segments)


def test_real_speech_of_any_length(model, shared_data):
    """Eleven seconds of public speech at 44.1 kHz in stereo, cut into what was said."""
    result = model(shared_data / "whisper_jfk" / "tests" / "jfk.flac", **SHORT)
    assert result.duration == pytest.approx(11.0)
    assert len(result.segments) >= 4
    assert all(segment.end - segment.start <= 3.0 for segment in result.segments)
    assert result.segments[0].speech[0][0] == pytest.approx(0.35, abs=0.15)
