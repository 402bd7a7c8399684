"""What `prepare` is asked for, looked at before anything is read."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from interactive_st.data.folder.layout import SKIPPED, is_train
from interactive_st.data.folder.new_folder import refuse_colon, refuse_inputs
from interactive_st.data.preparation.options import Options
from interactive_st.data.utterances import Split
from interactive_st.errors import DataError

#: Names that fairseq takes as --train-subset and that make file names.
_SPLIT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def check_request(
    manifests: Mapping[str, str | os.PathLike | Split],
    texts: Mapping[str, str | os.PathLike],
    out: str | os.PathLike,
    options: Options,
    workers: int | None,
) -> None:
    """Refuse what cannot work.

    Args:
        manifests, texts, out, workers: as those of `prepare`.
        options: what its other options come to.

    Raises:
        DataError: a name, a number or a place cannot be.
    """
    if not manifests and not (texts and options.like is not None):
        also = "; for --text alone name a data folder by --like" if texts else ""
        raise DataError(f"no manifest is given: --manifest SPLIT=FILE{also}")
    if twice := [name for name in texts if name in manifests]:
        raise DataError(f"split {', '.join(twice)} is named twice; give --text splits of its own")
    for name in [*manifests, *texts]:
        if not _SPLIT_NAME.fullmatch(name):
            raise DataError(f"split name {name!r} may hold letters, digits, '.', '_' and '-' only")
        if name == Path(SKIPPED).stem:
            raise DataError(f"split name {name!r}: {SKIPPED} lists the rows left out; choose another")
    if options.like is None and not any(map(is_train, manifests)):
        of_speech = " of speech" if any(map(is_train, texts)) else ""
        raise DataError(
            f"no split{of_speech} is named train…, so there is nothing to make the vocabulary from: name one "
            "so, or take the vocabulary of an existing data folder by --like"
        )
    if workers is not None and workers < 1:
        raise DataError(f"--workers must be at least 1, got {workers}")
    inputs = [path for path in [*manifests.values(), *texts.values()] if not isinstance(path, Split)]
    inputs += [] if options.like is None else [options.like]
    refuse_colon(out)
    refuse_inputs(out, inputs)
