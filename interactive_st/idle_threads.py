"""How long threads that have nothing to do keep their cores; light: settled before torch is imported."""

from collections.abc import MutableMapping

#: How often a thread of torch looks for work before it lets others have the core. With the library's own
#: number one busy core makes decoding on two threads many times slower, with this one hardly; where nothing
#: else runs this one is 8 % slower (benchmarks/changes.md).
SPIN_COUNT = "1000"


def leave_cores_soon(environment: MutableMapping[str, str]) -> None:
    """Set what libgomp reads when torch is imported, unless the user has set it, or how threads wait at all.

    Args:
        environment: of the process that will import torch; changed in place.
    """
    if "OMP_WAIT_POLICY" not in environment:
        environment.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)
