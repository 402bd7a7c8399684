"""`interactive-st join`: joint manifests from data that fairseq's recipes prepared."""

import argparse

from interactive_st.cli import names, path_name, print_notes, require_there, say, user_errors
from interactive_st.conventions import given
from interactive_st.data import choices
from interactive_st.errors import UserError

HELP = "join fairseq's ASR and ST manifests into joint ones, on top of the same fbank80.zip"
DESCRIPTION = """\
fairseq's prep_mustc_data.py, run for --task asr and --task st, leaves the transcripts in
train_asr.tsv and the translations in train_st.tsv. This joins them by their ids. The features are
used where they are and as they are. What does not match is reported, with counts and first ids.

  FOLDER…          one or several folders such as MUSTC_ROOT/en-de: a whole data folder is made,
                   with a joint vocabulary and config_joint.yaml. Several folders make one-to-many
                   data: the splits are then train_de, train_fr, …
  ASR.tsv ST.tsv   two manifests: one joint manifest is made, and nothing else
"""
EPILOG = """\
The data folder names the archive of the features by its whole path, as audio_root in
config_joint.yaml; change it there if the archive moves.

examples:
  interactive-st join /corpora/mustc/en-de --out data
  interactive-st join /corpora/mustc/en-de /corpora/mustc/en-fr --vocab-size 10000 --out data
  interactive-st join /corpora/covost/en --asr-suffix asr_en --st-suffix st_en_de --source-lang en \\
    --target-lang de --sample-rate 48000 --out data
  interactive-st join train_asr.tsv train_st.tsv --out train.tsv
"""
#: Options that a join of folders alone has.
FOR_FOLDERS = ("splits", "asr_suffix", "st_suffix", "vocab_size", "vocab_type", "sample_rate")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "inputs",
        nargs="+",
        type=path_name,
        metavar="FOLDER|TSV",
        help="folders, or an ASR and an ST manifest",
    )
    parser.add_argument(
        "--out",
        required=True,
        type=path_name,
        metavar="PATH",
        help="the data folder, or the manifest, to make",
    )
    parser.add_argument(
        "--source-lang", metavar="XX", help="language of the transcripts (default: from the folder, en-de)"
    )
    parser.add_argument(
        "--target-lang", metavar="XX", help="language of the translations (default: from the folder)"
    )
    parser.add_argument(
        "--keep-unmatched",
        action="store_true",
        help="keep rows that only one manifest has, with one text (default: leave them out)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace what is at --out")
    folders = parser.add_argument_group("folders")
    folders.add_argument(
        "--splits", type=names, metavar="A[,B…]", help="splits to join (default: all that both tasks have)"
    )
    for option, what, suffix in (
        ("--asr-suffix", "transcripts", choices.ASR_SUFFIX),
        ("--st-suffix", "translations", choices.ST_SUFFIX),
    ):
        folders.add_argument(option, metavar="S", help=f"{what} are in SPLIT_S.tsv (default: {suffix})")
    folders.add_argument(
        "--vocab-size",
        type=int,
        metavar="N",
        help=f"entries of the joint vocabulary (default: {choices.VOCAB_SIZE})",
    )
    folders.add_argument(
        "--vocab-type",
        choices=choices.VOCAB_TYPES,
        help=f"kind of sentencepiece model (default: {choices.VOCAB_TYPE})",
    )
    folders.add_argument(
        "--sample-rate",
        type=int,
        metavar="HZ",
        help="rate of the audio that the features are of, at which those of new recordings are computed: "
        f"48000 for CoVoST 2, whose clips fairseq does not resample (default: {choices.SAMPLE_RATE})",
    )


def main(args: argparse.Namespace) -> int:
    """Join, and say what was joined and what does not match.

    Raises:
        UserError: the inputs cannot be joined.
    """
    with user_errors():
        require_there(args.inputs)
        if all(path.is_dir() for path in args.inputs):
            return _join_folders(args)
        if len(args.inputs) == 2 and not any(path.is_dir() for path in args.inputs):
            return _join_files(args)
    raise UserError("give folders such as MUSTC_ROOT/en-de, or two manifests: train_asr.tsv train_st.tsv")


def _join_folders(args: argparse.Namespace) -> int:
    from interactive_st.data.joining.folders import join_folders

    used = (*FOR_FOLDERS, "source_lang", "target_lang", "keep_unmatched", "overwrite")
    options = {name: getattr(args, name) for name in used}
    joined, size, notes = join_folders(args.inputs, args.out, **options)
    print_notes(notes)
    for split, part in joined.items():
        for line in part.describe():
            say(f"{split}: {line}")
    for archive in sorted({archive for part in joined.values() for archive in part.archives}):
        say(f"features: {archive}")
    print(f"audio of these features: {args.sample_rate or choices.SAMPLE_RATE} Hz (--sample-rate)")
    print(f"vocabulary: {size} entries")
    say(f"ready: {args.out}")
    return 0


def _join_files(args: argparse.Namespace) -> int:
    from interactive_st.data.joining.manifests import join_files

    if wrong := given(args, dict.fromkeys(FOR_FOLDERS)):
        raise UserError(f"{', '.join(wrong)}: for folders only; two manifests make one manifest")
    joined = join_files(
        *args.inputs,
        args.out,
        overwrite=args.overwrite,
        source_lang=args.source_lang or "",
        target_lang=args.target_lang or "",
        keep_unmatched=args.keep_unmatched,
    )
    for line in joined.describe():
        say(line)
    say(f"ready: {args.out}")
    return 0
