"""Twirled readout error extinction: random flips before the readout turn assignment errors into a factor of each string."""

from hybrid.base.types import Mitigation, Twirl

STAGE = "readout"


def trex(*, instances: int = 32) -> Mitigation:
    """Qubits are flipped at random before they are read, and back in the counts; the factor of each string of Z is measured
    once without the circuit, and divided out (van den Berg, Minev and Temme, PRA 105, 032620, 2022). `instances` draws."""
    return Mitigation(readout="strings", twirl=Twirl(outcomes=True, instances=instances))
