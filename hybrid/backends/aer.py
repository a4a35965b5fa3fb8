"""Qiskit Aer: state vector, density matrix, matrix product state; exact values and shots, with or without noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
from jaxtyping import Float
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Gate, Instruction, ParameterExpression
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.quantum_info import Operator, SuperOp
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_aer import AerSimulator
from qiskit_aer.library import SaveExpectationValue, SaveProbabilities
from qiskit_aer.noise import QuantumError, depolarizing_error, pauli_error, thermal_relaxation_error

from hybrid.errors import HybridError, MissingPart, UsageError
from hybrid.estimate import draw
from hybrid.noise import kraus, qubits_of, superoperator
from hybrid.types import (
    Angles,
    BitFlip,
    Channel,
    Counts,
    Depolarizing,
    Operation,
    Relaxation,
    Runner,
    Scalars,
    Setting,
    Task,
)

DENSITY_QUBITS = 10
"""Up to here one density matrix beats a thousand noisy trajectories (measured: 10 qubits, 3 layers, 1.0 s against 3.2 s)."""
MAX_OUTCOME_QUBITS = 63


def aer(
    *,
    method: Literal["automatic", "statevector", "density_matrix", "matrix_product_state"] = "automatic",
    precision: Literal["double", "single"] = "double",
    max_bond_dimension: int | None = None,
    device: Literal["CPU", "GPU"] = "CPU",
) -> "Aer":
    """Qiskit Aer. Automatic: state vector; with noise density matrix up to 10 qubits or for exact values, trajectories above.

    Raises UsageError for options that the method would ignore, MissingPart when Aer has no GPU support.
    """
    mps = method == "matrix_product_state"
    if max_bond_dimension is not None and (not mps or max_bond_dimension < 1):
        raise UsageError("aer: max_bond_dimension takes 1 or more, and goes with method=matrix_product_state only.")
    if mps and precision == "single":
        raise UsageError("aer: method=matrix_product_state ignores precision=single; leave it out.")
    if device == "GPU" and "GPU" not in AerSimulator().available_devices():
        raise MissingPart("aer: this Qiskit Aer has no GPU support. Install it with: pip install qiskit-aer-gpu")
    return Aer(method, precision, max_bond_dimension, device)


@final
@dataclass(frozen=True)
class Aer:
    """The backend with its options bound."""

    method: str
    precision: str
    max_bond_dimension: int | None
    device: str

    def compile(self, task: Task) -> Runner:
        """Circuits built and translated once; see `hybrid.types.Backend`."""
        method = self.method_for(task)
        if task.noisy and task.shots == 0 and method != "density_matrix":
            raise UsageError(f"aer: exact values with noise need method=density_matrix, not {method}; or give --shots.")
        if task.shots and task.n_qubits > MAX_OUTCOME_QUBITS:
            raise UsageError(f"aer: shots are read as 63-bit numbers; {task.n_qubits} qubits are too many.")
        return _Runner(task, self._simulator(method, task.threads), method)

    def method_for(self, task: Task) -> str:
        """The Aer method that answers this task."""
        if self.method != "automatic":
            return self.method
        density = task.noisy and (task.shots == 0 or task.n_qubits <= DENSITY_QUBITS)
        return "density_matrix" if density else "statevector"

    def memory_bytes(self, task: Task) -> int:
        """State and, where they are read out, outcome probabilities of one point; a matrix product state at its bond limit."""
        amplitude = 8 if self.precision == "single" else 16
        n, method = task.n_qubits, self.method_for(task)
        if method == "matrix_product_state":
            bond = min(2 ** (n // 2), self.max_bond_dimension or 2 ** (n // 2))
            return 2 * n * amplitude * min(bond, 1024) ** 2
        state = amplitude * (4**n if method == "density_matrix" else 2**n)
        return state + (0 if task.observable is not None else 24 * 2**n)  # probabilities, clipped, summed up

    def describe(self, task: Task) -> str:
        """Method, precision and processor, for the report."""
        method = self.method_for(task).replace("_", " ")
        bond = f" (bond <= {self.max_bond_dimension})" if self.max_bond_dimension else ""
        how = ", trajectories" if task.noisy and method != "density matrix" else ""
        processor = f", {self.device}" if self.device != "CPU" else ""
        return f"Qiskit Aer, {method}{bond}{how}, {self.precision} precision{processor}"

    def run_dynamic(self, circuit: QuantumCircuit, shots: int, seed: np.random.SeedSequence, threads: int) -> Mapping[str, int]:
        """Counts of a circuit that measures, resets or branches before its end."""
        simulator = self._simulator(self._dynamic_method(), threads)
        native = generate_preset_pass_manager(0, backend=simulator).run(circuit)
        result = simulator.run(native, shots=shots, seed_simulator=_aer_seed(seed)).result()
        _check(result)
        return result.get_counts()

    def describe_dynamic(self) -> str:
        """Method and precision, for the report."""
        return f"Qiskit Aer, {self._dynamic_method().replace('_', ' ')}, {self.precision} precision"

    def _dynamic_method(self) -> str:
        return "statevector" if self.method == "automatic" else self.method

    def _simulator(self, method: str, threads: int) -> AerSimulator:
        options: dict[str, Any] = {"method": method, "precision": self.precision, "device": self.device}
        if self.max_bond_dimension is not None:
            options["matrix_product_state_max_bond_dimension"] = self.max_bond_dimension
        return AerSimulator(max_parallel_threads=threads, max_parallel_experiments=threads, **options)


@final
class _Runner:
    """Compiled circuits of one task; every call is one Aer job where seeds allow it."""

    def __init__(self, task: Task, simulator: AerSimulator, method: str) -> None:
        self._angles = list(task.angles)
        self._simulator = simulator
        density = method == "density_matrix"
        self._sampled = task.shots > 0 and (method == "matrix_product_state" or (task.noisy and not density))
        circuits = [_density_circuit(s) if density and task.noisy else _circuit(s) for s in task.settings]
        if not task.noisy:
            names = sorted(set(simulator.operation_names) & set(get_standard_gate_name_mapping()))
            circuits = [transpile(circuit, basis_gates=names, optimization_level=0) for circuit in circuits]
        self._circuits = circuits
        every = range(task.n_qubits)
        for circuit in self._circuits:
            if task.observable is not None:
                circuit.append(SaveExpectationValue(task.observable, "answer"), every)
            elif self._sampled:
                circuit.measure_all()
            else:
                circuit.append(SaveProbabilities(task.n_qubits, "answer"), every)

    def expectations(self, angles: Angles) -> Scalars:
        """Exact expectation values, one job."""
        return np.array([data.answer for data in self._run(self._circuits[0], angles)], dtype=float)

    def distributions(self, angles: Angles) -> Float[np.ndarray, "k s d"]:
        """Exact outcome probabilities, one job per setting."""
        columns = [[np.asarray(data.answer, dtype=float) for data in self._run(c, angles)] for c in self._circuits]
        return np.array(columns).swapaxes(0, 1)

    def counts(
        self, angles: Angles, shots: Sequence[int], seeds: Sequence[Sequence[np.random.SeedSequence]]
    ) -> list[list[Counts]]:
        """Counts drawn from exact probabilities with our own generator; by Aer, one job each, where it cannot give them.

        Aer seeds a whole job: a job per point and setting is what keeps draws independent of how points were batched.
        """
        if self._sampled:
            return [
                [self._sample(c, row[None], n, seed) for c, n, seed in zip(self._circuits, shots, of_point, strict=True)]
                for row, of_point in zip(angles, seeds, strict=True)
            ]
        return [
            [draw(p, n, np.random.default_rng(seed)) for p, n, seed in zip(of_settings, shots, of_point, strict=True)]
            for of_settings, of_point in zip(self.distributions(angles), seeds, strict=True)
        ]

    def _sample(self, circuit: QuantumCircuit, angles: Angles, shots: int, seed: np.random.SeedSequence) -> Counts:
        (data,) = self._run(circuit, angles, shots=shots, seed_simulator=_aer_seed(seed))
        pairs = sorted((int(outcome, 16), count) for outcome, count in data.counts.items())
        return Counts(np.array([o for o, _ in pairs], dtype=np.uint64), np.array([c for _, c in pairs], dtype=np.int64))

    def _run(self, circuit: QuantumCircuit, angles: Angles, **options: Any) -> list[Any]:
        """One job over all points, bound by Aer itself; HybridError with Aer's own words when it fails."""
        if self._angles:
            binds = [dict(zip(self._angles, angles.T.tolist(), strict=True))]
            result = self._simulator.run(circuit, parameter_binds=binds, **{"shots": 1} | options).result()
        else:
            result = self._simulator.run([circuit] * len(angles), **{"shots": 1} | options).result()
        _check(result)
        return [item.data for item in result.results]


def _aer_seed(seed: np.random.SeedSequence) -> int:
    return int(seed.generate_state(1, np.uint32)[0] >> 1)


def _check(result: Any) -> None:
    """HybridError with Aer's own words when a job failed."""
    if not result.success:
        reasons = {item.status for item in result.results if not item.success} or {result.status}
        raise HybridError(f"Qiskit Aer failed: {'; '.join(sorted(map(str, reasons)))}")


def _circuit(setting: Setting) -> QuantumCircuit:
    """Gates and, for trajectories, error channels inline."""
    circuit = QuantumCircuit(setting.n_qubits)
    for step in setting.steps:
        circuit.append(step.gate if isinstance(step, Operation) else _quantum_error(step), qubits_of(step))
    return circuit


def _quantum_error(channel: Channel) -> QuantumError:
    """The channel in Aer's own terms, built by Aer's own functions."""
    match channel:
        case BitFlip():
            return pauli_error([("X", channel.probability), ("I", 1 - channel.probability)])
        case Depolarizing():
            return depolarizing_error(channel.probability, len(channel.qubits))
        case Relaxation():
            return thermal_relaxation_error(channel.t1_s, channel.t2_s, channel.duration_s)


def _density_circuit(setting: Setting) -> QuantumCircuit:
    """Everything between two parametrised gates joined into one superoperator per qubit or pair of qubits.

    Aer applies a `superop` of fixed entries as one sweep over the state, so noise costs little more than the pulses alone.
    """
    circuit = QuantumCircuit(setting.n_qubits)
    block_of: dict[int, tuple[tuple[int, ...], SuperOp]] = {}

    def flush(qubits: tuple[int, ...]) -> None:
        for qubit in qubits:
            if qubit in block_of:
                members, channel = block_of[qubit]
                circuit.append(Instruction("superop", len(members), 0, [channel.data]), members)
                for member in members:
                    del block_of[member]

    for step in setting.steps:
        qubits = qubits_of(step)
        if isinstance(step, Operation) and (len(qubits) > 2 or _has_angle(step.gate)):
            flush(qubits)
            circuit.append(step.gate, qubits)
            continue
        members, channel = next((block_of[q] for q in qubits if q in block_of), (qubits, SuperOp(np.eye(4 ** len(qubits)))))
        if not set(qubits) <= set(members):
            if any(len(block_of[q][0]) > 1 for q in qubits if q in block_of):
                flush(qubits)
            members, channel = qubits, SuperOp(np.eye(4 ** len(qubits)))
            for qubit in qubits:
                if qubit in block_of:
                    channel = channel.compose(block_of[qubit][1], qargs=[qubits.index(qubit)])
        channel = channel.compose(_superop(step), qargs=[members.index(q) for q in qubits])
        block_of |= dict.fromkeys(members, (members, channel))
    flush(tuple(range(setting.n_qubits)))
    return circuit


def _superop(step: Operation | Channel) -> SuperOp:
    return SuperOp(Operator(step.gate)) if isinstance(step, Operation) else SuperOp(superoperator(kraus(step)))


def _has_angle(gate: Gate) -> bool:
    return any(isinstance(value, ParameterExpression) and value.parameters for value in gate.params)
