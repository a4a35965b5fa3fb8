"""The best classical solution of a binary program, with its time, and the Problem for a quantum algorithm."""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from hybrid.base.errors import UsageError
from hybrid.base.types import Choices, Problem
from hybrid.catalog.problems._binary import BinaryProgram, Constraint, Outcomes, every
from hybrid.catalog.problems._inputs import MAX_QUBITS
from hybrid.catalog.problems._spectrum import ground_energy

TRIED = 20
"""Up to this number of variables all choices are tried."""
MAX_PRODUCTS = 2000
MILP_S = 10.0


class ClassicalSolution(NamedTuple):
    """The best choice (None: not known), the method, the seconds, and whether it is proven to be optimal."""

    outcome: int | None
    method: str
    seconds: float
    proven: bool


def binary_problem(
    owner: str,
    program: BinaryProgram,
    decode: Callable[[int], str],
    *,
    quantity: str,
    unit: str = "",
    maximize: bool = False,
    penalty: float | None = None,
) -> Problem:
    """The program as a Problem; with `maximize` the reported value is minus the objective.

    UsageError: nothing to decide, too many bits, no feasible choice, or a `penalty` at which breaking a constraint pays.
    """
    if not np.isfinite(program.objective.most() + abs(program.objective.constant)):
        raise UsageError(f"problem '{owner}': the numbers are too large: their sum overflows.")
    weight = program.sufficient_penalty() if penalty is None else penalty
    qubo = program.penalised(weight)
    n = len(qubo.linear)
    if n > MAX_QUBITS:
        raise UsageError(f"problem '{owner}': {n} bits, slack included; at most {MAX_QUBITS} are allowed.")
    hamiltonian = qubo.hamiltonian()
    if not hamiltonian.paulis.z.any():
        raise UsageError(f"problem '{owner}': nothing to decide: every choice is worth the same.")
    answer = best_answer(owner, program)
    sign = -1 if maximize else 1
    lowest = None
    if answer.outcome is not None:
        lowest = program.objective.value(answer.outcome)
    if penalty is not None and program.constraints:
        _check_penalty(owner, program, penalty, lowest, ground_energy(hamiltonian))

    def objective(outcomes: Outcomes) -> np.ndarray:
        return sign * program.objective.values(outcomes)

    return Problem(
        hamiltonian=hamiltonian,
        unit=unit,
        ansatz="qaoa_layers:p=1",
        exact=sign * lowest if lowest is not None and answer.proven else None,
        quantity=quantity,
        sign=sign,
        decode=decode,
        choices=Choices(
            n_variables=len(program.names),
            objective=objective,
            feasible=program.feasible,
            best=answer.outcome,
            method=answer.method,
            seconds=answer.seconds,
            penalty=_statement(program, weight, penalty is None, n - len(program.names)),
        ),
    )


def best_answer(owner: str, program: BinaryProgram) -> ClassicalSolution:
    """All choices tried up to 20 variables; beyond, mixed-integer programming (HiGHS), if it proves its answer in 10 s."""
    n, began = len(program.names), time.perf_counter()
    if n <= TRIED:
        outcomes = every(n)
        values = np.where(program.feasible(outcomes), program.objective.values(outcomes), np.inf)
        best = int(values.argmin())
        if values[best] == np.inf:
            raise UsageError(f"problem '{owner}': no choice satisfies {_listed(program.constraints)}.")
        return ClassicalSolution(best, f"all {2**n:,} choices tried", time.perf_counter() - began, True)
    if len(program.objective.quadratic) > MAX_PRODUCTS:
        return ClassicalSolution(
            None, f"not sought: {n} variables are too many to try, their products too many to solve", 0.0, False
        )
    status, outcome = _milp(program)
    if status == _INFEASIBLE:
        raise UsageError(f"problem '{owner}': no choice satisfies {_listed(program.constraints)}.")
    seconds = time.perf_counter() - began
    if outcome is None:
        return ClassicalSolution(None, f"mixed-integer programming (HiGHS) proved none in {MILP_S:g} s", seconds, False)
    return ClassicalSolution(outcome, "mixed-integer programming (HiGHS)", seconds, True)


_OPTIMAL, _INFEASIBLE = 0, 2


def _milp(program: BinaryProgram) -> tuple[int, int | None]:
    """HiGHS' status, and the outcome if it is proven; a product x_i x_j is a variable y of its own.

    y <= x_i, y <= x_j and y >= x_i + x_j - 1 (Fortet, 1960).
    """
    n, pairs = len(program.names), list(program.objective.quadratic)
    size = n + len(pairs)
    cost = np.concatenate([program.objective.linear, list(program.objective.quadratic.values())])
    rows, low, high = [], [], []
    for constraint in program.constraints:
        places = list(constraint.coefficients)
        row = csr_array((list(constraint.coefficients.values()), ([0] * len(places), places)), shape=(1, size), dtype=float)
        rows.append(row)
        low.append(constraint.bound if constraint.sense == "=" else -np.inf)
        high.append(constraint.bound)
    for k, (i, j) in enumerate(pairs):
        y = n + k
        for places, values, least, most in (
            ([y, i], [1.0, -1.0], -np.inf, 0.0),
            ([y, j], [1.0, -1.0], -np.inf, 0.0),
            ([y, i, j], [1.0, -1.0, -1.0], -1.0, np.inf),
        ):
            rows.append(csr_array((values, ([0] * len(places), places)), shape=(1, size)))
            low.append(least)
            high.append(most)
    within = LinearConstraint(vstack(rows, format="csc"), low, high) if rows else ()
    integral = np.concatenate([np.ones(n), np.zeros(len(pairs))])
    options = {"time_limit": MILP_S, "mip_rel_gap": 0.0}
    result = milp(cost, integrality=integral, bounds=(0, 1), constraints=within, options=options)
    if result.status != _OPTIMAL:
        return result.status, None
    return result.status, sum(1 << i for i in range(n) if result.x[i] > 0.5)


def _check_penalty(owner: str, program: BinaryProgram, penalty: float, best: float | None, lowest: float | None) -> None:
    """UsageError where the least energy is below the best feasible choice, or may be."""
    enough = program.sufficient_penalty()
    if penalty >= enough or (best is not None and lowest is not None and lowest >= best - 1e-9 * max(1.0, abs(best))):
        return
    raise UsageError(
        f"problem '{owner}': with penalty={penalty:g} breaking {_listed(program.constraints)} can pay, so that the lowest "
        f"energy would be no answer; {enough:.4g} is surely enough (the default)."
    )


def _statement(program: BinaryProgram, weight: float, chosen: bool, slack: int) -> str:
    if not program.constraints:
        return ""
    why = "chosen: above what breaking can gain" if chosen else "given"
    bits = f"; {slack} slack bit{'s' if slack > 1 else ''}" if slack else ""
    return f"{weight:.4g} ({why}){bits}, for {_listed(program.constraints)}"


def _listed(constraints: tuple[Constraint, ...]) -> str:
    """Names of the constraints, the first few of many."""
    names = list(dict.fromkeys(constraint.name for constraint in constraints))
    return ", ".join(names[:4]) + (f", ... ({len(names)} in all)" if len(names) > 4 else "")
