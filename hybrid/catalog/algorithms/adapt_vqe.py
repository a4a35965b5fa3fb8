"""ADAPT-VQE: an ansatz grown operator by operator."""

from typing import Literal

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from hybrid.base.errors import UsageError
from hybrid.base.types import Ansatz, Expectation, Loss, Point, Problem, Quantity, Session, Solution
from hybrid.catalog.excitations import commutator, excite, from_reference, generalized, generator, occupied_orbitals

WITHOUT = ("ansatz", "initial_point")


def adapt_vqe(
    session: Session,
    problem: Problem,
    *,
    pool: Literal["fermionic", "qubit"] = "fermionic",
    generalised: bool = False,
    gtol: float = 1e-3,
    max_operators: int = 30,
) -> Solution:
    """ADAPT-VQE: grow the ansatz by the operator with the largest derivative (Grimsley et al., Nat. Commun. 10, 3007, 2019).

    Append it with angle zero, minimise over all angles, repeat. Operators are exp(theta A), A = T - T^dagger over singles and
    doubles out of the Hartree-Fock state, or between any orbitals with `generalised`; in the `qubit` pool without the parity of
    the electrons between (qubit excitations, Yordanov et al., Commun. Phys. 4, 228, 2021). dE/dtheta at theta = 0 is <[H, A]>,
    each measured in the present state. Converges when no derivative (the largest is reported as steepest) exceeds `gtol` by
    more than two standard errors; stops at `max_operators`, or when the budget is used up, of which every further operator gets
    an equal part. UsageError: no molecule in the Jordan-Wigner mapping, bounds that are not positive.
    """
    if not gtol > 0 or max_operators < 1:
        raise UsageError("algorithm 'adapt_vqe': gtol and max_operators must be positive.")
    hamiltonian, n = problem.hamiltonian, problem.hamiltonian.num_qubits
    occupied = occupied_orbitals("algorithm 'adapt_vqe'", problem)
    excitations = generalized(n) if generalised else from_reference(occupied, n)
    slopes = [commutator(hamiltonian, generator(each, n, fermionic=pool == "fermionic")) for each in excitations]
    circuit = QuantumCircuit(n)
    circuit.x(occupied)
    x: Point = np.zeros(0)
    solution: Solution | None = None
    steepest, converged = 0.0, False
    for k in range(max_operators):
        answers = [session.measure(Expectation(circuit, slope), x[None]) for slope in slopes]
        values = np.array([abs(answer.values[0]) for answer in answers])
        errors = np.array([answer.stderr[0] for answer in answers])
        best = int(values.argmax())
        steepest = float(values[best])
        if converged := bool(np.all(values - 2 * errors < gtol)):
            break
        circuit = circuit.copy()
        excite(circuit, excitations[best], Parameter(f"theta{k:04d}"), fermionic=pool == "fermionic")  # last in order
        loss, before = Loss((Expectation(circuit, hamiltonian),)), x
        ansatz = Ansatz(circuit, lambda rng, before=before: np.append(before, 0.0))
        solution = session.minimize(loss, ansatz, share=1 / (max_operators - k))
        x = solution.x
        if not solution.nfev:
            break
    if solution is None:  # nothing to append: the Hartree-Fock state itself
        value, stderr = session.measure(Expectation(circuit, hamiltonian))
        solution = Solution(x, float(value[0]), float(stderr[0]), 0, 0, 0, 0, None, True, "")
    numbers = Quantity("operators", float(len(x))), Quantity("steepest", steepest, unit=problem.unit)
    reason = "converged" if converged else f"{max_operators} operators" if solution.converged else solution.reason
    return solution._replace(converged=converged, reason=reason, quantities=numbers)
