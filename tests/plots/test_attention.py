"""The picture of attention."""

from argparse import Namespace

import numpy as np
import pytest
import tiny
import torch
from joint_corpus import FEATURES, task_arguments, write_corpus

from interactive_st.inference.decoding import Decoding
from interactive_st.inference.options import Options
from interactive_st.plots.attention import AttentionPicture, compute_picture, draw_attention
from interactive_st.plots.style import drawing
from interactive_st.tasks import JointSpeechToTextTask


def triangle(rows, columns, k):
    weights = np.array([[float(j <= i + k) for j in range(columns)] for i in range(rows)])
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1)


def picture(lengths=(6, 9), interactive=True):
    word = "▁zweiundvierzig"
    tokens = tuple([f"<lang:{tag}>", *[word] * (n - 1)] for tag, n in zip(("en", "de"), lengths, strict=True))
    encoder = tuple(np.random.default_rng(n).dirichlet(np.ones(30), n) for n in lengths)
    partner = (triangle(*lengths, -3), triangle(*lengths[::-1], 3)) if interactive else None
    features = np.random.default_rng(1).normal(size=(120, 40)).astype(np.float32)
    return AttentionPicture(features, tokens, encoder, partner, "talk.wav · decoder layer 5 of 0–5")


@pytest.mark.usefixtures("matplotlib")
class TestDrawing:
    @pytest.mark.parametrize("lengths", [(1, 1), (18, 17), (44, 3), (70, 90)])
    def test_text_can_be_read(self, lengths):
        from overlaps import problems

        shown = picture(lengths)
        with drawing(shown.texts):
            assert problems(draw_attention(shown)) == []

    def test_rows_are_named_by_what_they_write(self):
        with drawing():
            figure = draw_attention(picture())
            axes = {one.get_title(loc="left"): one for one in figure.axes}
            speech = axes["Translation: attention to the speech"]
            rows = [label.get_text() for label in speech.get_yticklabels()]
            assert rows == ["▁zweiundvierzig"] * 8 + ["</s>"]
            assert speech.get_xlim() == (0.0, 1.2)  # 120 frames of 10 ms
            columns = [label.get_text() for label in axes["Translation reads transcript"].get_xticklabels()]
            assert columns == ["<lang:en>"] + ["▁zweiundvierzig"] * 5

    def test_what_may_not_be_seen_is_left_out(self):
        shown = picture((3, 4))
        with drawing():
            figure = draw_attention(shown)
            images = [axes.images[0].get_array() for axes in figure.axes if axes.images]
            blind = [image for image in images if np.ma.is_masked(image)]
            assert blind[0].mask.tolist() == (shown.partner[0] == 0).tolist()

    def test_without_interaction_there_is_no_lower_row(self):
        with drawing():
            titles = [axes.get_title(loc="left") for axes in draw_attention(picture(interactive=False)).axes]
        assert not any("reads" in title for title in titles)
        assert any("Transcript: attention" in title for title in titles)


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    folder = write_corpus(tmp_path_factory.mktemp("attention") / "data")
    return JointSpeechToTextTask.setup_task(task_arguments(folder))


def small_model(task, **options):
    args = tiny.arguments(**options)
    tiny.sizes.interactive_st_s(args)
    torch.manual_seed(1)
    return tiny.InteractiveSTModel.build_model(args, Namespace(target_dictionary=task.tgt_dict)).eval()


def test_computed_from_features(task):
    features = np.random.default_rng(3).normal(size=(50, FEATURES)).astype(np.float32)
    shown = compute_picture(small_model(task), task, features, options=Options(beam=2))
    lengths = [len(tokens) for tokens in shown.tokens]
    assert [tokens[0] for tokens in shown.tokens] == ["<lang:en>", "<lang:de>"]
    assert all("</s>" not in tokens for tokens in shown.tokens)
    assert [len(weights) for weights in shown.encoder] == lengths
    assert shown.partner[0].shape == (lengths[0], lengths[1])
    assert shown.partner[1].shape == (lengths[1], lengths[0])
    for weights in shown.encoder:
        np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)


def test_what_is_drawn_is_what_is_decoded_with_these_options(task):
    features = np.random.default_rng(3).normal(size=(50, FEATURES)).astype(np.float32)
    model = small_model(task, wait_k="1")
    for options in (Options(beam=2), Options(beam=2, wait_k=4), Options(beam=2, wait_k="inf", search="rank")):
        shown = compute_picture(model, task, features, options=options)
        ids = [torch.tensor([task.tgt_dict.index(token) for token in row[1:]]) for row in shown.tokens]
        best = Decoding(task, model, options)([features])[0][0]
        assert list(map(task.detokenise, ids)) == [best.transcript, best.translation]
        rows, columns = shown.partner[1].shape
        k = {None: 1, 4: 4, "inf": columns}[options.wait_k]
        seen = np.arange(columns) <= np.arange(rows)[:, None] + k
        np.testing.assert_array_equal(shown.partner[1] > 0, seen)
    assert model.decoder.wait_k == 1


def test_a_model_without_interaction(task):
    features = np.random.default_rng(3).normal(size=(50, FEATURES)).astype(np.float32)
    shown = compute_picture(small_model(task, fusion_lambda=0.0), task, features, options=Options(beam=1))
    assert shown.partner is None


@pytest.mark.parametrize(("streams", "stream"), [("st", 1), ("asr", 0)])
def test_a_model_of_one_text(task, streams, stream, matplotlib):
    from overlaps import problems

    features = np.random.default_rng(3).normal(size=(50, FEATURES)).astype(np.float32)
    model = small_model(task, fusion_lambda=0.0, streams=streams)
    shown = compute_picture(model, task, features, options=Options(beam=1))
    assert shown.streams == (stream,)
    assert len(shown.tokens) == len(shown.encoder) == 1
    assert shown.partner is None
    with drawing(shown.texts):
        figure = draw_attention(shown)
        assert problems(figure) == []
        titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert f"{('Transcript', 'Translation')[stream]}: attention to the speech" in titles
