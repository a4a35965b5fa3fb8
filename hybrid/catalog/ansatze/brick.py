"""A brick wall of two-qubit blocks, the alternating layered ansatz."""

from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector

from hybrid.base.types import Ansatz, ProblemBase
from hybrid.catalog.ansatze._shared import check_layers, near_reference


def brick(problem: ProblemBase, *, reps: int = 2) -> Ansatz:
    """Alternating layered ansatz: RY, RZ and CZ on even, then odd pairs of neighbours, `reps` times both; RY and RZ last.

    From Cerezo et al. (Nat. Commun. 12, 1791, 2021): its local costs have no barren plateau at logarithmic depth; only
    neighbours interact, so a chain needs no routing. Starts 0.1 rad around the problem's reference basis state (|0...0> without
    one). UsageError: reps outside 1..1000.
    """
    check_layers("brick", "reps", reps)
    n = problem.n_qubits
    rows = [[(q, q + 1) for q in range(first, n - 1, 2)] for first in (0, 1)] * reps
    theta = ParameterVector("theta", 4 * sum(map(len, rows)) + 2 * n)
    circuit, angles = QuantumCircuit(n), iter(theta)
    for pair in (pair for row in rows for pair in row):
        for q in pair:
            circuit.ry(next(angles), q)
            circuit.rz(next(angles), q)
        circuit.cz(*pair)
    last = len(theta) - 2 * n
    for q in range(n):
        circuit.ry(theta[last + q], q)
    for q in range(n):
        circuit.rz(theta[last + n + q], q)
    return Ansatz(circuit, near_reference(problem, len(theta), last))
