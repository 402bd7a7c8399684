"""Keeps fairseq from reporting every dictionary and data set that it makes."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Quieting:
    """Raises fairseq's log level while any thread is inside; a counter, as threads overlap."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asking = 0
        self._level = logging.NOTSET

    @contextmanager
    def __call__(self) -> Iterator[None]:
        logger = logging.getLogger("fairseq")
        with self._lock:
            if not self._asking:
                self._level = logger.level
                logger.setLevel(logging.WARNING)
            self._asking += 1
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1
                if not self._asking:
                    logger.setLevel(self._level)


#: fairseq logs nothing but warnings within ``with quiet():``.
quiet = _Quieting()
