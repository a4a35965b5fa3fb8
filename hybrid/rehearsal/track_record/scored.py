"""What every kind of experiment hands over: circuits, and how their outcomes score."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from jaxtyping import Float
from numpy import ndarray
from qiskit import QuantumCircuit

Score = Callable[[Float[ndarray, " d"]], float]
"""The score of outcome probabilities (2^n,); bit v of an outcome is qubit v of the circuit."""


class ScoredCircuit(NamedTuple):
    """A circuit, read in Z on all its qubits, whose score counts with a `share` in the sum that is the experiment's result.

    With `places` it is in native gates already and runs on these qubits of the device, its pulses in the order listed. Else it
    is laid out, routed and ordered as every circuit is. `outcome` is the one that a perfect machine reads, where there is one.
    """

    circuit: QuantumCircuit
    share: float
    score: Score
    places: Sequence[int] | None = None
    outcome: int | None = None


def probability_of(outcome: int) -> Score:
    """The probability of one outcome."""
    return lambda probabilities: float(probabilities[outcome])
