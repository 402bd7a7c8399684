import io
import os
import subprocess
import sys

import pytest

from interactive_st import standard_output

# loads the one file, without the seconds that torch and fairseq take
PROGRAM = f"""
import runpy, sys
outlive_reader = runpy.run_path({standard_output.__file__!r})["outlive_reader"]
outlive_reader(sys.stdout)
outlive_reader(sys.stdout)  # a second time changes nothing
for number in range(20000):
    print("line", number)
sys.stderr.write("complete")
"""


def start(flags):
    return subprocess.Popen(
        [sys.executable, *flags, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("flags", [[], ["-u"]])
def test_a_process_outlives_the_reader_of_its_output(flags):
    process = start(flags)
    assert process.stdout.readline() == "line 0\n"
    process.stdout.close()
    assert process.stderr.read() == "complete"
    process.stderr.close()
    assert process.wait() == 0


def test_a_reader_that_stays_gets_everything():
    out, err = start([]).communicate()
    assert out.splitlines() == [f"line {number}" for number in range(20000)]
    assert err == "complete"


def test_what_is_no_file_is_left_as_it_is():
    stream = io.StringIO()
    standard_output.outlive_reader(stream)
    stream.write("a")
    assert stream.getvalue() == "a"


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="no list of open files")
def test_dropping_output_leaves_no_file_open(tmp_path, monkeypatch):
    with open(tmp_path / "out", "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        before = len(os.listdir("/proc/self/fd"))
        standard_output.drop_output()
        out.write("lost")
        assert len(os.listdir("/proc/self/fd")) == before
    assert (tmp_path / "out").read_text() == ""
