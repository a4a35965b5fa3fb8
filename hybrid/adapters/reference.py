"""Qiskit's own `quantum_info`: slow, simple, and independent of every other simulator here."""

from collections.abc import Callable
from typing import Any, final

import numpy as np

from hybrid.adapters._shared import noisy, refuse, shifted, simulator, unshifted, versions
from hybrid.job import Answer, Job


def reference() -> "Reference":
    """Qiskit's own state vector; with noise its density matrix."""
    return Reference()


@final
class Reference:
    """The adapter; it has no options."""

    def load(self) -> dict[str, str]:
        """Import Qiskit."""
        for module in ("qiskit.circuit.library", "qiskit.quantum_info"):
            simulator(module, "")
        return versions("qiskit")

    def refusal(self, job: Job) -> str | None:
        """It does everything there is."""
        return refuse("reference", job, tasks=("expectations", "counts", "gradient"), noise=True)

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

    states = [_state(gates, job, point) for point in job.points]
    precision = "single" if np.asarray(states[0].data).dtype == np.complex64 else "double"
    if job.task == "counts":
        weights = np.clip(states[0].probabilities(), 0.0, None)
        drawn = np.random.default_rng(job.seed).multinomial(job.shots, weights / weights.sum())
        return Answer(counts={int(x): int(drawn[x]) for x in np.flatnonzero(drawn)}, precision=precision)
    observables = [SparsePauliOp.from_list(list(terms)) for terms in job.observables]
    values = [[state.expectation_value(o).real for o in observables] for state in states]
    return Answer(values=np.array(values), precision=precision)


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
        else:
            what = gates[step.name].to_mutable()
            what.params = [step.at(point)] if what.params else []
        state = state.evolve(what, qargs=list(step.qubits))
    return state
