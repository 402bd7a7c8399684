"""Ctrl-C before a command runs."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("name", ["interactive_st", "interactive_st.cli.main", "interactive_st.cli.score"])
def test_interruption_of_the_start(name):
    script = """
import sys
import interactive_st_cli
class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupting())
sys.exit(interactive_st_cli.main())
"""
    result = subprocess.run(
        [sys.executable, "-c", script, name], capture_output=True, text=True, timeout=60
    )
    assert (result.returncode, result.stderr) == (130, "interactive-st: interrupted\n")
