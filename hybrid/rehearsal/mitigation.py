"""Which error mitigation to recommend: methods compared at one x by the ledger's rule, each of them a pair of runs.

The rule is equation 1 of `hybrid.review.mitigation_ledger`: at the same shots the smallest sqrt(bias^2 + stderr^2). The methods
are runs here, and not `hybrid.review.mitigate`, so that an interrupted rehearsal continues at the method that it had reached.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import hypot
from typing import NamedTuple

from hybrid.base.errors import HybridError
from hybrid.rehearsal.evidence import AtPoint, Case
from hybrid.rehearsal.play import Player, why_refused
from hybrid.rehearsal.rehearsal import MITIGATED, Skipped
from hybrid.review.mitigation_ledger import CLEAR, NONE

METHODS = ("readout", "readout+zne", "zne", "trex+twirl+zne")
"""What is compared, in this order where not all of it fits the time: readout errors first, they are the cheapest to correct."""


class Recommended(NamedTuple):
    """The method with the smallest error at these shots, the experiment's own where none is clearly better; and the values by
    all methods that were tried."""

    mitigate: str
    values: dict[str, AtPoint]


def recommended(
    player: Player, case: Case, x: Sequence[float], methods: Sequence[str]
) -> tuple[Recommended | None, list[Skipped]]:
    """The method that pays most among these, and those that do not apply; None where the experiment was not played."""
    if case.at is None:
        return None, []
    found, refused = {case.spec.mitigate: case.at}, []
    for method in methods:
        spec, step = replace(case.with_ansatz, mitigate=method), f"{MITIGATED} by {method}"
        try:
            found[method] = player.around(spec, x, case.question, step)
        except HybridError as error:
            refused.append(Skipped(step, case.spec.device, None, why_refused(error)))
    best = min(found, key=lambda method: rms(found[method]))
    if rms(case.at) <= CLEAR * rms(found[best]):
        best = case.spec.mitigate
    return Recommended(best, found), refused


def rms(at: AtPoint) -> float:
    """Bias and standard error together."""
    return hypot(at.bias, at.stderr)


def candidates(case: Case) -> tuple[str, ...]:
    """The methods that are compared with what the experiment asks for."""
    return METHODS if case.spec.mitigate == NONE else tuple(method for method in METHODS if method != case.spec.mitigate)
