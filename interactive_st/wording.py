"""Words of messages."""


def counted(number: int, thing: str) -> str:
    """``1 row``, ``2 rows``: of things whose plural has an s more."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
