"""Rich's console as the command line needs it; imported where something is printed, as rich takes time."""

from rich.console import Console


class PipedConsole(Console):
    """A console that leaves a closed pipe to the program; rich's own ends it silently with status 1."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError on; rich calls this where it caught one."""
        raise
