"""A chain profile with more qubits than its device has: the last ones repeat, and every number that does is marked assumed."""

from copy import copy, deepcopy
from typing import Any

from hybrid.device.profile import Profile

REPEATED = 4
"""So many of the last entries of a list repeat, as in the profile of `meluxina-q` itself."""


def extended(profile: Profile, n: int) -> Profile:
    """The same file for a chain of n qubits, to be read again; what was published of the whole device is left out."""
    result, before = copy(profile), profile.table["n_qubits"]["value"]
    result.table = {key: value for key, value in deepcopy(profile.table).items() if key != "published"}
    result.numbers = {}
    words = f"extended from {before} to {n} qubits"
    result.table["title"] += f", {words} by assumption"
    result.table["caveat"] += f" It is {words}: an assumption."
    result.table["n_qubits"] |= {"value": n, "mark": "A", "source": "assumed", "known_for_target": False}
    result.table["n_qubits"]["reason"] = f"asked for by n={n}; the profile has {before}"
    _extend(result.table, before, n)
    return result


def _extend(table: dict[str, Any], before: int, n: int) -> None:
    """Every list with an entry for each qubit or each pair, in place."""
    values = table.get("value")
    if isinstance(values, list) and len(values) in (before, before - 1):
        more = n - before
        table["mark"] = (table["mark"] if len(table["mark"]) > 1 else table["mark"] * len(values)) + "A" * more
        table["value"] = values + [values[-REPEATED:][i % len(values[-REPEATED:])] for i in range(more)]
        table["reason"] = (
            f"{table.get('reason', 'as published')}; from entry {len(values)} on the last {REPEATED} repeat, assumed"
        )
    for entry in table.values():
        if isinstance(entry, dict):
            _extend(entry, before, n)
