"""Hardware-efficient ansatz: RY and RZ on every qubit between blocks of CX."""

from typing import Literal

from qiskit.circuit.library import efficient_su2 as library_efficient_su2

from hybrid.base.types import Ansatz, ProblemBase
from hybrid.catalog.ansatze._shared import check_layers, near_reference


def efficient_su2(
    problem: ProblemBase,
    *,
    reps: int = 3,
    entanglement: Literal["linear", "reverse_linear", "full", "circular"] = "linear",
) -> Ansatz:
    """Hardware-efficient ansatz: RY and RZ on every qubit between `reps` blocks of CX (Kandala et al., Nature 549, 242, 2017).

    Starts 0.1 rad around the problem's reference basis state (|0...0> without one). UsageError: reps outside 0..1000.
    """
    check_layers("efficient_su2", "reps", reps, least=0)
    n = problem.n_qubits
    circuit = library_efficient_su2(n, reps=reps, entanglement=entanglement)
    return Ansatz(circuit, near_reference(problem, circuit.num_parameters, circuit.num_parameters - 2 * n))
