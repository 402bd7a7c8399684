"""`interactive-st prepare`: from recordings and texts to a data folder."""

import argparse
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interactive_st.cli import names, path_name, print_notes, say, user_errors, whole_number
from interactive_st.conventions import given
from interactive_st.data import choices
from interactive_st.errors import UserError
from interactive_st.wording import counted

if TYPE_CHECKING:
    from interactive_st.data.utterances import Split

HELP = "make a data folder for fairseq-train and fairseq-generate from recordings or a corpus"
DESCRIPTION = """\
Computes features, a joint vocabulary and fairseq's manifests from tables of utterances, or from a
published corpus in its own file layout (MuST-C, CoVoST 2, Europarl-ST; see examples/).

A manifest is a tab-separated UTF-8 file without quoting. Its header line names the columns

  id         unique in the file
  audio      wav, flac, ogg, mp3, m4a, mp4 … of any rate and channel count; relative to the manifest
  src_text   transcript; may be empty where tgt_text is not
  tgt_text   translation; may be empty where src_text is not

and may name, in any order with these,

  speaker             any name; scores are reported by speaker
  src_lang tgt_lang   languages of the row, instead of --source-lang and --target-lang
  offset duration     the part of the audio file that is meant, in seconds
"""
EPILOG = """\
output: config_joint.yaml, dict.txt, spm_joint.model, spm_joint.vocab, and for each split a table
SPLIT.tsv and its features SPLIT.zip; in the folder mt the texts in pieces of the vocabulary, from
which `fairseq-train --task translation --dataset-impl raw` makes a translation model (see
`interactive-st cascade`). The folder appears when it is complete, or not at all, and can be moved.

text: sentences without speech, from which the decoder learns to translate too (docs/data_formats.md):
src_text and tgt_text, and any of id, src_lang, tgt_lang. Two files with a sentence a line become such a
table by (printf 'src_text\\ttgt_text\\n'; paste corpus.en corpus.de) > text.tsv

bad rows: unreadable, missing, empty, cut off or too short audio, NaN, times outside the audio, an id
used twice, no text at all, a wrong number of fields, text that is not UTF-8. The first 50 are listed with
file and line, and nothing is written; --skip-bad leaves them out, and lists all of them.

corpora: with one language the splits have the corpus's names, with several those of fairseq's
multilingual recipes: train_de, train_fr, …; recordings that they share are stored once.

examples:
  interactive-st prepare --manifest train=train.tsv --manifest dev=dev.tsv --out data
  interactive-st prepare --manifest test=new.tsv --like data --out data-new
  interactive-st prepare --manifest train=train.tsv --text train_text=text.tsv --out data
  interactive-st prepare --mustc /corpora/mustc --lang de --skip-bad --out data
"""

#: The options that name a corpus, and its kind in `data.corpora`.
CORPORA = {"--mustc": "mustc", "--covost2": "covost2", "--europarl-st": "europarl_st"}
LAYOUTS = (
    "ROOT/en-de/data/train/{wav,txt}",
    "ROOT/en/{clips,validated.tsv,covost_v2.en_de.tsv}",
    "ROOT/en/{audios,de/train/segments.lst}",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command; those left out have their default in `data.choices`."""
    add = parser.add_argument
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--manifest",
        action="append",
        metavar="SPLIT=FILE",
        type=_split_and_file,
        help="a split and its manifest; once for each split. The vocabulary (and global CMVN) "
        "come from splits whose name begins with train",
    )
    for option, layout in zip(CORPORA, LAYOUTS, strict=True):
        source.add_argument(
            option, type=path_name, metavar="ROOT", help=f"instead of manifests, a corpus: {layout}"
        )
    add(
        "--text",
        action="append",
        default=[],
        metavar="SPLIT=FILE",
        type=_split_and_file,
        help="a split of texts without speech and its table, beside manifests or a corpus, as in "
        "train_text=text.tsv; once for each split. With --like and no speech, for a folder that is there "
        "already: SPLIT.tsv can be copied into it",
    )
    add("--out", required=True, type=path_name, metavar="DIR", help="the data folder to make")
    add(
        "--audio-root",
        type=path_name,
        metavar="DIR",
        help="what relative audio paths are relative to (default: the folder of the manifest)",
    )
    for option, what, default in (
        ("--source-lang", "transcripts", choices.SOURCE_LANG),
        ("--target-lang", "translations", choices.TARGET_LANG),
    ):
        text = f"language of {what} where a row names none (default: {default})"
        add(option, metavar="XX", help=text)
    _add_corpora(parser.add_argument_group("corpora"))
    _add_vocabulary(parser.add_argument_group("vocabulary"))
    _add_features(parser.add_argument_group("features"))
    run = parser.add_argument_group("run")
    run.add_argument(
        "--like",
        type=path_name,
        metavar="DIR",
        help="take vocabulary, features, CMVN, SpecAugment and languages from this data folder, "
        "to make new data for a model that was trained on it",
    )
    run.add_argument(
        "--skip-bad",
        action="store_true",
        help="leave bad rows out and list them in skipped.tsv (default: list them and stop)",
    )
    run.add_argument(
        "--workers",
        type=whole_number,
        metavar="N",
        help="processes that compute features; the output does not depend on it (default: one "
        "for each core, fewer for little data)",
    )
    run.add_argument(
        "--overwrite",
        action="store_true",
        help="replace the data folder that is at --out; refused where it holds anything else",
    )


def main(args: argparse.Namespace) -> int:
    """Prepare the data folder and print what is in it.

    Raises:
        UserError: options contradict each other, data cannot be used, or the folder cannot be made.
    """
    from interactive_st.data.preparation.prepare import prepare

    with user_errors():
        report = prepare(
            _sources(args),
            args.out,
            texts=_by_split(args.text, "--text"),
            **_options(args),
            skip_bad=args.skip_bad,
            workers=args.workers,
            audio_root=args.audio_root,
            overwrite=args.overwrite,
        )
    print_notes(report.notes)
    if report.skipped:
        print_notes([f"{counted(len(report.skipped), 'bad row')} left out, see skipped.tsv"])
    for split, rows in report.rows.items():
        frames = report.frames[split]
        what = f"{counted(frames, 'frame')} of {counted(report.dim, 'feature')}" if frames else "text alone"
        say(f"{split}: {counted(rows, 'row')}, {what}")
    say(f"ready: {report.folder}")
    return 0


def _options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options of the command that are those of `PrepareOptions`."""
    from interactive_st.data.preparation.options import PrepareOptions

    return {field.name: getattr(args, field.name) for field in fields(PrepareOptions)}


def _sources(args: argparse.Namespace) -> "dict[str, Path] | dict[str, Split]":
    """Return the manifest of each split, or what the reader of a corpus makes of it."""
    from interactive_st.data.corpora.by_name import read_corpus
    from interactive_st.data.folder.new_folder import check_place
    from interactive_st.data.preparation.options import PrepareOptions, resolve_options

    roots = {option: getattr(args, kind) for option, kind in CORPORA.items()}
    corpus = next((option for option, root in roots.items() if root is not None), None)
    if corpus is None:
        if wrong := given(args, dict.fromkeys(("lang", "splits", "max_seconds"))):
            raise UserError(f"{', '.join(wrong)}: for corpora only; manifests name splits and languages")
        if not args.manifest and not args.text:
            raise UserError(f"name what to prepare: --manifest, {', '.join(CORPORA)} or --text")
        return _by_split(args.manifest or [], "--manifest")
    if args.features or args.audio_root:
        raise UserError(f"--features and --audio-root are for manifests; {corpus} says where its audio is")
    if not args.lang:
        raise UserError(f"{corpus} needs --lang, the languages of the translations: --lang de")
    if args.target_lang is not None and args.target_lang not in args.lang:
        raise UserError(f"--target-lang {args.target_lang} is not among --lang {','.join(args.lang)}")
    # before the corpus is read, which takes minutes
    resolve_options(PrepareOptions(**_options(args)))
    check_place(args.out, args.overwrite)
    return read_corpus(
        CORPORA[corpus],
        roots[corpus],
        args.lang,
        source_lang=args.source_lang,
        splits=args.splits,
        max_seconds=args.max_seconds,
    )


def _by_split(named: list[tuple[str, Path]], option: str) -> dict[str, Path]:
    if len(found := dict(named)) < len(named):
        raise UserError(f"{option} names a split twice; give each split one file")
    return found


def _split_and_file(text: str) -> tuple[str, Path]:
    split, separator, file = text.partition("=")
    if not (split and separator and file):
        raise argparse.ArgumentTypeError(f"{text!r} is not SPLIT=FILE, such as train=train.tsv")
    return split, Path(file)


def _add_corpora(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--lang",
        type=names,
        metavar="XX[,YY…]",
        help="languages of the translations; --source-lang is that of the speech",
    )
    group.add_argument(
        "--splits",
        type=names,
        metavar="A[,B…]",
        help="splits of the corpus (default: all there are, but train-noisy of Europarl-ST)",
    )
    group.add_argument(
        "--max-seconds",
        type=float,
        metavar="S",
        help="leave longer segments of training splits out "
        f"(default: {choices.LONGEST_TRAINING_SECONDS:g}, as fairseq's recipes do)",
    )


def _add_vocabulary(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--vocab-size",
        type=int,
        metavar="N",
        help="entries of the vocabulary of both languages; fewer, with a note, where the text "
        f"gives no more (default: {choices.VOCAB_SIZE})",
    )
    group.add_argument(
        "--vocab-type",
        choices=choices.VOCAB_TYPES,
        help=f"kind of sentencepiece model (default: {choices.VOCAB_TYPE})",
    )


def _add_features(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--num-mel-bins",
        type=int,
        metavar="N",
        help=f"dimension of the filterbanks (default: {choices.NUM_MEL_BINS})",
    )
    group.add_argument(
        "--sample-rate",
        type=int,
        metavar="HZ",
        help=f"rate that all audio is resampled to (default: {choices.SAMPLE_RATE})",
    )
    group.add_argument(
        "--cmvn",
        choices=choices.CMVN_TYPES,
        help="normalise mean and variance over each utterance, over all training data, or not "
        f"at all (default: {choices.CMVN})",
    )
    group.add_argument(
        "--dynamic-range",
        type=float,
        metavar="DB",
        help="raise what is more than DB decibels below the peak of its filter in the utterance to that "
        "level: what is left of rooms and microphones in the pauses then matters less; 25 to 40 are "
        "usual for log filterbanks (default: no limit)",
    )
    group.add_argument(
        "--specaugment",
        choices=choices.POLICIES,
        help="masking of training features: LibriSpeech basic or double, Switchboard mild or "
        f"strong (default: {choices.POLICY}); masks are narrower for fewer than 80 dimensions",
    )
    group.add_argument(
        "--features",
        action="store_true",
        help="the column audio names .npy files of features, (frames, dimensions), of any "
        "dimension; they are taken as they are",
    )
