"""Probabilistic error cancellation: the inverse of the Markovian noise as a signed mixture of Paulis."""

from hybrid.base.types import Mitigation, Twirl

STAGE = "twirling"


def pec(*, instances: int = 256) -> Mitigation:
    """The inverse of every error channel of the device's description, drawn as signed Paulis, in a twirled circuit (Temme,
    Bravyi and Gambetta, PRL 119, 180509, 2017; van den Berg et al., Nature Physics 19, 1116, 2023). Quasi-static detunings,
    residual exchange, preparation and readout stay. Shots cost the square of the overhead. `instances` draws."""
    return Mitigation(twirl=Twirl(gates=True, outcomes=True, inverse=True, instances=instances))
