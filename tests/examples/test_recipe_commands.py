"""A recipe's commands: logs, failures, processes, one run a folder."""

import os
import signal

import pytest

from examples.runner import Recipe, RecipeError, run_to_the_end
from interactive_st.idle_threads import SPIN_COUNT


def test_command_logs_and_passes_the_threads_on(run):
    lines = []
    run.command("echo", "platform", [], lines.append)
    log = (run.out / "logs" / "echo.log").read_text()
    assert log.splitlines()[0] == "$ python -m platform"
    assert "".join(lines) == "".join(log.splitlines(keepends=True)[1:])
    assert run._environment()["OMP_NUM_THREADS"] == "1"


def test_threads_of_commands_leave_their_core_as_those_of_interactive_st(run, monkeypatch):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    assert run._environment()["GOMP_SPINCOUNT"] == SPIN_COUNT
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    assert run._environment()["GOMP_SPINCOUNT"] == "7"
    monkeypatch.delenv("GOMP_SPINCOUNT")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert "GOMP_SPINCOUNT" not in run._environment()


def test_command_that_fails_names_its_log_and_shows_its_end(run):
    with pytest.raises(RecipeError, match=r"(?s)status 1.*broken\.log.*no_such_module"):
        run.command("broken", "no_such_module", [])


def test_logs_hold_all_attempts_and_any_bytes(run, tmp_path, monkeypatch):
    (tmp_path / "latin.py").write_text("import sys\nsys.stdout.buffer.write(b'caf\\xe9\\n')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    lines = []
    for _ in range(2):
        run.command("latin", "latin", [], lines.append)
    assert lines == ["caf\ufffd\n"] * 2
    assert (run.out / "logs/latin.log").read_text(encoding="utf-8") == "$ python -m latin\ncaf\ufffd\n" * 2


def test_commands_hold_the_lock_of_their_run(run, tmp_path, monkeypatch):
    (tmp_path / "holds.py").write_text("import os, sys\nos.fstat(int(sys.argv[1]))\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    run.command("holds", "holds", [str(run._lock.fileno())])


def test_a_stopped_command_leaves_no_process_behind(run, tmp_path, monkeypatch):
    """The parent and a child of its own, as fairseq-train and its data loaders are."""
    (tmp_path / "family.py").write_text(
        "import os, time\nchild = os.fork()\n"
        "if child: print(os.getpid(), child, flush=True)\n"
        "time.sleep(60)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    family = []

    def listen(line):
        family.extend(int(word) for word in line.split())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.command("family", "family", [], listen)
    assert len(family) == 2
    with pytest.raises(ProcessLookupError):
        os.kill(family[0], 0)
    run._lock.close()
    Recipe(run.out)  # the child is gone too, or it would still hold the lock


def test_two_runs_cannot_share_a_folder(run):
    with pytest.raises(RecipeError, match="another run"):
        Recipe(run.out)


def test_a_run_that_has_ended_gives_its_folder_free(tmp_path):
    """Though it may be referred to for longer, as by the frames of an error that was caught."""
    with Recipe(tmp_path) as ended, pytest.raises(RecipeError, match="another run is working"):
        Recipe(tmp_path)
    assert Recipe(tmp_path).out == ended.out


def test_errors_are_shown_without_traceback(capsys):
    handler = signal.getsignal(signal.SIGTERM)

    def fail():
        raise RecipeError("prepare: broken")

    def stop():
        raise KeyboardInterrupt

    try:
        assert run_to_the_end(fail) == 1
        assert run_to_the_end(lambda: None) == 0
        assert run_to_the_end(stop) == 130
    finally:
        signal.signal(signal.SIGTERM, handler)
    error, stopped = capsys.readouterr().err.splitlines()
    assert error == "error: prepare: broken"
    assert stopped == "stopped; the same command continues from here"
