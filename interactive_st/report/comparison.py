"""Several systems on the same utterances: matched and measured.

After Figure 4 of Liu et al., AAAI 2020: reference, and each system's transcript and translation.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations

from interactive_st.conventions import STREAM_NAMES
from interactive_st.errors import DataError
from interactive_st.report.word_diff import Difference, compare, distance, is_unspaced
from interactive_st.scoring.bleu_tokenizer import tokenizer_for
from interactive_st.scoring.columns import number
from interactive_st.scoring.corpus_scores import score_pairs
from interactive_st.scoring.metrics import METRICS, Scores
from interactive_st.scoring.pairs_file import Pair
from interactive_st.wording import counted


@dataclass(frozen=True)
class Utterance:
    """One utterance as all systems wrote it; ``pairs`` by system, in the order of the command line."""

    id: str
    pairs: dict[str, Pair]

    def reference(self, stream: str) -> str | None:
        """The reference text, from the first system's file that has one."""
        return self.field(f"reference_{stream}") or None

    def with_references(self, system: str) -> Pair:
        """A system's pair, with `reference` where its file has none."""
        pair = self.pairs[system]
        return pair | {
            f"reference_{stream}": pair.get(f"reference_{stream}") or self.reference(stream)
            for stream in STREAM_NAMES
        }

    def field(self, key: str) -> str:
        """A field such as ``speaker`` or ``tgt_lang``, from the first system's file that has it; empty where
        unknown."""
        return next((pair[key] for pair in self.pairs.values() if pair.get(key)), "")

    @property
    def about(self) -> str:
        """Who speaks, where that is known, and how much the systems differ, where there are several."""
        difference = f"difference {self.difference:.2f}" if len(self.pairs) > 1 else ""
        return " · ".join(filter(None, (self.field("speaker"), difference)))

    def marked(self, system: str, stream: str) -> Difference | None:
        """A system's text aligned with the reference; None without reference or text."""
        reference, text = self.reference(stream), self.pairs[system][stream]
        return compare(text, reference) if reference and text is not None else None

    @cached_property
    def difference(self) -> float:
        """How much the systems differ from one another, 0 to 1.

        Mean over pairs of systems and the streams that both of them write.
        """
        values = [
            distance(one[stream], other[stream])
            for one, other in combinations(self.pairs.values(), 2)
            for stream in STREAM_NAMES
            if one[stream] is not None and other[stream] is not None
        ]
        return sum(values) / len(values) if values else 0.0

    @cached_property
    def error_rate(self) -> str:
        """What `wer` is called: in scripts without spaces characters are counted, not words."""
        return "CER" if is_unspaced(self.reference("transcript") or "") else "WER"

    @cached_property
    def wer(self) -> dict[str, float | None]:
        """Error rate of the transcript by system, in percent; of words, or see `error_rate`."""
        marked = {system: self.marked(system, "transcript") for system in self.pairs}
        return {system: None if own is None else own.error_rate for system, own in marked.items()}

    @cached_property
    def bleu(self) -> dict[str, float | None]:
        """Sentence BLEU of the translation by system (sacrebleu, effective order)."""
        from sacrebleu.metrics import BLEU

        reference = self.reference("translation")
        metric = BLEU(effective_order=True, tokenize=_tokeniser(self.pairs.values()))

        def score(text: str | None) -> float | None:
            return metric.sentence_score(text, [reference]).score if reference and text is not None else None

        return {system: score(pair["translation"]) for system, pair in self.pairs.items()}

    def shown_scores(self, system: str) -> tuple[tuple[str, str], tuple[str, str]]:
        """Of a system's transcript and of its translation, what the score is called, and it as text."""
        wer, bleu = (number(values[system], 1) for values in (self.wer, self.bleu))
        return (self.error_rate, wer), (METRICS["bleu"].title, bleu)


@dataclass(frozen=True)
class Comparison:
    """``utterances`` that all systems have; ``missing``: by system the ids that only others have;
    ``notes`` on what does not fit together; ``scores`` of each system over ``utterances``."""

    systems: list[str]
    utterances: list[Utterance]
    missing: dict[str, list[str]]
    notes: list[str]

    @cached_property
    def scores(self) -> dict[str, Scores]:
        """Corpus scores by system, of the utterances that all have, BLEU by one tokeniser.

        A reference that a file lacks is that of the others, so that all are scored on as many utterances.
        """
        by_system = {s: [u.with_references(s) for u in self.utterances] for s in self.systems}
        tokeniser = _tokeniser(chain.from_iterable(by_system.values()))
        return {s: score_pairs(pairs, sacrebleu_tokenizer=tokeniser) for s, pairs in by_system.items()}


def match(files: Mapping[str, Sequence[Pair]]) -> Comparison:
    """Match the pairs of several systems by their ids.

    Args:
        files: pairs by the name of the system.

    Raises:
        DataError: an id is lacking or used twice in a file, or no utterance is in all files.
    """
    by_system = {system: _by_id(system, pairs) for system, pairs in files.items()}
    everything = list(dict.fromkeys(i for pairs in by_system.values() for i in pairs))
    common = [i for i in everything if all(i in pairs for pairs in by_system.values())]
    if not common:
        firsts = ", ".join(f"{system}: {next(iter(pairs))}" for system, pairs in by_system.items())
        raise DataError(
            f"no utterance is in all files (their first ids are {firsts}); compare decodings of the "
            f"same test set"
        )
    utterances = [Utterance(i, {s: pairs[i] for s, pairs in by_system.items()}) for i in common]
    missing = {s: [i for i in everything if i not in pairs] for s, pairs in by_system.items()}
    return Comparison(
        list(files), utterances, {s: ids for s, ids in missing.items() if ids}, _disagreements(utterances)
    )


def _tokeniser(pairs: Iterable[Pair]) -> str:
    """sacrebleu's for these translations; a file that does not name their language has that of the others."""
    return tokenizer_for({pair.get("tgt_lang") for pair in pairs})


def _by_id(system: str, pairs: Sequence[Pair]) -> dict[str, Pair]:
    ids = [str(pair["id"]) if pair.get("id") is not None else None for pair in pairs]
    if None in ids:
        raise DataError(
            f"{system}: pair {ids.index(None) + 1} has no id; decode again with --pairs-path, or add ids"
        )
    twice = [i for i, count in Counter(ids).items() if count > 1]
    if twice:
        raise DataError(
            f"{system}: the id {twice[0]} is used {Counter(ids)[twice[0]]} times; keep one of them"
        )
    return dict(zip(ids, pairs, strict=True))


def _disagreements(utterances: Sequence[Utterance]) -> list[str]:
    notes = []
    for stream in STREAM_NAMES:
        differing = []
        for utterance in utterances:
            texts = {pair.get(f"reference_{stream}") for pair in utterance.pairs.values()} - {None, ""}
            if len(texts) > 1:
                differing.append(utterance.id)
        if differing:
            notes.append(
                f"the files have other reference {stream}s for {counted(len(differing), 'utterance')}, "
                f"such as {differing[0]}; an utterance's marks and scores are against the first file's, "
                "corpus scores against each file's own"
            )
    return notes
