"""`interactive-st export`: a checkpoint as a model folder that stands on its own."""

import argparse

from interactive_st.cli import path_name, print_notes, say, user_errors
from interactive_st.cli.translate.search_options import SEARCH_OF_MODEL, add_search_of_model, option_errors
from interactive_st.errors import UserError, require_file
from interactive_st.inference.quieting import quiet

HELP = "make a model folder of a checkpoint: weights, vocabulary, settings and a model card"
DESCRIPTION = """\
Writes a folder with all that decoding needs:

  model.safetensors   all tensors of the model, tied ones once
  config.json         architecture and sizes, feature settings, languages
  config_joint.yaml   dict.txt  spm_joint.model   vocabulary and features, as in a data folder
  README.md           the model card; what no option states is 'not stated' there

It holds no path of this machine and loads without the training data. `interactive-st translate`
and InteractiveST.from_pretrained take it.
"""
EPILOG = """\
examples:
  interactive-st export checkpoints/avg.pt model
  interactive-st export checkpoints/avg.pt model --search joint --ctc-weight 0.3
  interactive-st score --json pairs/test.jsonl > test.json
  interactive-st export checkpoints/avg.pt model --name "digits en-de" --license MIT \\
      --data-name "Free Spoken Digit Dataset" --data-license "CC BY-SA 4.0" --metrics test.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add("checkpoint", type=path_name, metavar="CKPT", help="a checkpoint of fairseq-train, one only")
    add("out", type=path_name, metavar="DIR", help="the folder to make")
    add(
        "--data",
        type=path_name,
        metavar="DATA",
        help="data folder of the model (default: where it was in training)",
    )
    add(
        "--overwrite",
        action="store_true",
        help="replace the model folder that is at DIR, with its card, README.md, also where that was edited; "
        "a folder that holds anything else is left as it is",
    )
    decoding = parser.add_argument_group(
        "decoding", "what `translate` and Python take where they are not told otherwise"
    )
    add_search_of_model(decoding)
    card = parser.add_argument_group("model card")
    card.add_argument("--name", help="of the model (default: the name of DIR)")
    card.add_argument("--license", metavar="TEXT", help="licence of the model, such as MIT")
    card.add_argument("--data-name", metavar="TEXT", help="what the model was trained on")
    card.add_argument("--data-license", metavar="TEXT", help="licence of that data")
    card.add_argument("--author", metavar="TEXT", help="who made the model")
    card.add_argument("--contact", metavar="TEXT", help="where to ask about it")
    card.add_argument("--limits", metavar="TEXT", help="what it is for, and where it fails")
    card.add_argument(
        "--metrics",
        nargs="+",
        default=[],
        type=path_name,
        metavar="SCORES.json",
        help="scores printed by `interactive-st score --json`; the name of each file, without what "
        "follows its first dot, names the set",
    )


@quiet()  # fairseq reports on its optional packages
def main(args: argparse.Namespace) -> int:
    """Write the model folder.

    Raises:
        UserError: the checkpoint, its data folder or a file of scores cannot be used, the model cannot be
            decoded as the options say, or the folder cannot be made.
    """
    from interactive_st.inference.decoding_defaults import decoded_by, notes
    from interactive_st.inference.model_card import Card, read_metrics
    from interactive_st.inference.model_folder import write_model_folder
    from interactive_st.inference.stored_model import load_checkpoint
    from interactive_st.writing import check_folder

    with user_errors(), option_errors():
        if args.checkpoint.is_dir():
            raise UserError(
                f"{args.checkpoint}: is a folder; name a checkpoint, such as checkpoint_best.pt in it"
            )
        require_file(args.checkpoint, "checkpoint")
        check_folder(args.out.parent, str(args.out))
        card = Card(
            name=args.name or args.out.resolve().name,
            license=args.license,
            data_name=args.data_name,
            data_license=args.data_license,
            author=args.author,
            contact=args.contact,
            limits=args.limits,
            metrics=read_metrics(args.metrics),
        )
        stored = load_checkpoint(args.checkpoint, args.data)
        stored = decoded_by(stored, **{name: getattr(args, name) for name in SEARCH_OF_MODEL})
        folder = write_model_folder(stored, args.out, card, args.overwrite)
    print_notes(notes(stored))
    say(f"ready: {folder}")
    return 0
