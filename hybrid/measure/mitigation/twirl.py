"""Pauli twirling: random Paulis around two-qubit gates turn coherent errors into stochastic ones."""

from hybrid.base.types import Mitigation, Twirl

STAGE = "twirling"


def twirl(*, instances: int = 32) -> Mitigation:
    """Random Paulis before every two-qubit gate, undone after it, as angles of the pulses that are there already (Wallman and
    Emerson, PRA 94, 052325, 2016). It removes no bias of its own; it makes noise such as `zne` expects. `instances` draws."""
    return Mitigation(twirl=Twirl(gates=True, instances=instances))
