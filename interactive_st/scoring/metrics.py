"""What is known of each score: its title, the text that it is of, and which way is better; light."""

from typing import NamedTuple

from interactive_st.conventions import TRANSCRIPT, TRANSLATION


class Metric(NamedTuple):
    """A score: the head of its column, the stream that is scored, and whether more of it is better."""

    title: str
    stream: int
    higher_is_better: bool


#: By the keys of `interactive_st.scoring.corpus_scores.score_pairs`, in the order in which they are shown.
METRICS = {
    "wer": Metric("WER %", TRANSCRIPT, False),
    "cer": Metric("CER %", TRANSCRIPT, False),
    "bleu": Metric("BLEU", TRANSLATION, True),
    "chrf": Metric("chrF", TRANSLATION, True),
}
