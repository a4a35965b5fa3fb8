"""Qiskit Aer: state vector, density matrix, matrix product state; exact values and shots, with or without noise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import Any, Literal, NamedTuple, final

import numpy as np
from jaxtyping import Float, Int
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Instruction
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_aer import AerSimulator
from qiskit_aer.library import SaveExpectationValue, SaveProbabilities
from qiskit_aer.noise import QuantumError, depolarizing_error, pauli_error, thermal_relaxation_error

from hybrid.base.errors import HybridError, MissingPart, UsageError
from hybrid.base.types import (
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
    Shots,
    Task,
)
from hybrid.device.channels import qubits_of
from hybrid.device.readout import draw_all
from hybrid.simulators._circuits import Merged, density_circuit, gate_circuit, merged

DENSITY_ENTRIES, DENSITY_ENTRIES_OF_MANY = 4**10, 100 * 4**5
"""Up to this many entries density matrices are faster than a thousand noisy trajectories: of one matrix (measured: 10 qubits,
1.0 s against 3.2 s), and of one per realization, each prepared anew."""
MAX_OUTCOME_QUBITS = 63
KEPT_STEPS = 50_000
"""Circuits of up to so many steps together are kept between calls; of larger tasks each is built anew when it is run."""
JOB_STEPS = 300_000
"""Aer copies a circuit for every row of angles; one job has so many rows that these copies have at most so many steps."""
STEP_BYTES, COPIED_STEP_BYTES = 4096, 700
"""Of one step in a circuit of Qiskit, Aer's view of it included, and in one of Aer's copies (measured)."""
SEED_STEP = 2113
"""Aer adds so much to a job's seed for each further circuit (`seed_simulator` of its results)."""


def aer(
    *,
    method: Literal["automatic", "statevector", "density_matrix", "matrix_product_state"] = "automatic",
    precision: Literal["double", "single"] = "double",
    max_bond_dimension: int | None = None,
    device: Literal["CPU", "GPU"] = "CPU",
) -> "AerBackend":
    """Qiskit Aer. Automatic: state vector; with noise density matrices for exact values and few qubits, else trajectories.

    Raises UsageError for options that the method would ignore, MissingPart when Aer has no GPU support.
    """
    mps = method == "matrix_product_state"
    if max_bond_dimension is not None and (not mps or max_bond_dimension < 1):
        raise UsageError("aer: max_bond_dimension takes 1 or more, and goes with method=matrix_product_state only.")
    if mps and precision == "single":
        raise UsageError("aer: method=matrix_product_state ignores precision=single; leave it out.")
    if device == "GPU" and "GPU" not in AerSimulator().available_devices():
        raise MissingPart("aer: this Qiskit Aer has no GPU support. Install it with: pip install qiskit-aer-gpu")
    return AerBackend(method, precision, max_bond_dimension, device)


@final
@dataclass(frozen=True)
class AerBackend:
    """The backend with its options bound."""

    method: str
    precision: str
    max_bond_dimension: int | None
    device: str

    def compile(self, task: Task) -> Runner:
        """Circuits built and translated once; see `hybrid.base.types.Backend`."""
        method = self.method_for(task)
        if task.noisy and task.shots == 0 and method != "density_matrix":
            raise UsageError(f"aer: exact values with noise need method=density_matrix, not {method}; or give --shots.")
        if task.shots and task.n_qubits > MAX_OUTCOME_QUBITS:
            raise UsageError(f"aer: shots are read as 63-bit numbers; {task.n_qubits} qubits are too many.")
        return _AerRunner(task, self._simulator(method, task.threads), method)

    def method_for(self, task: Task) -> str:
        """The Aer method for this task."""
        if self.method != "automatic":
            return self.method
        most = DENSITY_ENTRIES if task.realizations == 1 else DENSITY_ENTRIES_OF_MANY
        density = task.noisy and (task.shots == 0 or 4**task.n_qubits * task.realizations <= most)
        return "density_matrix" if density else "statevector"

    def memory_bytes(self, task: Task) -> int:
        """State and, where they are read out, outcome probabilities of one point, and the circuits that are held at once.

        A matrix product state is counted at its bond limit.
        """
        held, longest = _steps_held(task), max(len(setting.steps) for setting in task.settings)
        circuits = STEP_BYTES * held + COPIED_STEP_BYTES * max(longest, min(JOB_STEPS, longest * task.realizations))
        return circuits + self._state_bytes(task)

    def _state_bytes(self, task: Task) -> int:
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
class _AerRunner:
    """Compiled circuits of one task; every call is one Aer job per setting, unless seeds need more."""

    def __init__(self, task: Task, simulator: AerSimulator, method: str) -> None:
        self._simulator = simulator
        self._sampled = task.shots > 0 and (method == "matrix_product_state" or (task.noisy and method != "density_matrix"))
        self._task, self._method = task, method
        self._keeps = len(task.settings) == 1 or _steps_held(task) == sum(len(setting.steps) for setting in task.settings)
        self._circuits: dict[int, _Compiled] = {}

    def _compiled(self, s: int) -> "_Compiled":
        """Setting s, built when it is first asked for; a large task's is built every time."""
        compiled = self._circuits.get(s) or self._built(self._task.settings[s])
        if self._keeps:
            self._circuits[s] = compiled
        return compiled

    def _built(self, setting: Setting) -> "_Compiled":
        """One setting as a circuit, its parameters, and the angles that they are sums of."""
        task, parameters = self._task, list(self._task.angles)
        if task.noisy:
            reduced = merged(setting, parameters)
            circuit = (_trajectory_circuit if self._sampled else density_circuit)(setting.n_qubits, reduced)
            compiled = _Compiled(circuit, list(reduced.parameters), reduced.angles)
        else:
            names = sorted(set(self._simulator.operation_names) & set(get_standard_gate_name_mapping()))
            circuit = transpile(gate_circuit(setting), basis_gates=names, optimization_level=0)
            used = [i for i, parameter in enumerate(parameters) if parameter in circuit.parameters]
            compiled = _Compiled(circuit, [parameters[i] for i in used], lambda angles: angles[:, used])
        every = range(task.n_qubits)
        if task.observable is not None:
            compiled.circuit.append(SaveExpectationValue(task.observable, "answer"), every)
        elif self._sampled:
            compiled.circuit.measure_all()
        else:
            compiled.circuit.append(SaveProbabilities(task.n_qubits, "answer"), every)
        return compiled

    def expectations(self, angles: Angles) -> Scalars:
        return np.array([data.answer for data in self._run(self._compiled(0), angles)], dtype=float)

    def distributions(self, angles: Angles) -> Float[np.ndarray, "k s d"]:
        """Exact outcome probabilities, one job per setting."""
        every = range(len(self._task.settings))
        columns = [[np.asarray(data.answer, dtype=float) for data in self._run(self._compiled(s), angles)] for s in every]
        return np.array(columns).swapaxes(0, 1)

    def counts(self, angles: Angles, shots: Shots, seeds: Sequence[Sequence[np.random.SeedSequence]]) -> list[list[Counts]]:
        """Counts drawn from exact probabilities with our own generator; by Aer where it computes trajectories only.

        Aer takes one seed per job: a job holds the realizations of one point in one setting, so that draws do not depend on how
        points are batched.
        """
        if not self._sampled:
            return draw_all(self.distributions(angles), shots, seeds)
        blocks = angles.reshape(len(seeds), len(shots), angles.shape[1])
        by_setting = []
        for s in range(len(self._task.settings)):
            compiled = self._compiled(s)
            points = zip(blocks, seeds, strict=True)
            by_setting.append([self._sample(compiled, rows, shots[:, s], of_point[s]) for rows, of_point in points])
        return [list(of_point) for of_point in zip(*by_setting, strict=True)]

    def _sample(
        self, circuit: "_Compiled", angles: Angles, shots: Int[np.ndarray, " r"], seed: np.random.SeedSequence
    ) -> Counts:
        """One job for the realizations with most shots, one for those with one fewer."""
        rows_with_counts: list[tuple[int, int, int]] = []
        for n in np.unique(shots[shots > 0]):
            rows = np.flatnonzero(shots == n)
            jobs = self._run(circuit, angles[rows], _aer_seed(seed) + int(n), int(n))
            rows_with_counts += [
                (int(row), int(outcome, 16), count)
                for row, data in zip(rows, jobs, strict=True)
                for outcome, count in data.counts.items()
            ]
        realizations, outcomes, counts = (list(column) for column in zip(*sorted(rows_with_counts), strict=True))
        return Counts(np.array(outcomes, dtype=np.uint64), np.array(counts, dtype=np.int64), np.array(realizations))

    def _run(self, compiled: "_Compiled", angles: Angles, seed: int | None = None, shots: int = 1) -> list[Any]:
        """The data of all rows, bound by Aer itself, in jobs of bounded memory; HybridError with Aer's own words for a failure.

        A row's draws depend on the seed and its place alone, not on how the rows are divided into jobs.
        """
        circuit, parameters, own_angles = compiled
        size, data = max(1, JOB_STEPS // max(1, len(circuit.data))), []
        for first in range(0, len(angles), size):
            rows = angles[first : first + size]
            options: dict[str, Any] = {} if seed is None else {"seed_simulator": seed + SEED_STEP * first}
            if parameters:
                options["parameter_binds"] = [dict(zip(parameters, own_angles(rows).T.tolist(), strict=True))]
            job = self._simulator.run(circuit if parameters else [circuit] * len(rows), shots=shots, **options)
            result = job.result()
            _check(result)
            data += [item.data for item in result.results]
        return data


def _steps_held(task: Task) -> int:
    """Steps of the circuits that a runner holds at once: of all of them, or of the longest where those are too many."""
    lengths = [len(setting.steps) for setting in task.settings]
    return sum(lengths) if sum(lengths) <= KEPT_STEPS else max(lengths)


class _Compiled(NamedTuple):
    """A circuit, its parameters, and the function from the task's angles (k, m) to their values."""

    circuit: QuantumCircuit
    parameters: list[Any]
    angles: Callable[[Angles], Angles]


def _aer_seed(seed: np.random.SeedSequence) -> int:
    return int(seed.generate_state(1, np.uint32)[0] >> 1)


def _check(result: Any) -> None:
    """HybridError with Aer's own words when a job failed."""
    if not result.success:
        reasons = {item.status for item in result.results if not item.success} or {result.status}
        raise HybridError(f"Qiskit Aer failed: {'; '.join(sorted(map(str, reasons)))}")


def _trajectory_circuit(n_qubits: int, merged: Merged) -> QuantumCircuit:
    circuit = QuantumCircuit(n_qubits)
    for step in merged.steps:
        if isinstance(step, Operation):
            circuit.append(step.gate, step.qubits, copy=False)
        else:
            circuit.append(_instruction(*map(_anywhere, step)), qubits_of(step[0]), copy=False)
    return circuit


def _anywhere(channel: Channel) -> Channel:
    """The channel on the first qubits: where it acts is no part of its instruction."""
    return (
        replace(channel, qubits=(0, 1)[: len(channel.qubits)])
        if isinstance(channel, Depolarizing)
        else replace(channel, qubit=0)
    )


@lru_cache(maxsize=1024)
def _instruction(*channels: Channel) -> Instruction:
    """The channels one after the other, made once: a circuit has the same ones after many of its gates."""
    return reduce(QuantumError.compose, map(_quantum_error, channels)).to_instruction()


def _quantum_error(channel: Channel) -> QuantumError:
    """The channel in Aer's own terms, built by Aer's own functions."""
    match channel:
        case BitFlip():
            return pauli_error([("X", channel.probability), ("I", 1 - channel.probability)])
        case Depolarizing():
            return depolarizing_error(channel.probability, len(channel.qubits))
        case Relaxation():
            return thermal_relaxation_error(channel.t1_s, channel.t2_s, channel.duration_s)
