"""fairseq's command-line tools and `interactive-st`, started from tests."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVER = Path(__file__).with_name("fork_server.py")


@dataclass(frozen=True)
class Result:
    """What a command left: exit status, and both outputs."""

    words: list[str]
    status: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    def logs(self, tag: str) -> list[dict[str, Any]]:
        """The values that fairseq logged under ``train_inner``, ``train``, ``dev``, …, with --log-format
        json, as numbers, by their names without the tag."""
        found = []
        for line in self.output.splitlines():
            _, marker, text = line.partition(f"| {tag} | {{")
            if marker:
                values = json.loads("{" + text)
                found.append({name.removeprefix(f"{tag}_"): _number(v) for name, v in values.items()})
        return found

    def lines(self, kind: str) -> dict[int, list[list[str]]]:
        """The fields of the ``S-``, ``T-``, ``H-``, ``D-`` or ``P-`` lines by sentence number."""
        found: dict[int, list[list[str]]] = {}
        for line in self.stdout.splitlines():
            name, *fields = line.split("\t")
            letter, dash, number = name.partition("-")
            if letter == kind and dash and number.isdigit():
                found.setdefault(int(number), []).append(fields)
        return found


class Tools:
    """Starts commands through a `fork_server`, in a folder of its own for their outputs; ``gpus``: those that
    they see."""

    def __init__(self, folder: Path, repository: Path, gpus: str = "") -> None:
        self.folder = folder
        self._count = 0
        self._started: dict[int, tuple[list[str], Path]] = {}
        path = os.pathsep.join(filter(None, [str(repository), os.environ.get("PYTHONPATH")]))
        self._server = subprocess.Popen(
            [sys.executable, str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": gpus},
        )
        assert self._answer() == {"ready": True}

    def start(
        self,
        *words: object,
        folder: Path | None = None,
        stdin: str = "",
        stdout: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> int:
        """Start a command and return its process id.

        Args:
            words: the command line.
            folder: working directory (default: one of this object's, so never the checkout).
            stdin: what it reads.
            stdout: where its standard output goes instead of the result, such as a named pipe.
            env: environment variables to set.
        """
        self._count += 1
        place = self.folder / f"{self._count}"
        place.mkdir(parents=True)
        (place / "in").write_text(stdin, encoding="utf-8")
        streams = {"stdin": place / "in", "stdout": stdout or place / "out", "stderr": place / "err"}
        command = [str(word) for word in words]
        request = {name: str(path) for name, path in streams.items()}
        request |= {"words": command, "folder": str(folder or self.folder), "env": dict(env or {})}
        pid = self._ask({"start": request})["pid"]
        self._started[pid] = (command, place)
        return pid

    def finish(self, pid: int) -> Result:
        """Wait for a command that was started; whatever its exit status."""
        status = self._ask({"wait": pid})["status"]
        words, place = self._started.pop(pid)
        texts = [
            (place / name).read_text(encoding="utf-8") if (place / name).exists() else ""
            for name in ("out", "err")
        ]
        return Result(words, status, *texts)

    def try_to(self, *words: object, **options: Any) -> Result:
        """Run a command to its end; whatever its exit status."""
        return self.finish(self.start(*words, **options))

    def __call__(self, *words: object, **options: Any) -> Result:
        """Run a command that has to succeed."""
        result = self.try_to(*words, **options)
        tail = "\n".join(result.output.splitlines()[-25:])
        assert result.status == 0, f"{' '.join(result.words)}\nended with {result.status}:\n{tail}"
        return result

    def close(self) -> None:
        self._server.stdin.close()
        self._server.wait(timeout=10)
        self._server.stdout.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        print(json.dumps(request), file=self._server.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._server.stdout.readline()
        assert line, "the fork server has ended"
        return json.loads(line)


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def options(values: Mapping[str, object]) -> Iterable[str]:
    """``{"max-tokens": 3, "eval-wer": True}`` as ``--max-tokens 3 --eval-wer``; None and False: nothing."""
    for name, value in values.items():
        if value is True:
            yield f"--{name}"
        elif value is not None and value is not False:
            yield from (f"--{name}", str(value))


def _number(text: str) -> Any:
    try:
        return float(text)
    except (TypeError, ValueError):
        return text
