"""The scores by name: titles, which text each is of and which way is better, and those of a corpus; light."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from interactive_st.conventions import TRANSCRIPT, TRANSLATION


class Metric(NamedTuple):
    """A score: the head of its column, the stream that is scored, and whether more of it is better."""

    title: str
    stream: int
    higher_is_better: bool


#: By the keys of `Scores`, in the order in which they are shown.
METRICS = {
    "wer": Metric("WER %", TRANSCRIPT, False),
    "cer": Metric("CER %", TRANSCRIPT, False),
    "bleu": Metric("BLEU", TRANSLATION, True),
    "chrf": Metric("chrF", TRANSLATION, True),
}


class Exact(TypedDict):
    """Of the ``pairs`` with both texts and both references, how many ``transcripts``, how many
    ``translations`` and how many times ``both`` are the reference to the letter."""

    pairs: int
    transcripts: int
    translations: int
    both: int


class Scores(TypedDict, total=False):
    """Scores of a corpus.

    ``wer``, ``cer``, ``bleu`` and ``chrf`` are in percent, 0 to 100 (error rates may exceed 100), or None
    where there is nothing to score. ``transcripts_scored`` and ``translations_scored``: pairs with text and
    reference. ``words`` and ``characters`` are those of the references, ``substitutions``, ``deletions``
    and ``insertions`` words; none of the five is there without transcripts. ``exact`` is None where no pair
    has all four texts. ``speakers``, if asked for: the same by name, without ``exact`` and the three behind
    it, which say what scores were counted by.
    """

    sentences: int
    transcripts_scored: int
    wer: float | None
    cer: float | None
    words: int
    characters: int
    substitutions: int
    deletions: int
    insertions: int
    translations_scored: int
    bleu: float | None
    chrf: float | None
    exact: Exact | None
    bleu_signature: str | None
    chrf_signature: str | None
    wer_normalisation: str
    speakers: dict[str, Scores]
