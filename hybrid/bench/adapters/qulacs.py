"""Qulacs: a C++ state vector (and density matrix) simulator."""

from collections.abc import Callable
from typing import Any, Literal, final

import numpy as np

from hybrid.base.errors import MissingPart
from hybrid.bench.adapters._shared import refuse, simulator, versions
from hybrid.bench.job import Answer, Job

EXTRA = "qulacs"
GATES = {"h": "H", "x": "X", "y": "Y", "z": "Z", "s": "S", "sdg": "Sdag", "t": "T", "tdg": "Tdag", "cx": "CNOT", "cz": "CZ"}


def qulacs(
    *, method: Literal["statevector", "density_matrix"] = "statevector", device: Literal["CPU", "GPU"] = "CPU"
) -> "QulacsAdapter":
    """Qulacs (Suzuki et al., Quantum 5, 559, 2021); gradients by its own backpropagation."""
    return QulacsAdapter(method, device)


@final
class QulacsAdapter:
    """The adapter with its options bound."""

    def __init__(self, method: str, device: str) -> None:
        self._method, self._device = method, device

    def load(self) -> dict[str, str]:
        """Import Qulacs; MissingPart without it, or without its GPU build."""
        module = simulator("qulacs", EXTRA)
        if self._device == "GPU" and not hasattr(module, "QuantumStateGpu"):
            raise MissingPart("qulacs: this Qulacs has no GPU support. Install it with: pip install qulacs-gpu")
        return versions("qulacs" if self._device == "CPU" else "qulacs-gpu")

    def refusal(self, job: Job) -> str | None:
        """Noise needs the density matrix, which has neither counts nor gradients here."""
        density = self._method == "density_matrix"
        if density and self._device == "GPU":
            return "qulacs: density matrices run on the CPU only"
        tasks = ("expectations",) if density else ("expectations", "counts", "gradient")
        return refuse(f"qulacs:method={self._method}", job, tasks=tasks, noise=density)

    def translate(self, job: Job) -> tuple[Any, list[Any], list[tuple[float, float, int]]]:
        """A parametric circuit, its observables, and (offset, scale, parameter) of its parametrised steps in order.

        RX(t) of Qulacs is exp(+i t X / 2), so every angle changes its sign.
        """
        qulacs = simulator("qulacs", EXTRA)
        circuit = qulacs.ParametricQuantumCircuit(job.n_qubits)
        turned = []
        for step in job.steps:
            if step.name == "depolarize":
                circuit.add_gate(_depolarizing(step.qubits, step.angle))
            elif not step.name.startswith("r"):
                getattr(circuit, f"add_{GATES[step.name]}_gate")(*step.qubits)
            elif step.parameter < 0:
                getattr(circuit, f"add_{step.name.upper()}_gate")(step.qubits[0], -step.angle)
            else:
                getattr(circuit, f"add_parametric_{step.name.upper()}_gate")(step.qubits[0], 0.0)
                turned.append((step.angle, step.scale, step.parameter))
        observables = []
        for terms in job.observables:
            observable = qulacs.Observable(job.n_qubits)
            for pauli, weight in terms:
                observable.add_operator(weight, " ".join(f"{p} {q}" for q, p in enumerate(reversed(pauli)) if p != "I"))
            observables.append(observable)
        return circuit, observables, turned

    def compile(self, native: tuple[Any, list[Any], list[tuple[float, float, int]]], job: Job) -> Callable[[], Answer]:
        """One state, reset at every call."""
        qulacs = simulator("qulacs", EXTRA)
        kind = {"statevector": "QuantumState", "density_matrix": "DensityMatrix"}[self._method]
        state = getattr(qulacs, kind + ("Gpu" if self._device == "GPU" else ""))(job.n_qubits)
        numbers = state.get_vector() if self._method == "statevector" else state.get_matrix()
        precision = "single" if numbers.dtype == np.complex64 else "double"
        circuit, observables, turned = native

        def prepare(point: tuple[float, ...]) -> None:
            for i, (offset, scale, parameter) in enumerate(turned):
                circuit.set_parameter(i, -(offset + scale * point[parameter]))
            state.set_zero_state()
            circuit.update_quantum_state(state)

        def expectations() -> Answer:
            values = np.empty((len(job.points), len(observables)))
            for k, point in enumerate(job.points):
                prepare(point)
                values[k] = [observable.get_expectation_value(state) for observable in observables]
            return Answer(values=values, precision=precision)

        def counts() -> Answer:
            prepare(job.points[0])
            outcomes, numbers = np.unique(state.sampling(job.shots, job.seed), return_counts=True)
            return Answer(counts=dict(zip(outcomes.tolist(), numbers.tolist(), strict=True)), precision=precision)

        def gradient() -> Answer:
            prepare(job.points[0])
            value = observables[0].get_expectation_value(state)
            slopes = np.zeros(len(job.points[0]))
            for (_, scale, parameter), slope in zip(turned, circuit.backprop(observables[0]), strict=True):
                slopes[parameter] -= scale * slope
            return Answer(values=np.array([[value]]), gradient=slopes, precision=precision)

        return {"expectations": expectations, "counts": counts, "gradient": gradient}[job.task]


def _depolarizing(qubits: tuple[int, ...], probability: float) -> Any:
    """Qulacs' probability is that of a Pauli other than I: p (1 - 1/d^2) where the job says (1 - p) rho + p I/d."""
    qulacs = simulator("qulacs", EXTRA)
    kind = qulacs.gate.DepolarizingNoise if len(qubits) == 1 else qulacs.gate.TwoQubitDepolarizingNoise
    return kind(*qubits, probability * (1 - 1 / 4 ** len(qubits)))
