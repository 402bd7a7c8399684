"""Options by which recordings are decoded, here, by `plot attention` and by exported models."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from interactive_st.cli import whole_number
from interactive_st.conventions import SEARCHES, option_name
from interactive_st.errors import UserError
from interactive_st.inference.options import OptionError, Options

DEFAULTS = Options()
#: Options that a model has defaults of its own for.
SEARCH_OF_MODEL = ("search", "wait_k", "ctc_weight")


def add_languages(parser: argparse.ArgumentParser) -> None:
    """Declare the languages of the speech and of its translation."""
    parser.add_argument("--source-lang", metavar="XX", help="language of the speech (default: the model's)")
    parser.add_argument(
        "--target-lang", metavar="XX", help="language to translate to (default: the model's)"
    )


def add_search(group: argparse._ArgumentGroup) -> None:
    """Declare how the texts are searched."""
    group.add_argument(
        "--beam",
        type=whole_number,
        metavar="N",
        help=f"hypotheses kept at every step (default: {DEFAULTS.beam})",
    )
    add_search_of_model(group)
    group.add_argument(
        "--lenpen",
        type=float,
        metavar="P",
        help=f"above 1 favours longer texts, below 1 shorter (default: {DEFAULTS.lenpen:g})",
    )


def add_search_of_model(group: argparse._ArgumentGroup) -> None:
    """Declare `SEARCH_OF_MODEL`."""
    group.add_argument(
        "--search",
        choices=SEARCHES,
        help="how the two beams are kept (default: the model's; joint if it has none and its streams read "
        "each other)",
    )
    group.add_argument(
        "--wait-k",
        metavar="K",
        help="tokens by which the transcript leads, or inf (default: the model's)",
    )
    group.add_argument(
        "--ctc-weight",
        type=float,
        metavar="W",
        help="share of CTC in the scores of transcripts, for models trained with it (default: the model's)",
    )


def chosen_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return those of `Options` that are given.

    Raises:
        UserError: one has no meaning.
    """
    given = {name: getattr(args, name, None) for name in Options.__dataclass_fields__}
    options = {name: value for name, value in given.items() if value is not None}
    with option_errors():
        Options(**options)
    return options


@contextmanager
def option_errors() -> Iterator[None]:
    """Name an option that has no meaning in the block as the command line does.

    Raises:
        UserError: with the reason of an `OptionError`.
    """
    try:
        yield
    except OptionError as error:
        raise UserError(f"{option_name(error.option)} {error.value}: {error.reason}") from error
