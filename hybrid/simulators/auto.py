"""The exact engine where a device has noise, Aer elsewhere; Aer computes again what the engine reports."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, final

import numpy as np

from hybrid.base.types import DENSE_QUBITS, Certificate, Operation, Recomputation, Runner, Setting, Task
from hybrid.simulators.aer import AerBackend, aer
from hybrid.simulators.engine import wide
from hybrid.simulators.exact import ExactBackend, exact

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

CHOOSES = True
"""Another member does the work: a benchmark of every simulator leaves this one out."""
CIRCUIT_S, PULSE_S = 2e-4, 6e-9
"""CPU seconds of Aer's density matrix (measured, 2 to 10 qubits): for a circuit, and for a pulse by entry of the matrix."""
RECOMPUTE_S = 4.0
"""CPU seconds that a recomputation may take by this formula; it is a matter of the circuits alone, so that the same run has the
same record on a busy machine. One realization of one circuit is always computed."""


def auto() -> "AutoBackend":
    """The exact engine where a device has noise, Qiskit Aer elsewhere; Aer checks the engine's results on up to 12 qubits.

    Wider noisy circuits go to the engine for exact values of Pauli sums, and on more than 20 qubits for shots, which Aer does
    not check: its density matrix takes minutes for one realization of them. Others go to Aer.
    """
    return AutoBackend(exact(), aer())


@final
class AutoBackend:
    """The backend that takes the better simulator for each task."""

    def __init__(self, engine: ExactBackend, reference: AerBackend) -> None:
        self._engine, self._aer = engine, reference
        self.detunings, self.memory = engine.detunings, engine.memory

    def compile(self, task: Task) -> Runner:
        """By the engine or by Aer; see `hybrid.base.types.Backend`."""
        return self._simulator(task).compile(task)

    def memory_bytes(self, task: Task) -> int:
        """As the simulator that is taken."""
        return self._simulator(task).memory_bytes(task)

    def describe(self, task: Task) -> str:
        """As the simulator that is taken."""
        words = self._simulator(task).describe(task)
        return words if not wide(task) else f"{words}, not checked by Aer, which would need 4^{task.n_qubits} numbers"

    def certificate(self, task: Task) -> Certificate | None:
        """The engine's, where it is taken."""
        return self._engine.certificate(task)

    def gradient_bytes(self, task: Task) -> int:
        """As the engine."""
        return self._engine.gradient_bytes(task)

    def takes_nodes(self, by_nodes: Sequence[Task], drawn: Task) -> bool:
        """As the engine chooses, on more than 12 qubits."""
        return self._engine.takes_nodes(by_nodes, drawn)

    def recomputation(self, task: Task) -> Recomputation | None:
        """Aer's exact probabilities, as far as `RECOMPUTE_S` goes: fewer rows of angles, or one row of fewer circuits."""
        if self._simulator(task) is self._aer or wide(task):
            return None
        row_s = [CIRCUIT_S + PULSE_S * _pulses(setting) * 4**task.n_qubits for setting in task.settings]
        rows = int(RECOMPUTE_S / sum(row_s))
        settings = range(0, len(row_s), 1 if rows else max(1, round(sum(row_s) / RECOMPUTE_S)))
        exactly = task._replace(settings=tuple(task.settings[s] for s in settings), shots=0)
        return Recomputation(self._aer, exactly, settings, max(1, rows))

    def run_dynamic(
        self, circuit: "QuantumCircuit", shots: int, seed: np.random.SeedSequence, threads: int
    ) -> Mapping[str, int]:
        """Aer's; see `hybrid.base.types.DynamicBackend`."""
        return self._aer.run_dynamic(circuit, shots, seed, threads)

    def describe_dynamic(self) -> str:
        """Aer's method and precision."""
        return self._aer.describe_dynamic()

    def _simulator(self, task: Task) -> ExactBackend | AerBackend:
        detuned_or_noisy = task.noisy or task.realizations > 1
        return self._engine if wide(task) or (detuned_or_noisy and task.n_qubits <= DENSE_QUBITS) else self._aer


def _pulses(setting: Setting) -> int:
    return sum(isinstance(step, Operation) and step.gate.name != "rz" for step in setting.steps)
