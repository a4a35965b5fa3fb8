"""What was measured on the device that a profile describes: its `[published]` table, beside which predictions are shown.

Fidelities of Bell states, one per coupled pair, and of three-qubit GHZ states, one per chain of three, in ascending order;
`_raw` with the errors of preparation and readout. No answer depends on them.
"""

from collections.abc import Mapping, Sequence

from hybrid.device.profile import Number, Pairs, Profile, QuantityRule

KEYS = ("bell", "bell_raw", "ghz", "ghz_raw")
FIDELITY = QuantityRule("plain number", high=1.0, listed=True, about="Fidelities as published, one or a list.")


def chains_of_three(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Every pair that goes on, and the lowest higher neighbour of its second qubit."""
    chains = [(i, j, min((b for a, b in pairs if a == j), default=-1)) for i, j in pairs]
    return [chain for chain in chains if chain[2] >= 0]


def read_published(profile: Profile, edges: Pairs | None) -> None:
    """Read the table into the profile's numbers; UsageError for a device on which every pair is coupled, or a wrong length."""
    at = ("published",)
    if edges is None:
        raise profile.error(at, "needs coupled pairs in order; this profile couples all of them.")
    for key in profile.keys(at, (), KEYS):
        profile.number((*at, key), FIDELITY, len(_places(key, edges)))


def published(numbers: Mapping[str, Number], edges: Pairs | None, key: str) -> dict[tuple[int, ...], float]:
    """A published fidelity by qubits, as a fraction; empty where the profile states none."""
    number = numbers.get(f"published.{key}")
    if number is None or edges is None:
        return {}
    si, places = number.si, _places(key, edges)
    return dict(zip(places, si if isinstance(si, tuple) else [si] * len(places), strict=False))


def _places(key: str, edges: Pairs) -> Sequence[tuple[int, ...]]:
    return edges if key.startswith("bell") else chains_of_three(edges)
