"""Speech recognition and speech translation written at the same time by one fairseq model.

Importing the package registers its task, models and criteria with fairseq, so that
``fairseq-train --user-dir`` finds them in the folder that ``interactive-st user-dir`` prints. The
command line `interactive-st` is the exception: its help has to appear at once, and importing torch and
fairseq takes seconds. A package cannot be told anything before it is imported, so it looks whether the
entry point of the command line, the module `interactive_st_cli` outside of it, was imported first.
Commands that need the registries call `interactive_st.registration.register` themselves.

Method: Liu et al., "Synchronous Speech Recognition and Speech-to-Text Translation with
Interactive Decoding", AAAI 2020.
"""

import sys
from typing import Any

from interactive_st.version import __version__ as __version__

if "interactive_st_cli" not in sys.modules:
    from interactive_st.registration import register

    register()


def __getattr__(name: str) -> Any:
    """Import what speech is decoded with, and its libraries, when it is first asked for."""
    if name == "InteractiveST":
        from interactive_st.inference.hub import InteractiveST

        return InteractiveST
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
