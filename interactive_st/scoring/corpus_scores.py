"""Corpus scores of pairs: BLEU and chrF of the translations, WER and CER of the transcripts."""

from collections.abc import Iterable, Sequence

import jiwer
from sacrebleu.metrics import BLEU, CHRF

from interactive_st.errors import DataError
from interactive_st.scoring.bleu_tokenizer import tokenizer_for
from interactive_st.scoring.metrics import Exact, Scores
from interactive_st.scoring.pairs_file import Pair

#: What a pair without a speaker is counted under.
NO_SPEAKER = ""


def score_pairs(
    pairs: Iterable[Pair],
    *,
    wer_lowercase: bool = False,
    wer_remove_punctuation: bool = False,
    sacrebleu_tokenizer: str | None = None,
    per_speaker: bool = False,
) -> Scores:
    """Score a corpus.

    A pair without a transcript or its reference is left out of WER and CER, one without a translation or
    its reference out of BLEU and chrF; a score for which nothing is left is None.

    Args:
        pairs: as `read_pairs` returns them.
        wer_lowercase: compare transcripts in lower case.
        wer_remove_punctuation: compare transcripts without punctuation (Unicode class P).
        sacrebleu_tokenizer: one of sacrebleu's, for BLEU; None: by the language of the translations
            (``tgt_lang``), see `interactive_st.scoring.bleu_tokenizer`.
        per_speaker: add ``speakers``, the scores of each.

    Raises:
        DataError: there are no pairs, or sacrebleu has no such tokeniser or cannot make it.
    """
    pairs = list(pairs)
    if not pairs:
        raise DataError("there are no pairs to score")
    normalise = _normaliser(wer_lowercase, wer_remove_punctuation)
    tokeniser = sacrebleu_tokenizer or tokenizer_for({pair.get("tgt_lang") for pair in pairs})
    bleu, chrf = _bleu(tokeniser), CHRF()
    scores = _scores(pairs, normalise, bleu, chrf)
    scores["exact"] = _exact(pairs, normalise)
    scores["bleu_signature"] = bleu.get_signature().format() if scores["bleu"] is not None else None
    scores["chrf_signature"] = chrf.get_signature().format() if scores["chrf"] is not None else None
    scores["wer_normalisation"] = _describe(wer_lowercase, wer_remove_punctuation)
    if per_speaker:
        speakers: dict[str, list[Pair]] = {}
        for pair in pairs:
            speakers.setdefault(pair.get("speaker") or NO_SPEAKER, []).append(pair)
        scores["speakers"] = {
            speaker: _scores(own, normalise, bleu, chrf) for speaker, own in sorted(speakers.items())
        }
    return scores


def _scores(pairs: Sequence[Pair], normalise: jiwer.Compose, bleu: BLEU, chrf: CHRF) -> Scores:
    transcripts = _transcript_scores(pairs, normalise)
    return {"sentences": len(pairs)} | transcripts | _translation_scores(pairs, bleu, chrf)


def _bleu(tokeniser: str) -> BLEU:
    if tokeniser not in BLEU.TOKENIZERS:
        raise DataError(
            f"sacrebleu has no tokeniser {tokeniser!r}; choose one of " + ", ".join(BLEU.TOKENIZERS)
        )
    try:
        return BLEU(tokenize=tokeniser)
    except (RuntimeError, ImportError, OSError) as error:  # an extra is not installed, or a download failed
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"sacrebleu cannot make its tokeniser {tokeniser} ({reason}); mend that, or choose another"
        ) from error


def _normaliser(lowercase: bool, remove_punctuation: bool) -> jiwer.Compose:
    steps = []
    if lowercase:
        steps.append(jiwer.ToLowerCase())
    if remove_punctuation:
        steps.append(jiwer.RemovePunctuation())
    # jiwer parts words at spaces alone, and there are other ones between words, as before French marks
    return jiwer.Compose([*steps, jiwer.SubstituteRegexes({r"\s+": " "}), jiwer.Strip()])


def _describe(lowercase: bool, remove_punctuation: bool) -> str:
    done = ["lower case"] * lowercase + ["punctuation removed"] * remove_punctuation
    return f"{', '.join(done) or 'none'} (jiwer {_version()})"


def _version() -> str:
    from importlib.metadata import version

    return version("jiwer")


def _transcript_scores(pairs: Sequence[Pair], normalise: jiwer.Compose) -> Scores:
    compared = [
        (normalise(pair["reference_transcript"]), normalise(pair["transcript"]))
        for pair in pairs
        if pair.get("reference_transcript") and pair["transcript"] is not None
    ]
    # a reference of punctuation only says nothing once that is removed
    compared = [(reference, heard) for reference, heard in compared if reference]
    scores: Scores = {"transcripts_scored": len(compared), "wer": None, "cer": None}
    if not compared:
        return scores
    references, transcripts = (list(texts) for texts in zip(*compared, strict=True))
    words = jiwer.process_words(references, transcripts)
    characters = jiwer.process_characters(references, transcripts)
    return scores | {
        "wer": 100 * words.wer,
        "cer": 100 * characters.cer,
        "words": words.hits + words.substitutions + words.deletions,
        "characters": characters.hits + characters.substitutions + characters.deletions,
        "substitutions": words.substitutions,
        "deletions": words.deletions,
        "insertions": words.insertions,
    }


def _translation_scores(pairs: Sequence[Pair], bleu: BLEU, chrf: CHRF) -> Scores:
    scored = [
        pair
        for pair in pairs
        if (pair.get("reference_translation") or "").strip() and pair["translation"] is not None
    ]
    scores: Scores = {"translations_scored": len(scored), "bleu": None, "chrf": None}
    if not scored:
        return scores
    translations = [pair["translation"] for pair in scored]
    references = [[pair["reference_translation"] for pair in scored]]
    return scores | {
        "bleu": bleu.corpus_score(translations, references).score,
        "chrf": chrf.corpus_score(translations, references).score,
    }


def _exact(pairs: Sequence[Pair], normalise: jiwer.Compose) -> Exact | None:
    """Count texts that are the reference to the letter, transcripts as they are compared; None where no pair
    has both texts and both references.

    Where a transcript is right and its translation is not, it is the translation that failed.
    """
    whole = [
        pair
        for pair in pairs
        if None not in (pair["transcript"], pair["translation"])
        and (pair.get("reference_transcript") or "").strip()
        and (pair.get("reference_translation") or "").strip()
    ]
    if not whole:
        return None
    heard = [normalise(pair["transcript"]) == normalise(pair["reference_transcript"]) for pair in whole]
    translated = [pair["translation"].split() == pair["reference_translation"].split() for pair in whole]
    return {
        "pairs": len(whole),
        "transcripts": sum(heard),
        "translations": sum(translated),
        "both": sum(map(all, zip(heard, translated, strict=True))),
    }
