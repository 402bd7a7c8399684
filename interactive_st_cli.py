"""Entry point of the command `interactive-st`, outside the package so that it starts at once: see
`interactive_st/__init__.py`, which looks for this module."""

import os
import sys

#: How often a thread of torch looks for work before it lets others have the core. With the library's own
#: number one busy core makes decoding on two threads many times slower, with this one hardly; where nothing
#: else runs this one is 8 % slower (benchmarks/changes.md).
SPIN_COUNT = "1000"

# Also when run as `python -m interactive_st_cli` or again in a worker process, under which this
# module has the name __main__ or __mp_main__.
sys.modules.setdefault("interactive_st_cli", sys.modules[__name__])


def main() -> int:
    """Run the command line of the process and return the exit status."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)  # read when torch is imported
    try:
        from interactive_st.cli.main import main as run

        return run()
    except KeyboardInterrupt:  # of what is imported before the command runs, whose own `run` answers
        print("interactive-st: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
