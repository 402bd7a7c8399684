"""`interactive-st score`: BLEU, chrF, WER and CER of a pairs file."""

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from interactive_st.cli import print_notes, say
from interactive_st.scoring.metrics import Scores
from interactive_st.wording import counted, for_terminal

HELP = "score the transcripts and translations of a pairs file"
DESCRIPTION = """\
Prints WER and CER of the transcripts (jiwer) and BLEU and chrF of the translations (sacrebleu), with
the normalisation and the signatures. Texts without a reference are left out and counted. Words are
compared as they are, with case and punctuation, unless the options say otherwise.
"""
EPILOG = """\
examples:
  interactive-st score test.jsonl
  interactive-st score test.jsonl --wer-lowercase --wer-remove-punctuation --per-speaker
  interactive-st score --json test.jsonl > test.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "pairs",
        nargs="+",
        metavar="PAIRS.jsonl",
        help="file written by --pairs-path; several, such as the shards of one run, are scored as one corpus",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--per-speaker", action="store_true", help="score each speaker as well")
    parser.add_argument(
        "--sacrebleu-tokenizer",
        metavar="NAME",
        help="sacrebleu's tokeniser for BLEU (default: by the language of the translations: zh, ja-mecab or "
        "char for those written without spaces, ko-mecab for Korean where it is installed, else 13a)",
    )
    parser.add_argument("--wer-lowercase", action="store_true", help="compare transcripts in lower case")
    parser.add_argument(
        "--wer-remove-punctuation",
        action="store_true",
        help="compare transcripts without punctuation",
    )


def main(args: argparse.Namespace) -> int:
    """Print the scores.

    Raises:
        DataError: a file cannot be read, or an option has no meaning.
    """
    from interactive_st.scoring.corpus_scores import score_pairs
    from interactive_st.scoring.pairs_file import read_shards

    pairs = read_shards(args.pairs)
    scores = score_pairs(
        pairs,
        wer_lowercase=args.wer_lowercase,
        wer_remove_punctuation=args.wer_remove_punctuation,
        sacrebleu_tokenizer=args.sacrebleu_tokenizer,
        per_speaker=args.per_speaker,
    )
    _note_repeated(pairs)
    if scores["bleu"] is not None and not args.sacrebleu_tokenizer:
        _note_languages(pairs)
    if args.json:
        say(json.dumps(scores, ensure_ascii=False, indent=2))
    else:
        _print_table(scores)
    return 0


def _note_repeated(pairs: Sequence[Mapping[str, Any]]) -> None:
    counts = Counter(pair["id"] for pair in pairs if pair.get("id") is not None)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        example = f"such as {repeated[0]}, and each counts; is a file named twice?"
        print_notes([f"{counted(len(repeated), 'id')} found more than once, {example}"])


def _note_languages(pairs: Sequence[Mapping[str, Any]]) -> None:
    """Say so where BLEU takes sentences without spaces for one word, since others are beside them."""
    from interactive_st.scoring.bleu_tokenizer import DEFAULT, tokenizer_for

    languages = sorted({pair.get("tgt_lang") or "" for pair in pairs} - {""})
    if len({tokenizer_for([language]) for language in languages}) > 1:
        others = [language for language in languages if tokenizer_for([language]) != DEFAULT]
        print_notes(
            [
                f"translations are in {', '.join(languages)}, and BLEU is counted with {DEFAULT}, which is "
                f"not made for {', '.join(others)}: score each language by itself, or give "
                "--sacrebleu-tokenizer"
            ]
        )


def _print_table(scores: Scores) -> None:
    from interactive_st.scoring.columns import COLUMNS, SIGNATURES, cells
    from interactive_st.terminal import PipedConsole, print_whole, score_table

    table = score_table("", ("sentences", *COLUMNS.values()))
    rows = [(speaker or "(no speaker)", own) for speaker, own in scores.get("speakers", {}).items()]
    # signatures are copied into papers: never broken into lines; nor is `:a:` of a name a picture to draw
    console = PipedConsole(soft_wrap=True, highlight=False, markup=False, emoji=False)
    for name, row in [*rows, ("all", scores)]:
        table.add_row(for_terminal(name), str(row["sentences"]), *cells(row))
    print_whole(console, table)
    if scores["wer"] is not None:
        console.print(
            f"{counted(scores['transcripts_scored'], 'transcript')}, {counted(scores['words'], 'word')}: "
            f"{scores['substitutions']} substituted, {scores['deletions']} deleted, "
            f"{scores['insertions']} inserted; normalisation: {scores['wer_normalisation']}"
        )
    if scores["bleu"] is not None:
        console.print(counted(scores["translations_scored"], "translation"))
        for key in ("bleu_signature", "chrf_signature"):
            console.print(f"{SIGNATURES[key]} {scores[key]}")
    if exact := scores["exact"]:
        console.print(
            f"of {counted(exact['pairs'], 'pair')}, as the reference to the letter: "
            f"{counted(exact['transcripts'], 'transcript')}, "
            f"{counted(exact['translations'], 'translation')}, {exact['both']} both"
        )
    for kind in ("transcript", "translation"):
        missing = scores["sentences"] - scores[f"{kind}s_scored"]
        if missing:
            console.print(f"left out, not written or no reference: {counted(missing, kind)}")
