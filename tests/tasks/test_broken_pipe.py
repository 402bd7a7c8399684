import io
import subprocess
import sys

import pytest

from interactive_st.tasks import broken_pipe

# loads the one file, without the seconds that torch and fairseq take
PROGRAM = f"""
import runpy, sys
outlive_reader = runpy.run_path({broken_pipe.__file__!r})["outlive_reader"]
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
    broken_pipe.outlive_reader(stream)
    stream.write("a")
    assert stream.getvalue() == "a"
