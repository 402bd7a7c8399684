"""Reading the report of imports."""

from benchmarks import startup

REPORT = """\
import time: self [us] | cumulative | imported package
import time:       100 |        100 | torch
import of ours:
import time:      2000 |       2000 |     interactive_st.data.manifest
import time:       500 |       2500 |   interactive_st.data
import time:        10 |         10 |   sentencepiece._version
import time:        40 |         50 |   sentencepiece
import time:        30 |       2580 | interactive_st
"""


def test_time_of_what_the_package_adds_longest_first():
    found = startup.by_package(REPORT)
    assert found == {"interactive_st.data": 2.5, "sentencepiece": 0.05, "interactive_st": 0.03}
    assert next(iter(found)) == "interactive_st.data"


def test_a_process_is_run():
    assert startup.run(["-c", "import sys; sys.stderr.write('here')"]) == "here"
