"""Runs command lines one after the other or at once, each in a process forked from this one.

Importing fairseq takes seconds, and these tests run some fifty commands. This process imports fairseq
and what it builds on, but neither this package nor anything that registers it, and forks for each
command; the child calls the function that the console script of that name calls. So every command
starts where the script would be after its imports, and ends as a script does, exit handlers included.

One JSON object a line on standard input: ``{"start": {…}}`` answers ``{"pid": …}``, ``{"wait": pid}``
answers ``{"status": …}``, negative for a signal. Run by `commands.tools`.
"""

import gc
import importlib
import importlib.metadata
import json
import logging
import os
import signal
import sys
from typing import NoReturn

TIME_LIMIT = 900  # seconds, after which a command that hangs is killed
#: Not the tools themselves: they set up logging when they are imported.
PRELOADED = (
    "fairseq.trainer", "fairseq.checkpoint_utils", "fairseq.models.speech_to_text",
    "fairseq.tasks.speech_to_text", "fairseq.scoring.bleu", "fairseq.data.audio.speech_to_text_dataset",
    "kaldi_native_fbank", "sentencepiece", "sacrebleu", "soundfile", "soxr", "jiwer",
    "torch.fx.experimental.symbolic_shapes",
)  # fmt: skip


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # imports may print
    for module in PRELOADED:
        importlib.import_module(module)
    gc.freeze()  # children need not look at what is here already
    if "interactive_st" in sys.modules:
        raise RuntimeError("the package must be imported by --user-dir, not before")
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = {"status": os.waitstatus_to_exitcode(status)}
        else:
            pid = os.fork()
            if pid == 0:
                run(**request["start"])
            answer = {"pid": pid}
        print(json.dumps(answer), file=answers, flush=True)


def run(words: list[str], folder: str, stdin: str, stdout: str, stderr: str, env: dict[str, str]) -> NoReturn:
    """Be the command ``words`` from now on, with its standard streams in files."""
    signal.alarm(TIME_LIMIT)
    for number, path, flags in (
        (0, stdin, os.O_RDONLY),
        (1, stdout, os.O_WRONLY | os.O_CREAT),
        (2, stderr, os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(path, flags, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    # what this process read ahead of its own input is not the command's
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.update(env)
    if words[0] != "fairseq-generate":  # the others set up logging before they import fairseq
        logging.root.handlers.clear()
        logging.root.setLevel(logging.WARNING)
    sys.argv = words
    sys.path[0] = os.path.join(sys.prefix, "bin")  # as in a script
    script = importlib.metadata.entry_points(group="console_scripts", name=words[0])
    sys.exit(next(iter(script)).load()())


if __name__ == "__main__":
    main()
