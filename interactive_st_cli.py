"""Entry point of the command `interactive-st`, outside the package so that it starts at once.

`interactive_st/__init__.py` imports torch and fairseq unless it finds this module imported.
"""

import sys

# Also when run as `python -m interactive_st_cli` or again in a worker process, under which this
# module has the name __main__ or __mp_main__.
sys.modules.setdefault("interactive_st_cli", sys.modules[__name__])


def main() -> int:
    """Run the command line of the process and return the exit status."""
    from interactive_st.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
