"""Assignment errors of every bit calibrated by two circuits and inverted."""

from hybrid.base.types import Mitigation

STAGE = "readout"


def readout() -> Mitigation:
    """Assignment errors measured once, with all zeros and all ones, and inverted bit by bit (Bravyi et al., PRA 103, 042605,
    2021, tensored model). Errors of the preparation are counted as readout errors."""
    return Mitigation(readout="bits")
