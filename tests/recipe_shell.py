"""Runs the commands of a document in one bash, small enough for a test.

bash finds stand-ins of the tools first on its path. Each hands its command line to this process, which
makes it small (`SMALLER`, `TINY`) and runs the real tool through a fork server; what needs several
machines is replaced as the functions below say.
"""

import contextlib
import io
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Collection
from pathlib import Path

from commands.tools import Result, Tools
from documents import read_code

SHIM = """\
#!{python} -SE
import json, os, socket, sys
words = [os.path.basename(sys.argv[0]), *sys.argv[1:]]
stdin = sys.stdin.read() if words[0] in {reading!r} else ""
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    request = {{"words": words, "folder": os.getcwd(), "stdin": stdin}}
    server.sendall(json.dumps(request).encode() + b"\\n")
    answer = json.loads(server.makefile().read())
sys.stdout.write(answer["stdout"])
sys.stderr.write(answer["stderr"])
sys.exit(answer["status"])
"""
#: Tools that read their standard input.
READING = ("fairseq-interactive", "python")
NAMES = ("fairseq-train", "fairseq-generate", "interactive-st", "torchrun", "srun", *READING)

#: Values that a test takes in place of those of the recipe.
SMALLER = {
    "--max-update": "3",
    "--num-workers": "0",
    "--update-freq": "1",
    "--warmup-updates": "2",
    "--encoder-freezing-updates": "1",
    "--distributed-world-size": "1",
}
#: Sizes that the architectures of the recipes, stock fairseq's among them, all understand. Stock fairseq
#: drops batches of fewer than 8 utterances, which a miniature has only.
TINY = {
    "--required-batch-size-multiple": "1",
    "--encoder-layers": "1", "--encoder-embed-dim": "16", "--encoder-ffn-embed-dim": "16",
    "--encoder-attention-heads": "2", "--decoder-layers": "1", "--decoder-embed-dim": "16",
    "--decoder-ffn-embed-dim": "16", "--decoder-attention-heads": "2", "--conv-channels": "16",
}  # fmt: skip
#: What stock fairseq's text models do not have.
OF_SPEECH = ("--conv-channels",)
#: A model of three updates never ends a sentence by itself.
SHORT_DECODING = ("--max-len-b", "6")
DECODING = (["fairseq-generate"], ["fairseq-interactive"], ["interactive-st", "translate"])
SHORT_VALIDATION = ("--eval-bleu-args", '{"beam": 1, "max_len_b": 4}')

END = "END_OF_BLOCK"
TIME_LIMIT = 600  # seconds that a document may take


def read_blocks(document: Path, left_out: Collection[str] = ()) -> list[tuple[str, str]]:
    """The blocks of commands of a document, each with the output that is shown after it, if any.

    Python is run by a command; a block whose file is named in the line before it is written there.

    Args:
        document: a Markdown file.
        left_out: first lines of blocks that are not to be run.
    """
    blocks: list[tuple[str, str]] = []
    for block in read_code(document):
        if block.first_line in left_out:
            continue
        if block.language == "text":
            commands, shown = blocks.pop()
            assert not shown, f"{document}: two blocks of output after\n{commands}"
            blocks.append((commands, block.content))
        elif block.language == "bash":
            blocks.append((block.content, ""))
        elif block.language == "python":
            blocks.append((f"python <<'{END}'\n{block.content}{END}\n", ""))
        elif block.file:
            blocks.append((f"cat > {block.file} <<'{END}'\n{block.content}{END}\n", ""))
    return blocks


def missing_lines(shown: str, output: str) -> list[str]:
    """The lines of a shown output that the real one lacks; ``…`` stands for anything."""
    lines = output.splitlines()
    patterns = {line: re.compile(".*".join(map(re.escape, line.split("…")))) for line in shown.splitlines()}
    return [shown for shown, pattern in patterns.items() if not any(map(pattern.fullmatch, lines))]


class RecipeShell:
    """Stand-ins of the tools, and a bash that uses them.

    ``calls`` lists the command lines of the tools as the recipe has them.
    """

    def __init__(self, folder: Path, tools: Tools) -> None:
        self.calls: list[list[str]] = []
        self._tools = tools
        self._bin = folder / "bin"
        self._bin.mkdir(parents=True)
        address = str(folder / "socket")
        shim = SHIM.format(python=sys.executable, address=address, reading=READING)
        for name in NAMES:
            (self._bin / name).write_text(shim)
            (self._bin / name).chmod(0o755)
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(address)
        self._server.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def run(
        self, document: Path, folder: Path, env: dict[str, str], left_out: Collection[str] = ()
    ) -> list[str]:
        """Run all blocks of a document in one bash and return the output of each.

        Variables are kept from block to block. A command that fails ends the document.
        """
        blocks = read_blocks(document, left_out)
        parts = [f"{{\n{text}\n}} > {folder}/out.{number} 2>&1\n" for number, (text, _) in enumerate(blocks)]
        script = "set -euo pipefail\n" + "".join(parts)
        path = f"{self._bin}{os.pathsep}{os.environ['PATH']}"
        ended = subprocess.run(
            ["bash", "-c", script], cwd=folder, env={**os.environ, **env, "PATH": path}, check=False,
            timeout=TIME_LIMIT,
        )  # fmt: skip
        paths = [folder / f"out.{number}" for number in range(len(blocks))]
        outputs = [path.read_text("utf-8") for path in paths if path.exists()]
        if ended.returncode:
            commands = blocks[len(outputs) - 1][0]
            raise AssertionError(f"{commands}\nended with {ended.returncode}:\n{outputs[-1][-4000:]}")
        return outputs

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return  # closed
            with connection:
                request = json.loads(connection.makefile().readline())
                connection.sendall(json.dumps(self._answer(**request)).encode())

    def _answer(self, words: list[str], folder: str, stdin: str) -> dict[str, object]:
        self.calls.append(words)
        try:
            if words[0] == "python":
                result = run_python(words, stdin, Path(folder))
            else:
                result = self._tools.try_to(*make_small(alone(words)), folder=Path(folder), stdin=stdin)
        except Exception as error:  # bash has to hear of it, whatever it is
            return {"status": 1, "stdout": "", "stderr": f"{type(error).__name__}: {error}\n"}
        return {"status": result.status, "stdout": result.stdout, "stderr": result.stderr}


def alone(words: list[str]) -> list[str]:
    """The command that a launcher of several processes is given."""
    if words[0] == "srun":
        place = words.index("fairseq-train")
        options, values = words[1:place:2], words[2:place:2]
        assert all(o.startswith("--") and v.isdigit() for o, v in zip(options, values, strict=True)), words
        return words[place:]
    if words[0] == "torchrun":
        from torch.distributed.run import get_args_parser

        args = get_args_parser().parse_args(words[1:])
        assert args.rdzv_endpoint.startswith("localhost:")
        return [Path(args.training_script).name, *args.training_script_args]
    return words


def make_small(words: list[str]) -> list[str]:
    """A command line that asks for less of everything."""
    small = list(words)
    for place, word in enumerate(words[:-1]):
        if word in SMALLER:
            small[place + 1] = SMALLER[word]
    if words[0] == "fairseq-train":
        of_text = words[words.index("--task") + 1] == "translation"
        options = {option: value for option, value in TINY.items() if not (of_text and option in OF_SPEECH)}
        small += [word for option in options.items() for word in option]
        small += SHORT_VALIDATION if "--eval-bleu" in words else ()
    if any(words[: len(tool)] == tool for tool in DECODING):
        small += SHORT_DECODING
    if words[:2] == ["interactive-st", "cascade"]:
        small.append(f"--generate-options={' '.join(SHORT_DECODING)}")
    return small


def run_python(words: list[str], code: str, folder: Path) -> Result:
    """Run a program that was given on standard input, here, where the package is imported already."""
    output, before = io.StringIO(), Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(output):
            exec(compile(code, "block of a document", "exec"), {"__name__": "__main__"})
    finally:
        os.chdir(before)
    return Result(words, 0, output.getvalue(), "")
