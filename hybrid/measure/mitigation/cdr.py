"""Clifford data regression: what noise does to circuits of known value, undone for the circuit of interest."""

from hybrid.base.types import Mitigation

STAGE = "extrapolation"


def cdr(*, circuits: int = 16) -> Mitigation:
    """The run's circuit at `circuits` points where all its angles are multiples of pi/2, measured once and fitted to their
    exact values, noisy = a exact + b; values are then (noisy - b)/a (Czarnik et al., Quantum 5, 592, 2021, with the regression
    in this direction because the exact values have no errors)."""
    return Mitigation(training=circuits)
