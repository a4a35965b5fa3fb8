"""Qiskit's own `quantum_info`: slow, simple, and independent of every other simulator here."""

from collections.abc import Callable
from typing import Any, final

import numpy as np

from hybrid.bench.adapters._shared import dynamic, noisy, refuse, shifted, simulator, unshifted, versions
from hybrid.bench.job import Answer, Job, Step

MOST_MEASURED = 8


def reference() -> "ReferenceAdapter":
    """Qiskit's own state vector; with noise its density matrix."""
    return ReferenceAdapter()


@final
class ReferenceAdapter:
    """The adapter; it has no options."""

    def load(self) -> dict[str, str]:
        """Import Qiskit."""
        for module in ("qiskit.circuit.library", "qiskit.quantum_info"):
            simulator(module, "")
        return versions("qiskit")

    def refusal(self, job: Job) -> str | None:
        """All tasks, for small circuits."""
        measured = sum(step.name == "measure" for step in job.steps)
        if measured > MOST_MEASURED:
            return f"reference follows every outcome: at most {MOST_MEASURED} measurements midway, not {measured}"
        tasks = ("expectations", "counts", "gradient")
        return refuse("reference", job, tasks=tasks, noise=True, relaxes=True, midway=not noisy(job))

    def translate(self, job: Job) -> Any:
        """Per step its qubits and, for one point, its operator."""
        from qiskit.circuit.library import get_standard_gate_name_mapping

        return get_standard_gate_name_mapping()

    def compile(self, native: Any, job: Job) -> Callable[[], Answer]:
        """Nothing is prepared: every point is simulated gate by gate."""
        if job.task == "gradient":
            values = self.compile(native, shifted(job))
            return lambda: unshifted(job, values())
        return lambda: _answer(native, job)


def _answer(gates: Any, job: Job) -> Answer:
    from qiskit.quantum_info import SparsePauliOp

    if dynamic(job):
        return _drawn(job, _outcomes(gates, job), "double")
    states = [_state(gates, job, point) for point in job.points]
    precision = "single" if np.asarray(states[0].data).dtype == np.complex64 else "double"
    if job.task == "counts":
        return _drawn(job, states[0].probabilities(), precision)
    observables = [SparsePauliOp.from_list(list(terms)) for terms in job.observables]
    values = [[state.expectation_value(o).real for o in observables] for state in states]
    return Answer(values=np.array(values), precision=precision)


def _drawn(job: Job, probabilities: np.ndarray, precision: str) -> Answer:
    weights = np.clip(probabilities, 0.0, None)
    drawn = np.random.default_rng(job.seed).multinomial(job.shots, weights / weights.sum())
    return Answer(counts={int(x): int(drawn[x]) for x in np.flatnonzero(drawn)}, precision=precision)


def _outcomes(gates: Any, job: Job) -> np.ndarray:
    """Probabilities at the end (2^n,): every outcome of every measurement is followed, its state not normalised."""
    from qiskit.quantum_info import Operator, Statevector

    onto = [Operator(np.diag([1.0, 0.0])), Operator(np.diag([0.0, 1.0]))]
    branches: list[tuple[Any, dict[int, int]]] = [(Statevector.from_int(0, 2**job.n_qubits), {})]
    for step in job.steps:
        if step.name == "measure":
            split = [(state, read, bit) for state, read in branches for bit in (0, 1)]
            branches = [
                (state.evolve(onto[bit], list(step.qubits)), {**read, step.qubits[0]: bit}) for state, read, bit in split
            ]
        else:
            gate = _gate(gates, step, job.points[0])
            branches = [
                (state.evolve(gate, list(step.qubits)) if step.condition < 0 or read[step.condition] else state, read)
                for state, read in branches
            ]
    return np.sum([np.abs(state.data) ** 2 for state, _ in branches], axis=0)


def _gate(gates: Any, step: Step, point: tuple[float, ...]) -> Any:
    gate = gates[step.name].to_mutable()
    gate.params = [step.at(point)] if gate.params else []
    return gate


def _state(gates: Any, job: Job, point: tuple[float, ...]) -> Any:
    """State vector, or density matrix if any step is noise."""
    from qiskit.quantum_info import DensityMatrix, Statevector, SuperOp

    state: Any = (DensityMatrix if noisy(job) else Statevector).from_int(0, 2**job.n_qubits)
    for step in job.steps:
        width = len(step.qubits)
        if step.name == "depolarize":
            identity = np.eye(2**width).reshape(-1, order="F")
            replace = np.outer(identity, identity) / 2**width
            what: Any = SuperOp((1 - step.angle) * np.eye(4**width) + step.angle * replace)
        elif step.name == "relax":
            left, kept = np.exp(-step.angle), np.exp(-step.scale)
            what = SuperOp(np.diag([1, kept, kept, left]) + (1 - left) * np.eye(4)[:, [3]].T * np.eye(4)[:, [0]])
        else:
            what = _gate(gates, step, point)
        state = state.evolve(what, qargs=list(step.qubits))
    return state
