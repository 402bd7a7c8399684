"""From recordings to their texts: reads, cuts, batches by length, and puts together again."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from interactive_st.data.features.compute import fbank
from interactive_st.errors import DataError
from interactive_st.inference.decoding import Decoding
from interactive_st.inference.pauses import Spans, find_utterances
from interactive_st.inference.results import Recording, Segment
from interactive_st.inference.sources import Source
from interactive_st.inference.voice_activity import VoiceActivity

#: Batches of utterances that are read before the first of them is decoded, so that utterances of
#: similar length come together.
BATCHES_AHEAD = 4
#: How much of a batch is read before the first decoding, so that texts come soon; each next reads twice as
#: much, up to `BATCHES_AHEAD`.
FIRST_SHARE = 0.25

Opener = Callable[[], Source]
#: What comes of a recording: its segments in order, then the recording or what went wrong.
Outcome = Segment | Recording | DataError


@dataclass
class _Waiting:
    """An utterance that is not decoded yet; ``features`` is (T, F), ``since`` the end of the one before."""

    start: float
    end: float
    speech: Spans
    features: np.ndarray
    since: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


def decode_recordings(
    openers: Iterable[Opener],
    decoding: Decoding,
    activity: VoiceActivity,
    progress: Callable[[float], None] = lambda seconds: None,
) -> Iterator[tuple[int, Outcome]]:
    """Decode recordings one after the other, in bounded memory.

    Args:
        openers: each opens a recording, or raises `DataError`.
        decoding: how the utterances are decoded.
        activity: finds speech, at the rate of the model's features.
        progress: is told of seconds of audio that are done with; they add up to the durations of
            the recordings that could be opened.

    Yields:
        the number of a recording and what comes of it. All of one recording comes before the next;
        a recording that fails is done with, and the others go on.
    """
    seconds = decoding.options.batch_seconds
    share = FIRST_SHARE
    parts: list[Segment] = []
    waiting: list[tuple[int, _Waiting | Recording | DataError]] = []
    held = 0.0

    def flush() -> Iterator[tuple[int, Outcome]]:
        utterances = [item for _, item in waiting if isinstance(item, _Waiting)]
        texts = iter(())
        if utterances:
            texts = iter(
                decoding(
                    [utterance.features for utterance in utterances],
                    lambda numbers: progress(sum(utterances[i].end - utterances[i].since for i in numbers)),
                )
            )
        for number, item in waiting:
            if isinstance(item, _Waiting):
                parts.append(Segment(item.start, item.end, next(texts), item.speech))
                yield number, parts[-1]
                continue
            if isinstance(item, Recording):
                item = replace(item, segments=tuple(parts))
            parts.clear()
            yield number, item
        waiting.clear()

    for number, item in _utterances(openers, decoding, activity, progress):
        waiting.append((number, item))
        if isinstance(item, _Waiting):
            held += item.seconds
        if not held:  # nothing waits to be decoded, so nothing need wait for it
            yield from flush()
        elif held >= share * seconds:
            yield from flush()
            held, share = 0.0, min(2 * share, BATCHES_AHEAD)
    yield from flush()


def _utterances(
    openers: Iterable[Opener],
    decoding: Decoding,
    activity: VoiceActivity,
    progress: Callable[[float], None],
) -> Iterator[tuple[int, _Waiting | Recording | DataError]]:
    """Yield the utterances of each recording, then the recording without segments, or its error."""
    config = decoding.config
    bins = int(config.features["num_mel_bins"])
    for number, opener in enumerate(openers):
        reached = duration = 0.0
        try:
            source = opener()
            duration = source.duration
            for utterance in find_utterances(
                source, activity, decoding.max_segment, decoding.options.min_pause
            ):
                features = _features(utterance.samples, activity.rate, bins, source.name)
                item = _Waiting(utterance.start, utterance.end, utterance.speech, features, reached)
                reached = item.end
                yield number, item
        except DataError as error:
            progress(max(0.0, duration - reached))
            yield number, error
            continue
        duration = source.duration  # which may have been estimated before
        progress(duration - reached)
        yield number, Recording(source.name, duration, config.source_lang, config.target_lang)


def _features(samples: np.ndarray, rate: int, bins: int, name: str | None) -> np.ndarray:
    try:
        return fbank(samples, rate, bins)
    except DataError as error:
        raise DataError(f"{name or 'the samples'}: {error}") from error
