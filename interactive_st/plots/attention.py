"""What a model attends to while it writes transcript and translation of one recording."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from interactive_st.conventions import BOTH, FRAMES_PER_SECOND, STREAM_NAMES
from interactive_st.errors import DataError
from interactive_st.inference.options import Options
from interactive_st.plots.style import STREAM_COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOUR_MAP = "cividis"  # made for colour-blind readers, even in brightness
#: Labels an axis has room for, upright and below; of longer texts every second, third … token is named.
MOST_ROWS, MOST_COLUMNS = 60, 44
MOST_SIDE_BY_SIDE = 18  # tokens with which both directions of the interactive attention share a line
#: Most frames drawn; memory grows with their square.
MOST_FRAMES = 3000
WIDTH, INCHES_PER_TOKEN = 8.5, 0.165


@dataclass(frozen=True)
class AttentionPicture:
    """All that is drawn; weights are of one layer, mean over heads or one head.

    ``features``  ``(frames, dims)`` as they were computed from the audio, before normalisation.
    ``streams``   the streams that the model writes, 0 = transcript, 1 = translation.
    ``tokens``    of each of these, its language tag first: what the rows read; row i writes token i + 1,
                  the last row ``</s>``.
    ``encoder``   of each of these ``(rows, encoder frames)``.
    ``partner``   of both streams ``(rows, rows of the other)``; None where the model has no interaction.
    ``title``     a line above all.
    """

    features: np.ndarray
    tokens: tuple[Sequence[str], ...]
    encoder: tuple[np.ndarray, ...]
    partner: tuple[np.ndarray, np.ndarray] | None
    title: str = ""
    streams: tuple[int, ...] = BOTH

    @property
    def texts(self) -> list[str]:
        """Every text in the picture, for the choice of fonts."""
        return [*chain(*self.tokens), self.title]


def draw_attention(picture: AttentionPicture) -> "Figure":
    """Draw filterbank, encoder attention of both streams and interactive attention both ways.

    To be called and saved under :func:`style.drawing`.
    """
    from matplotlib.figure import Figure

    rows = [_height(len(tokens)) for tokens in picture.tokens]
    heights = [1.3, *rows]
    stacked = max(map(len, picture.tokens)) > MOST_SIDE_BY_SIDE
    if picture.partner is not None:  # tokens stand upright below
        heights += [height + 0.7 for height in rows] if stacked else [max(rows) + 0.7]
    figure = Figure((WIDTH, sum(heights) + 0.75 * len(heights) + 0.4), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.08, w_pad=0.06)
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    seconds = len(picture.features) / FRAMES_PER_SECOND
    top = figure.add_subplot(grid[0])
    _draw_features(top, picture.features, seconds)
    for place, stream in enumerate(picture.streams):
        axes = figure.add_subplot(grid[1 + place], sharex=top)
        image = _draw_weights(axes, picture.encoder[place], (0.0, seconds))
        _name_rows(axes, _written(picture.tokens[place]), STREAM_COLOURS[stream])
        axes.set_title(f"{STREAM_NAMES[stream].capitalize()}: attention to the speech", loc="left")
        axes.set_xlabel("time (s)")
        figure.colorbar(image, ax=axes, pad=0.01, fraction=0.03)
    if picture.partner is not None:
        # a grid of its own: of one with the rows above, matplotlib 3.10 leaves a third of the width empty
        places = (grid[3], grid[4]) if stacked else grid[3].subgridspec(1, 2)
        for stream, name in enumerate(STREAM_NAMES):
            _draw_partner(figure, figure.add_subplot(places[stream]), picture, stream, name)
        figure.supxlabel("hatched: what a row may not see", fontsize="small")
    if picture.title:
        figure.suptitle(picture.title, x=0.01, ha="left", fontsize="medium")
    return figure


def check_length(features: np.ndarray, task: Any) -> None:
    """Raise `DataError` for more frames of speech than a picture shows, or than the model reads."""
    most = min(MOST_FRAMES, int(task.args.max_source_positions))
    if len(features) > most:
        raise DataError(
            f"{len(features) / FRAMES_PER_SECOND:.2f} s of speech, and a picture is of at most "
            f"{most / FRAMES_PER_SECOND:g} s; cut out a part by --offset and --duration"
        )


def compute_picture(
    model: Any,
    task: Any,
    features: np.ndarray,
    *,
    layer: int = -1,
    head: int | None = None,
    options: Options,
) -> AttentionPicture:
    """Decode one utterance and compute what its picture shows.

    Args:
        model: in eval mode, on any device.
        task: the task it was trained with, for dictionary, languages and feature transforms.
        features: ``(frames, dims)`` float32, as ``features_from_file`` gives them.
        layer: decoder layer, from 0; negative from the end.
        head: number of the head; None = mean over heads.
        options: how to decode.

    Returns:
        what is drawn of the best hypothesis, without a title.

    Raises:
        DataError: no such layer or head, or a model with other decoder layers (two-stage).
        SettingError: an option contradicts the model.
    """
    import torch

    from interactive_st.inference.decoding import Decoding
    from interactive_st.plots.attention_weights import attention_weights

    decoding = Decoding(task, model, options)
    dataset = decoding.task.build_dataset_for_inference([features], [len(features)])
    sample = dataset.collater([dataset[0]])
    best = decoding.search(sample)[0][0]
    streams, words = tuple(model.streams), task.target_dictionary
    ids = []
    for stream in streams:
        tokens = best[STREAM_NAMES[stream]]["tokens"].tolist()
        ids.append([int(sample["lang_tags"][stream, 0]), *tokens[: tokens.index(words.eos())]])
    lengths = [len(row) for row in ids]
    prefixes = torch.full((len(ids), 1, max(lengths)), words.pad()).to(sample["lang_tags"])
    for row, written in zip(prefixes, ids, strict=True):
        row[0, : len(written)] = torch.tensor(written)
    net_input = {**sample["net_input"], "prev_output_tokens": prefixes}
    with _waiting(model.decoder, decoding.task.decoding_wait_k):
        weights = attention_weights(model, net_input, layer).of_head(head)
    encoder = tuple(weights.encoder[i, 0, :length].cpu().numpy() for i, length in enumerate(lengths))
    partner = None
    if len(streams) == 2 and weights.partner.any():
        partner = tuple(weights.partner[s, 0, : lengths[s], : lengths[1 - s]].cpu().numpy() for s in BOTH)
    tokens = tuple([words.symbols[i] for i in row] for row in ids)
    return AttentionPicture(features, tokens, encoder, partner, streams=streams)


@contextmanager
def _waiting(decoder: Any, wait_k: int | float | None) -> Iterator[None]:
    """Let teacher forcing show what a decoding with this k sees; None for the decoder's own."""
    own = decoder.wait_k
    decoder.wait_k = own if wait_k is None else wait_k
    try:
        yield
    finally:
        decoder.wait_k = own


def _draw_features(axes: "Axes", features: np.ndarray, seconds: float) -> None:
    axes.imshow(
        features.T,
        origin="lower",
        aspect="auto",
        cmap=COLOUR_MAP,
        interpolation="nearest",
        extent=(0.0, seconds, 0, features.shape[1]),
    )
    axes.set_title("Features of the speech", loc="left")
    axes.set_ylabel("mel band" if features.shape[1] >= 20 else "dimension")
    axes.set_xlabel("time (s)")
    axes.grid(False)


def _draw_weights(axes: "Axes", weights: np.ndarray, x_range: tuple[float, float]) -> Any:
    axes.grid(False)
    return axes.imshow(
        weights,
        aspect="auto",
        cmap=COLOUR_MAP,
        interpolation="nearest",
        vmin=0.0,
        vmax=max(float(np.ma.filled(weights, 0.0).max(initial=0.0)), 1e-6),
        extent=(*x_range, len(weights) - 0.5, -0.5),
    )


def _draw_partner(figure: "Figure", axes: "Axes", picture: AttentionPicture, stream: int, name: str) -> None:
    weights, other = picture.partner[stream], STREAM_NAMES[1 - stream]
    read = picture.tokens[1 - stream]
    # not to be allowed to see is not the same as to pay no attention, so it is not a dark colour
    seen = np.ma.masked_equal(weights, 0.0)
    axes.patch.set(facecolor="#FFFFFF", edgecolor="#BBBBBB", hatch="////", linewidth=0.0)
    image = _draw_weights(axes, seen, (-0.5, weights.shape[1] - 0.5))
    _name_rows(axes, _written(picture.tokens[stream]), STREAM_COLOURS[stream])
    places = _labelled(len(read), MOST_COLUMNS)
    axes.set_xticks(places, [_shown(read[i]) for i in places], rotation=90, color=STREAM_COLOURS[1 - stream])
    axes.set_xlabel(f"token of the {other} that is read")
    axes.set_title(f"{name.capitalize()} reads {other}", loc="left")
    figure.colorbar(image, ax=axes, pad=0.02, fraction=0.05)


def _name_rows(axes: "Axes", tokens: Sequence[str], colour: str) -> None:
    places = _labelled(len(tokens), MOST_ROWS)
    axes.set_yticks(places, [_shown(tokens[i]) for i in places], color=colour)
    axes.set_ylabel("token written")


def _written(tokens: Sequence[str]) -> list[str]:
    """What each row writes: the token after the one that it reads."""
    return [*tokens[1:], "</s>"]


def _shown(token: str) -> str:
    return token if len(token) <= 18 else f"{token[:17]}…"


def _labelled(count: int, most: int) -> list[int]:
    return list(range(0, count, -(-count // most)))


def _height(count: int) -> float:
    return max(1.1, INCHES_PER_TOKEN * min(count, MOST_ROWS) + 0.1)
