"""Entry point of the command `interactive-st`, outside the package so that it starts at once: see
`interactive_st/__init__.py`, which looks for this module."""

import os
import sys

# Also when run as `python -m interactive_st_cli` or again in a worker process, under which this
# module has the name __main__ or __mp_main__.
sys.modules.setdefault("interactive_st_cli", sys.modules[__name__])


def main() -> int:
    """Run the command line of the process and return the exit status."""
    try:
        from interactive_st.cli.main import main as run
        from interactive_st.idle_threads import leave_cores_soon

        leave_cores_soon(os.environ)
        return run()
    except KeyboardInterrupt:  # of what is imported before the command runs, whose own `run` answers
        print("interactive-st: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
