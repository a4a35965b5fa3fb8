"""Google's qsim through Cirq: fused state vectors, in single precision only."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, final

import numpy as np

from hybrid.base.errors import MissingPart
from hybrid.bench.adapters._shared import noisy, refuse, shifted, simulator, unshifted, versions
from hybrid.bench.job import Answer, Job, Step

EXTRA = "qsim"
GATES = {"h": "H", "x": "X", "y": "Y", "z": "Z", "s": "S", "t": "T", "cx": "CNOT", "cz": "CZ"}


def qsim(*, device: Literal["CPU", "GPU"] = "CPU", fused: int = 2) -> "QsimAdapter":
    """qsim (quantumai.google/qsim). `fused` is the most qubits of a gate after fusion."""
    return QsimAdapter(device, fused)


class _QsimCircuit(NamedTuple):
    """The circuit, its observables, its qubits (the first the most significant) and one dictionary of parameters per point."""

    circuit: Any
    observables: list[Any]
    qubits: list[Any]
    points: list[dict[str, float]]


@final
class QsimAdapter:
    """The adapter with its options bound."""

    def __init__(self, device: str, fused: int) -> None:
        self._device, self._fused = device, fused

    def load(self) -> dict[str, str]:
        """Import qsim and Cirq; MissingPart without them, or without a GPU."""
        simulator("cirq", EXTRA)
        module = simulator("qsimcirq", EXTRA)
        if self._device == "GPU" and module.qsim_simulator.qsim_gpu is None:
            raise MissingPart(
                "qsim: this qsimcirq has no GPU support. Build it with CUDA: quantumai.google/qsim/install_qsimcirq"
            )
        return versions("qsimcirq", "cirq-core")

    def refusal(self, job: Job) -> str | None:
        """Noise is drawn in trajectories, which give counts."""
        if not 1 <= self._fused <= 6:
            return "qsim: fused lies between 1 and 6"
        if noisy(job) and job.task != "counts":
            return "qsim draws trajectories; it has no exact values with noise"
        return refuse("qsim", job, tasks=("expectations", "counts", "gradient"), noise=True)

    def translate(self, job: Job) -> _QsimCircuit:
        """A Cirq circuit with symbols; line qubit 0 is the most significant, so qubit q is line qubit n - 1 - q."""
        cirq, sympy = simulator("cirq", EXTRA), simulator("sympy", EXTRA)
        if job.task == "gradient":
            job = shifted(job)
        qubits = cirq.LineQubit.range(job.n_qubits)
        symbols = sympy.symbols([f"p{i}" for i in range(len(job.points[0]))])
        circuit = cirq.Circuit(_operation(step, [qubits[-1 - q] for q in step.qubits], symbols) for step in job.steps)
        circuit.append(cirq.I(qubit) for qubit in qubits if qubit not in circuit.all_qubits())
        if job.task == "counts":
            circuit.append(cirq.measure(*qubits, key="m"))
        sums = [cirq.PauliSum() for _ in job.observables if job.task != "counts"]
        for i, terms in enumerate(job.observables if job.task != "counts" else ()):
            for pauli, weight in terms:
                sums[i] += cirq.PauliString(
                    weight, {q: letter for q, letter in zip(qubits, pauli, strict=True) if letter != "I"}
                )
        return _QsimCircuit(circuit, sums, qubits, [{f"p{i}": x for i, x in enumerate(point)} for point in job.points])

    def compile(self, native: _QsimCircuit, job: Job) -> Callable[[], Answer]:
        """qsim translates Cirq's circuit at every call; it keeps up to one translation."""
        if job.task == "gradient":
            values = self.compile(native, shifted(job))
            return lambda: unshifted(job, values())
        cirq, qsimcirq = simulator("cirq", EXTRA), simulator("qsimcirq", EXTRA)
        gpu = self._device == "GPU"
        options = qsimcirq.QSimOptions(max_fused_gate_size=self._fused, cpu_threads=job.threads, use_gpu=gpu)
        runner = qsimcirq.QSimSimulator(options, seed=job.seed)
        probe = runner.simulate(cirq.Circuit(cirq.H(cirq.LineQubit(0)))).final_state_vector
        precision = "single" if probe.dtype == np.complex64 else "double"

        def expectations() -> Answer:
            values = runner.simulate_expectation_values_sweep(
                native.circuit, native.observables, native.points, qubit_order=native.qubits
            )
            return Answer(values=np.real(np.array(values)).astype(float), precision=precision)

        def counts() -> Answer:
            bits_of_shots = runner.run(native.circuit, native.points[0], repetitions=job.shots).measurements["m"]
            outcomes, numbers = np.unique(bits_of_shots, axis=0, return_counts=True)
            whole = (int("".join(map(str, bits)), 2) for bits in outcomes.astype(int).tolist())
            return Answer(counts=dict(zip(whole, numbers.tolist(), strict=True)), precision=precision)

        return counts if job.task == "counts" else expectations


def _operation(step: Step, qubits: list[Any], symbols: Any) -> Any:
    """The gate; Cirq's depolarizing probability is that of a Pauli other than I, p (1 - 1/d^2)."""
    cirq = simulator("cirq", EXTRA)
    if step.name == "depolarize":
        return cirq.depolarize(step.angle * (1 - 1 / 4 ** len(qubits)), n_qubits=len(qubits)).on(*qubits)
    if step.name.startswith("r"):
        angle = step.angle if step.parameter < 0 else step.angle + step.scale * symbols[step.parameter]
        return getattr(cirq, step.name)(angle).on(*qubits)
    gate = getattr(cirq, GATES[step.name.removesuffix("dg")])
    return (gate**-1 if step.name.endswith("dg") else gate).on(*qubits)
