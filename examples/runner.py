"""Runs the commands of an example: their logs, threads, times, and which are done already."""

from __future__ import annotations

import fcntl
import logging
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from examples.stamps import Stamp, digest, fingerprint
from interactive_st.idle_threads import leave_cores_soon

ROOT = Path(__file__).resolve().parents[1]
_SHOWN_OF_A_LOG = 15  # lines, when a command fails


class RecipeError(RuntimeError):
    """A step failed; the message says which, and where its log is."""


@dataclass
class Recipe:
    """One run: the folder it fills, and how its commands are started.

    ``threads`` is the number of CPU threads of each command. ``commands`` collects what was run (or
    skipped) in order, as one would type it.
    """

    out: Path
    threads: int = 2
    seed: int = 1
    commands: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    _lock: IO[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for folder in (self.out, self.out / "logs", self.out / "stamps"):
            folder.mkdir(parents=True, exist_ok=True)
        # Two runs in one folder would overwrite each other's checkpoints. The commands started
        # inherit the lock, so it is held for as long as any of them lives.
        self._lock = (self.out / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RecipeError(
                f"{self.out}: another run is working in this folder; wait for it, stop it, or "
                "name another folder with --out"
            ) from error

    def __enter__(self) -> Recipe:
        return self

    def __exit__(self, *exception: object) -> None:
        """Give the folder free, however long this object is still referred to."""
        self._lock.close()

    @property
    def total_seconds(self) -> float:
        """Time spent in all steps, over all attempts."""
        return sum(self.seconds.values())

    def say(self, text: str) -> None:
        print(text, flush=True)

    def stamp_path(self, name: str) -> Path:
        return self.out / "stamps" / f"{name}.json"

    def step(
        self,
        name: str,
        made_from: Any,
        outputs: Sequence[Path],
        action: Callable[[], None],
    ) -> bool:
        """Do ``action``, which makes ``outputs``, unless they are already made from ``made_from``.

        ``made_from`` is anything JSON can hold that the outputs depend on: options, fingerprints of
        input files. Returns whether the action was done.
        """
        path = self.stamp_path(name)
        stamp, source = Stamp.read(path), digest(made_from)
        there = all(output.exists() for output in outputs)
        if there and stamp.made_from == source and stamp.made == digest(fingerprint(outputs)):
            self.say(f"{name}: done before")
            self.seconds[name] = stamp.seconds
            return False
        self.say(f"{name} …")
        path.unlink(missing_ok=True)
        started = time.monotonic()
        action()
        absent = [str(output) for output in outputs if not output.exists()]
        if absent:
            raise RecipeError(f"{name}: finished without writing {', '.join(absent)}")
        self.seconds[name] = time.monotonic() - started
        Stamp(source, digest(fingerprint(outputs)), self.seconds[name]).write(path)
        return True

    def command(
        self,
        name: str,
        module: str,
        arguments: Sequence[str],
        listener: Callable[[str], None] | None = None,
    ) -> None:
        """Run ``python -m module arguments``; its output goes to ``logs/<name>.log``.

        ``listener`` is given each line. Raises ``RecipeError`` where the command fails.
        """
        log_path = self.out / "logs" / f"{name}.log"
        with log_path.open("a", encoding="utf-8") as log:
            log.write(f"$ {shown(module, arguments)}\n")
            log.flush()
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                env=self._environment(),
                pass_fds=[self._lock.fileno()],
                start_new_session=True,
            )
            tail: list[str] = []
            try:
                for line in process.stdout or ():
                    log.write(line)
                    log.flush()
                    tail = [*tail[1 - _SHOWN_OF_A_LOG :], line]
                    if listener:
                        listener(line)
                status = process.wait()
            finally:
                if process.poll() is None:
                    _stop(process)
        if status:
            raise RecipeError(
                f"{name}: `python -m {module}` ended with status {status}; the whole log is "
                f"{log_path}, its last lines:\n{''.join(tail)}"
            )

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        threads = str(self.threads)
        environment = {
            **os.environ,
            "PYTHONPATH": path,
            "PYTHONUNBUFFERED": "1",
            "PYTHONIOENCODING": "utf-8",
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
        }
        leave_cores_soon(environment)
        return environment


def _stop(process: subprocess.Popen[str]) -> None:
    """End a command and the processes it started, and wait until all of them are gone."""
    os.killpg(process.pid, signal.SIGTERM)
    process.wait()
    if process.stdout:
        process.stdout.read()  # data loaders hold the other end until they have ended


def shown(module: str, arguments: Sequence[str]) -> str:
    """The command as one would type it in the checkout."""
    words = (argument.removeprefix(f"{ROOT}{os.sep}") for argument in arguments)
    return shlex.join(["python", "-m", module, *words])


def run_to_the_end(main: Callable[[], None]) -> int:
    """Call an example's ``main``; errors of its steps are shown without a traceback.

    Returns the exit status. A request to end (SIGTERM) stops the running command too.
    """

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    # Importing fairseq sets up logging and then reports optional packages that are not installed.
    logging.getLogger("fairseq").setLevel(logging.WARNING)
    try:
        main()
    except (RecipeError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command continues from here", file=sys.stderr)
        return 130
    return 0
