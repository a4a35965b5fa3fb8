"""Qiskit's own `quantum_info`: slow, simple and independent of Aer; the other backends are checked against it."""

from collections.abc import Sequence
from typing import final

import numpy as np
from jaxtyping import Float
from qiskit.quantum_info import DensityMatrix, Kraus, Statevector

from hybrid.base.types import Angles, Counts, Operation, Runner, Scalars, Setting, Shots, Task
from hybrid.device.channels import kraus, qubits_of
from hybrid.device.readout import draw_all


def reference() -> "ReferenceBackend":
    """Qiskit's own state vector; with noise its density matrix, channel by channel."""
    return ReferenceBackend()


@final
class ReferenceBackend:
    """The backend; it has no options."""

    def compile(self, task: Task) -> Runner:
        """Nothing is prepared: every point is simulated gate by gate."""
        return _ReferenceRunner(task)

    def memory_bytes(self, task: Task) -> int:
        """State, its copy during a gate, and outcome probabilities of one point."""
        return 32 * (4**task.n_qubits if task.noisy else 2**task.n_qubits) + 8 * 2**task.n_qubits

    def describe(self, task: Task) -> str:
        """For the report."""
        return f"Qiskit's own {'density matrix' if task.noisy else 'state vector'}, double precision"


@final
class _ReferenceRunner:
    def __init__(self, task: Task) -> None:
        self._task = task

    def expectations(self, angles: Angles) -> Scalars:
        states = (self._state(self._task.settings[0], row) for row in angles)
        return np.array([state.expectation_value(self._task.observable).real for state in states])

    def distributions(self, angles: Angles) -> Float[np.ndarray, "k s d"]:
        return np.array([[self._state(s, row).probabilities() for s in self._task.settings] for row in angles])

    def counts(self, angles: Angles, shots: Shots, seeds: Sequence[Sequence[np.random.SeedSequence]]) -> list[list[Counts]]:
        return draw_all(self.distributions(angles), shots, seeds)

    def _state(self, setting: Setting, row: Float[np.ndarray, " m"]) -> Statevector | DensityMatrix:
        value = {str(angle): float(theta) for angle, theta in zip(self._task.angles, row, strict=True)}
        kind = DensityMatrix if self._task.noisy else Statevector
        state: Statevector | DensityMatrix = kind.from_int(0, 2**setting.n_qubits)
        for step in setting.steps:
            if isinstance(step, Operation):
                gate = step.gate.to_mutable()
                gate.params = [value.get(str(p), p) for p in gate.params]
                state = state.evolve(gate, qargs=list(step.qubits))
            else:
                state = state.evolve(Kraus(list(kraus(step))), qargs=list(qubits_of(step)))
        return state
