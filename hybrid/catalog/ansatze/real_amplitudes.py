"""Hardware-efficient ansatz with real amplitudes: RY on every qubit between blocks of CX."""

from typing import Literal

from qiskit.circuit.library import real_amplitudes as library_real_amplitudes

from hybrid.base.types import Ansatz, ProblemBase
from hybrid.catalog.ansatze._shared import check_layers, near_reference


def real_amplitudes(
    problem: ProblemBase,
    *,
    reps: int = 3,
    entanglement: Literal["linear", "reverse_linear", "full", "circular"] = "linear",
) -> Ansatz:
    """Real amplitudes: RY on every qubit between `reps` blocks of CX (Qiskit's circuit of that name).

    Starts 0.1 rad around the problem's reference basis state (|0...0> without one). UsageError: reps outside 0..1000.
    """
    check_layers("real_amplitudes", "reps", reps, least=0)
    n = problem.n_qubits
    circuit = library_real_amplitudes(n, reps=reps, entanglement=entanglement)
    return Ansatz(circuit, near_reference(problem, circuit.num_parameters, circuit.num_parameters - n))
