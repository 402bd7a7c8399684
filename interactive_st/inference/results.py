"""What was heard and how it translates, with times and scores."""

from dataclasses import dataclass

from interactive_st.data.languages import UNSPACED, WIDE, base_language, is_latin
from interactive_st.inference.documents import render


@dataclass(frozen=True)
class Hypothesis:
    """A transcript and the translation that goes with it.

    A text that the model does not write is empty and has no score. Scores are natural logarithms of
    probabilities, normalised by length as fairseq does; ``score`` is that of the pair.
    """

    transcript: str
    translation: str
    transcript_score: float | None
    translation_score: float | None
    score: float


@dataclass(frozen=True)
class Segment:
    """An utterance of a recording; times are seconds from the beginning of the recording.

    ``nbest`` lists its hypotheses, best first; ``speech`` where in it somebody speaks.
    """

    start: float
    end: float
    nbest: tuple[Hypothesis, ...]
    speech: tuple[tuple[float, float], ...] = ()

    @property
    def transcript(self) -> str:
        """The best transcript."""
        return self.nbest[0].transcript

    @property
    def translation(self) -> str:
        """The best translation."""
        return self.nbest[0].translation

    @property
    def score(self) -> float:
        """Score of the best pair."""
        return self.nbest[0].score


@dataclass(frozen=True)
class Recording:
    """A decoded recording.

    ``audio`` is the file as it was named, None for samples from memory; ``duration`` is in seconds;
    ``segments`` are in the order of time and do not overlap. There are none where nobody speaks.
    """

    audio: str | None
    duration: float
    source_lang: str | None
    target_lang: str | None
    segments: tuple[Segment, ...] = ()

    @property
    def transcript(self) -> str:
        """All that was said."""
        return self._join([segment.transcript for segment in self.segments], self.source_lang)

    @property
    def translation(self) -> str:
        """All of it translated."""
        return self._join([segment.translation for segment in self.segments], self.target_lang)

    @property
    def score(self) -> float | None:
        """Mean of the segments' scores, None where there are none."""
        return self.nbest[0].score if self.segments else None

    @property
    def nbest(self) -> tuple[Hypothesis, ...]:
        """Hypotheses of the whole: the r-th joins the segments' r-th, or their last where they have fewer.

        Scores are means over the segments.
        """
        ranks = max((len(segment.nbest) for segment in self.segments), default=0)
        return tuple(self._hypothesis(rank) for rank in range(ranks))

    def _hypothesis(self, rank: int) -> Hypothesis:
        parts = [segment.nbest[min(rank, len(segment.nbest) - 1)] for segment in self.segments]
        return Hypothesis(
            self._join([part.transcript for part in parts], self.source_lang),
            self._join([part.translation for part in parts], self.target_lang),
            _mean([part.transcript_score for part in parts]),
            _mean([part.translation_score for part in parts]),
            _mean([part.score for part in parts]),
        )

    @staticmethod
    def _join(texts: list[str], language: str | None) -> str:
        whole = ""
        for text in filter(None, texts):
            whole += text if not whole or _touch(whole, text, language) else f" {text}"
        return whole

    def render(self, form: str, show: str = "both", name: str | None = None) -> str:
        """Return the recording as a document.

        Args:
            form: ``text``, ``jsonl``, ``tsv``, ``srt`` or ``vtt``.
            show: what ``text`` and subtitles show: ``both``, ``transcript`` or ``translation``.
            name: begins the ids in ``jsonl``, which of all recordings in a file have to differ; the last
                part of `audio` if None.
        """
        return render(self, form, show, name)


def _touch(before: str, after: str, language: str | None) -> bool:
    """Whether two sentences are joined without a space: in Chinese and Japanese they are, unless a Latin
    letter or digit stands on both sides."""
    if base_language(language) not in WIDE & UNSPACED:
        return False
    return not (is_latin(before[-1]) and is_latin(after[0]))


def _mean(scores: list[float | None]) -> float | None:
    return None if None in scores else sum(scores) / len(scores)
