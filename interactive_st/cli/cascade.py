"""`interactive-st cascade`: the pipeline of a speech recogniser and a text translation model."""

import argparse
import shlex
from pathlib import Path

from interactive_st.cli import path_name, user_errors
from interactive_st.conventions import TASK, option_name
from interactive_st.errors import UserError

HELP = "transcribe with one model, translate the transcripts with another, in one pass"
DESCRIPTION = """\
Recognises the utterances of a split with one model and translates each best transcript with a second
one, a text model. Prints the lines of fairseq-generate: S- the transcript, T- the reference, H- and D- the
translation, P- its scores.
"""
EPILOG = """\
the models:
  fairseq-train DATA --user-dir "$(interactive-st user-dir)" --task joint_speech_to_text --arch asr …
  fairseq-train DATA/mt --user-dir "$(interactive-st user-dir)" --task translation --dataset-impl raw \\
      --source-lang en --target-lang de --valid-subset dev --arch transformer --share-all-embeddings …

example:
  interactive-st cascade --asr asr/checkpoint_best.pt --mt mt/checkpoint_best.pt data \\
      --gen-subset test --pairs-path cascade.jsonl

The same is done by fairseq-generate and fairseq-interactive with --path ASR and --mt-path MT.
"""
#: Arguments that have the same name and meaning in fairseq-generate with our task.
PASSED_ON = (
    *("mt_data", "gen_subset", "pairs_path", "beam", "nbest", "lenpen", "mt_args"),
    *("max_tokens", "batch_size"),
)
#: What fairseq advises where an utterance is longer than its limits, which its own commands have.
TOO_LONG = "--skip-invalid-size-inputs-valid-test"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add("data", type=_path_text, metavar="DATA", help="data folder that the recogniser was trained on")
    add(
        "--asr",
        required=True,
        type=_path_text,
        metavar="CKPT",
        help="checkpoint of a model that writes transcripts",
    )
    add(
        "--mt",
        required=True,
        type=_path_text,
        metavar="CKPT",
        help="checkpoint of fairseq's task translation",
    )
    add(
        "--mt-data",
        type=_path_text,
        metavar="DIR",
        help="folder of the text model's dictionaries (default: DATA/mt)",
    )
    add("--gen-subset", default="test", metavar="SPLIT", help="split to decode (default: %(default)s)")
    add(
        "--pairs-path",
        type=_path_text,
        metavar="FILE",
        help="write both texts, scores and references here",
    )
    add("--beam", type=int, default=5, metavar="N", help="of both models (default: %(default)s)")
    add("--nbest", type=int, default=1, metavar="N", help="translations to keep (default: %(default)s)")
    add("--lenpen", type=float, default=1.0, help="length penalty of both models (default: %(default)s)")
    add(
        "--mt-args",
        metavar="JSON",
        default="{}",
        help="generation options of the text model where they differ, as in '{\"beam\": 4}'",
    )
    add("--max-tokens", type=int, metavar="N", help="frames in a batch (default: 12000)")
    add("--batch-size", type=int, metavar="N", help="utterances in a batch")
    add("--fp16", action="store_true", help="compute in half precision")
    add("--cpu", action="store_true", help="compute on the CPU even where there is a GPU")
    add(
        "--generate-options",
        type=shlex.split,
        default=[],
        metavar="TEXT",
        help="more options of fairseq-generate, as --generate-options='--max-len-b 100'",
    )


def main(args: argparse.Namespace) -> int:
    """Decode the split with both models.

    Raises:
        UserError: a file cannot be read, or options contradict the models or each other.
    """
    from fairseq import options
    from fairseq_cli import generate

    from interactive_st.registration import register
    from interactive_st.writing import check_folder

    register()
    words = [args.data, "--task", TASK, "--path", args.asr, "--mt-path", args.mt]
    for name in PASSED_ON:
        value = getattr(args, name)
        words += [] if value is None else [option_name(name), str(value)]
    words += [f"--{name}" for name in ("fp16", "cpu") if getattr(args, name)]
    parser = options.get_generation_parser()
    parser.set_defaults(scoring="sacrebleu")
    try:
        with user_errors():
            if args.pairs_path is not None:
                check_folder(Path(args.pairs_path).parent, f"--pairs-path {args.pairs_path}")
            _check_models(args)
            generate.main(options.parse_args_and_arch(parser, [*words, *args.generate_options]))
    except Exception as error:
        if reason := _reason(error, args):
            raise UserError(reason) from error
        raise
    return 0


def _reason(error: Exception, args: argparse.Namespace) -> str:
    """What of an error of fairseq or torch the user can mend; empty for others."""
    text = str(error)
    if isinstance(error, RuntimeError) and "size mismatch" in text:
        return (
            f"--asr {args.asr}: its weights do not fit the dictionary of {args.data}; give the data folder "
            "that the model was trained with"
        )
    if isinstance(error, AssertionError) and "max_tokens=" in text:
        return f"--max-tokens {text.rpartition('=')[2]}: an utterance has more frames; raise it"
    if isinstance(error, AssertionError) and text.startswith("--"):
        return f"{text}; leave it out of --generate-options"
    if TOO_LONG in text:
        return (
            f"--gen-subset {args.gen_subset}: {text.partition(', skip')[0]}, frames and tokens; leave such "
            f"utterances out of the split, or here by --generate-options={TOO_LONG}"
        )
    return ""


def _path_text(text: str) -> str:
    """As `path_name`, but the text as it is given, which fairseq reads."""
    path_name(text)
    return text


def _check_models(args: argparse.Namespace) -> None:
    """Refuse checkpoints of other kinds before fairseq stumbles over them.

    Raises:
        UserError: naming the option and what it needs.
    """
    from fairseq.utils import split_paths

    from interactive_st.checkpoint_reading import read_checkpoint, task_name
    from interactive_st.tasks.checks.decoding_options import check_text_model

    for path in split_paths(args.asr):
        name = task_name(read_checkpoint(path)[1])
        if name != TASK:
            raise UserError(f"--asr {path}: trained by the task {name}; give a model of {TASK}, --arch asr")
    check_text_model("--mt", args.mt)
