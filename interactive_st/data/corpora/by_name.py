"""The readers of all corpora, by name."""

from collections.abc import Sequence
from pathlib import Path

from interactive_st.data.choices import LONGEST_TRAINING_SECONDS, SOURCE_LANG
from interactive_st.data.corpora.common import Request
from interactive_st.data.corpora.covost2 import read_covost2
from interactive_st.data.corpora.europarl_st import read_europarl_st
from interactive_st.data.corpora.mustc import read_mustc
from interactive_st.data.utterances import Split

READERS = {"mustc": read_mustc, "covost2": read_covost2, "europarl_st": read_europarl_st}


def read_corpus(
    kind: str,
    root: Path,
    target_langs: Sequence[str],
    *,
    source_lang: str | None = None,
    splits: Sequence[str] | None = None,
    max_seconds: float | None = None,
    progress: bool = True,
) -> dict[str, Split]:
    """Read a corpus.

    Args:
        kind: a name in `READERS`.
        root: its folder.
        target_langs: languages of the translations.
        source_lang: language of the speech; `SOURCE_LANG` if None.
        splits: those that are wanted, by the corpus's names; all that are there if None.
        max_seconds: longer segments of training splits are left out; `LONGEST_TRAINING_SECONDS` if None.
        progress: show a bar on standard error where reading takes long.

    Raises:
        DataError: the corpus is not laid out as its reader expects.
    """
    request = Request(
        root=Path(root),
        source_lang=source_lang or SOURCE_LANG,
        target_langs=tuple(dict.fromkeys(target_langs)),
        splits=None if splits is None else tuple(splits),
        max_seconds=LONGEST_TRAINING_SECONDS if max_seconds is None else max_seconds,
        progress=progress,
    )
    return READERS[kind](request)
