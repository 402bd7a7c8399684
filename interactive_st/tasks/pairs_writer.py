"""Collects what was decoded and writes it as one pairs file."""

import atexit
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from interactive_st.errors import SettingError
from interactive_st.scoring.pairs_file import Pair, write_pairs
from interactive_st.wording import counted
from interactive_st.writing import check_file


class PairsWriter:
    """Writes a pairs file in corpus order, once and whole.

    Batches come sorted by length, so nothing is written before the last one.

    Args:
        path: the file; its folder is made if need be.

    Raises:
        UserError: nothing can be written there; it is better known before hours of decoding.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.base = self.path = Path(path).absolute()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(
                f"--pairs-path {path}: its folder cannot be made ({error.strerror}); choose another"
            ) from error
        check_file(Path(path), "--pairs-path")
        self._pairs: dict[int, Pair] = {}
        self._missing: set[int] | None = None
        self._at_exit = False

    def expect(self, ids: Iterable[int], shard: int | None = None) -> None:
        """Begin a run of known length: the file is written when the last id has been added.

        Args:
            ids: numbers of the sentences in the corpus.
            shard: which part of the corpus they are; the file is then ``PATH.<shard>``.
        """
        self.path = self.base if shard is None else Path(f"{self.base}.{shard}")
        self._pairs = {}
        self._missing = set(ids)
        if not self._missing:
            self.write()

    def write_at_exit(self) -> None:
        """Begin a run of unknown length: the file is written when the process ends, unless by an error."""
        if not self._at_exit:
            self._at_exit = True
            # Python keeps the exception that nobody caught, Ctrl-C included, before it calls exit handlers;
            # in a session of the interpreter there may be one from before
            earlier = _uncaught()
            atexit.register(lambda: self._write_unless_failed(earlier))

    def _write_unless_failed(self, earlier: BaseException | None) -> None:
        error = _uncaught()
        if error is None or error is earlier:
            self.write()
            return
        print(
            f"--pairs-path {self.path}: not written, as {type(error).__name__} ended the run after "
            f"{counted(len(self._pairs), 'sentence')}; run it again for the whole file",
            file=sys.stderr,
        )

    def add(self, number: int, pair: Pair) -> None:
        """Add what was decoded for sentence `number` of the corpus."""
        self._pairs[number] = pair
        if self._missing is not None:
            self._missing.discard(number)
            if not self._missing:
                self.write()

    def write(self) -> None:
        """Write what there is, in corpus order."""
        write_pairs(self.path, (self._pairs[number] for number in sorted(self._pairs)))


def _uncaught() -> BaseException | None:
    return getattr(sys, "last_value", None)
