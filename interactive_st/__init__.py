"""Speech recognition and speech translation written at the same time by one fairseq model.

Importing the package registers its task, models and criteria with fairseq, so that
``fairseq-train --user-dir interactive_st`` finds them. The command line `interactive-st` is the
exception: its help has to appear at once, and importing torch and fairseq takes seconds. Commands
that need the registries call `interactive_st.registration.register` themselves.

Method: Liu et al., "Synchronous Speech Recognition and Speech-to-Text Translation with
Interactive Decoding", AAAI 2020.
"""

import sys

__version__ = "0.1.0"

if "interactive_st_cli" not in sys.modules:
    from interactive_st.registration import register

    register()
