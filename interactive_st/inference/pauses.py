"""Cuts recordings into utterances at pauses, while they are being read."""

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from interactive_st.inference.sources import Source
from interactive_st.inference.voice_activity import WINDOW_SECONDS, VoiceActivity

#: Speech begins where its probability reaches the first and goes on while it reaches the second
#: (the values of Silero's own iterator).
BEGINS, GOES_ON = 0.5, 0.35
#: What an utterance keeps of the silence around it, in seconds, at most half of the pause.
MARGIN = 0.2
#: Less speech, and a shorter sound, than this is a click, in seconds.
SHORTEST_SPEECH = 0.1
#: Shorter gaps do not part two stretches of speech, in seconds.
SHORTEST_GAP = 0.2
#: Silence before or after the speech of a short recording that it may keep, in seconds; more is cut to
#: `MARGIN`: models that had less around their sentences in training write nonsense of it.
LONGEST_EDGE = 0.5
#: So many seconds of one and the same value are digital silence, which is no recording of anything: its
#: features, far below those of any room, would shift all others when an utterance is normalised.
DIGITAL_SILENCE = 0.02
#: Windows over which the probability is averaged to find the least bad place to cut speech.
SMOOTHING = 9

Spans = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Utterance:
    """A piece of a recording; times are seconds from its beginning.

    ``samples`` is (N,) float32; ``speech`` lists where in it somebody speaks.
    """

    start: float
    end: float
    samples: np.ndarray
    speech: Spans


def find_utterances(
    source: Source, activity: VoiceActivity, max_segment: float, min_pause: float
) -> Iterator[Utterance]:
    """Yield what is said in a recording.

    One of at most `max_segment` seconds in which nobody pauses for `min_pause` seconds, with little
    silence around, is one utterance, whole, as it would be in training data. Any other is cut at each
    such pause, a long one while it is read block by block; speech without a pause is cut where a pause
    is likeliest in the second half of `max_segment`. Silence is left out, so there may be nothing at
    all; no utterance begins or ends with digital silence.

    Raises:
        DataError: the recording cannot be read.
    """
    rate = activity.rate
    if source.duration > max_segment:
        yield from cut_at_pauses(activity.windows(source.blocks(rate)), rate, max_segment, min_pause)
        return
    samples = source.whole(rate)
    windows = list(activity.windows([samples]))
    parted = _speech(windows, 0, rate, min(SHORTEST_GAP, min_pause))
    seconds = len(samples) / rate
    if _is_one_utterance(parted, seconds, min_pause):
        utterance = _sounding(samples, 0, _speech(windows, 0, rate), rate)
        # one that is all of a recording is for the model, which refuses what is too short
        yield from [utterance] if len(utterance.samples) == len(samples) else _if_not_a_click(utterance, rate)
    else:
        yield from cut_at_pauses(windows, rate, max_segment, min_pause)


def _is_one_utterance(speech: Spans, seconds: float, min_pause: float) -> bool:
    if not speech:
        return False
    pauses = (after[0] - before[1] for before, after in itertools.pairwise(speech))
    edges = (speech[0][0], seconds - speech[-1][1])
    return max(pauses, default=0.0) < min_pause and max(edges) <= LONGEST_EDGE


def cut_at_pauses(
    windows: Iterable[tuple[np.ndarray, float]], rate: int, max_segment: float, min_pause: float
) -> Iterator[Utterance]:
    """Yield the utterances of a recording of any length; see `find_utterances`.

    Args:
        windows: samples and probability of speech of each 32 ms.
        rate: of the samples, in Hz.
        max_segment: longest utterance, in seconds.
        min_pause: shortest pause to cut at, in seconds.
    """
    cutter = _Cutter(rate, max_segment, min_pause)
    for window in windows:
        cutter.kept.append(window)
        yield from cutter.look()
    yield from cutter.finish()


class _Cutter:
    """Keeps the windows from which no utterance has been made yet, at most `max_segment`."""

    def __init__(self, rate: int, max_segment: float, min_pause: float) -> None:
        self.rate = rate
        self.longest = max(2, int(max_segment / WINDOW_SECONDS))
        # no shorter one, but for the error of the division
        self.pause = max(1, math.ceil(min_pause / WINDOW_SECONDS - 1e-6))
        self.margin = min(round(MARGIN / WINDOW_SECONDS), self.pause // 2)
        self.kept: list[tuple[np.ndarray, float]] = []
        self.first_sample = 0
        self.speaking = False
        #: number of kept windows up to the end of the last speech
        self.voiced = 0

    def look(self) -> Iterator[Utterance]:
        """Take notice of the window that was added, and yield an utterance that it completes."""
        probability = self.kept[-1][1]
        if probability >= (GOES_ON if self.speaking else BEGINS):
            self.speaking, self.voiced = True, len(self.kept)
        if not self.speaking:
            self._drop(len(self.kept) - self.margin)
        elif len(self.kept) - self.voiced >= self.pause:
            yield from self._end()
        elif len(self.kept) >= self.longest:
            yield from self._take(self._quietest())

    def finish(self) -> Iterator[Utterance]:
        """Yield what is left at the end of the recording."""
        if self.speaking:
            yield from self._end()

    def _end(self) -> Iterator[Utterance]:
        if self.voiced > 0:
            yield from self._take(min(self.voiced + self.margin, len(self.kept)))
        self.speaking, self.voiced = False, 0
        self._drop(len(self.kept) - self.margin)

    def _take(self, count: int) -> Iterator[Utterance]:
        """Make an utterance of the first `count` windows, unless they hold no more than a click."""
        taken = self.kept[:count]
        spoken = sum(probability >= GOES_ON for _, probability in taken)
        if spoken * WINDOW_SECONDS >= SHORTEST_SPEECH:
            samples = np.concatenate([window for window, _ in taken])
            start = self.first_sample
            speech = _speech(taken, start, self.rate)
            yield from _if_not_a_click(_sounding(samples, start, speech, self.rate), self.rate)
        self._drop(count)
        self.voiced -= count

    def _drop(self, count: int) -> None:
        if count > 0:
            self.first_sample += sum(len(window) for window, _ in self.kept[:count])
            del self.kept[:count]

    def _quietest(self) -> int:
        """Return after how many windows a cut does least harm, in the second half of the kept ones."""
        probabilities = np.array([probability for _, probability in self.kept])
        padded = np.pad(probabilities, SMOOTHING // 2, mode="edge")
        smooth = np.convolve(padded, np.full(SMOOTHING, 1 / SMOOTHING), mode="valid")
        half = len(smooth) // 2
        return half + int(np.argmin(smooth[half:])) + 1


def _sounding(samples: np.ndarray, first_sample: int, speech: Spans, rate: int) -> Utterance:
    """Make an utterance of the samples without digital silence before and behind them."""
    edges = [_same(samples), _same(samples[::-1])]
    if edges[0] == len(samples):  # somebody was heard, so it is for the model to say what
        edges = [0, 0]
    before, behind = (edge if edge >= DIGITAL_SILENCE * rate else 0 for edge in edges)
    first, last = before, len(samples) - behind
    start, end = (first_sample + first) / rate, (first_sample + last) / rate
    spans = ((max(begin, start), min(stop, end)) for begin, stop in speech)
    heard = tuple(span for span in spans if span[0] < span[1])
    return Utterance(start, end, samples[first:last], heard)


def _if_not_a_click(utterance: Utterance, rate: int) -> Iterator[Utterance]:
    """Yield the utterance if it is long enough to be speech: what is left of a few windows may not be."""
    if len(utterance.samples) >= SHORTEST_SPEECH * rate:
        yield utterance


def _same(samples: np.ndarray) -> int:
    """Return how many of the first samples have the same value."""
    others = np.flatnonzero(samples != samples[0])
    return int(others[0]) if len(others) else len(samples)


def _speech(
    windows: list[tuple[np.ndarray, float]], first_sample: int, rate: int, gap: float = SHORTEST_GAP
) -> Spans:
    """Return where in these windows somebody speaks, in seconds of the recording, parted at gaps of `gap`
    seconds."""
    spans: list[list[int]] = []
    position = first_sample
    for samples, probability in windows:
        end = position + len(samples)
        if probability >= GOES_ON:
            if spans and position - spans[-1][1] < gap * rate:
                spans[-1][1] = end
            else:
                spans.append([position, end])
        position = end
    return tuple((start / rate, end / rate) for start, end in spans)
