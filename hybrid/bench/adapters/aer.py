"""Qiskit Aer: all its methods, and three ways to call it."""

from collections.abc import Callable
from functools import cache
from math import inf
from typing import Any, Literal, NamedTuple, final

import numpy as np

from hybrid.base.errors import HybridError, MissingPart
from hybrid.bench.adapters._shared import (
    conditioned,
    dynamic,
    final_counts,
    noisy,
    refuse,
    shifted,
    simulator,
    unshifted,
    versions,
)
from hybrid.bench.job import Answer, Job

SAMPLERS = ("extended_stabilizer",)
"""Methods without `save_expectation_value`, and without branches."""
CLIFFORD = ("h", "x", "y", "z", "s", "sdg", "cx", "cz", "depolarize", "measure")
GATES = {"stabilizer": CLIFFORD, "extended_stabilizer": (*CLIFFORD, "t", "tdg", "rz")}
"""The gates of methods that do not take all gates."""


def aer(
    *,
    method: Literal[
        "statevector", "density_matrix", "matrix_product_state", "stabilizer", "extended_stabilizer", "tensor_network"
    ] = "statevector",
    device: Literal["CPU", "GPU"] = "CPU",
    precision: Literal["double", "single"] = "double",
    bond: int | None = None,
    sampling: Literal["resampled_metropolis", "metropolis", "norm_estimation"] | None = None,
    path: Literal["batched", "bound", "transpiled"] = "batched",
) -> "AerAdapter":
    """Qiskit Aer. `path`: all points in one job, or each bound by Qiskit, or each transpiled and bound anew.

    `bond` truncates matrix product states, `sampling` is how the extended stabilizer draws. It resamples by default: 5000
    steps for every shot; without resampling it is fast, but wrong where many outcomes cannot occur.
    """
    return AerAdapter(method, device, precision, bond, sampling, path)


class _AerCircuit(NamedTuple):
    """The circuit, and its parameters in the order of the points' columns; None where no gate uses the column."""

    circuit: Any
    parameters: list[Any]


@final
class AerAdapter:
    """The adapter with its options bound."""

    def __init__(self, method: str, device: str, precision: str, bond: int | None, sampling: str | None, path: str) -> None:
        self._method, self._device, self._precision, self._path = method, device, precision, path
        self._bond, self._sampling = bond, sampling

    def load(self) -> dict[str, str]:
        """Import Aer; MissingPart when this build lacks the method or the GPU."""
        for module in ("qiskit", "qiskit.quantum_info", "qiskit_aer.library", "qiskit_aer.noise"):
            simulator(module, "")
        plain = simulator("qiskit_aer", "").AerSimulator()
        if self._device not in plain.available_devices():
            raise MissingPart(
                f"aer: this Qiskit Aer has no {self._device} support. Install it with: pip install qiskit-aer-gpu"
            )
        if self._method not in plain.available_methods():
            raise MissingPart(f"aer: this Qiskit Aer has no method {self._method}. Install it with: pip install qiskit-aer-gpu")
        return versions("qiskit", "qiskit-aer")

    def refusal(self, job: Job) -> str | None:
        """What the method cannot do, or would ignore."""
        owner, mps = f"aer:method={self._method}", self._method == "matrix_product_state"
        if self._bond is not None and (not mps or self._bond < 1):
            return "aer: bond takes 1 or more, and goes with method=matrix_product_state only"
        if self._sampling is not None and self._method != "extended_stabilizer":
            return "aer: sampling goes with method=extended_stabilizer only"
        if self._precision == "single" and self._method not in ("statevector", "density_matrix"):
            return f"{owner} ignores precision=single"
        if self._method in GATES and (other := {step.name for step in job.steps} - set(GATES[self._method])):
            return f"{owner} does not take {', '.join(sorted(other))}"
        if job.task != "counts" and noisy(job) and self._method != "density_matrix":
            return f"{owner} draws trajectories; exact values with noise need method=density_matrix"
        if self._path == "transpiled" and job.n_qubits > (most := self._simulator(1).num_qubits):
            return f"{owner}: Qiskit transpiles for at most {most} qubits of this simulator; use path=batched"
        tasks = ("counts",) if self._method in SAMPLERS else ("expectations", "counts", "gradient")
        whole = self._method != "tensor_network"
        return refuse(owner, job, tasks=tasks, noise=whole, relaxes=whole, midway=whole and self._method not in SAMPLERS)

    def translate(self, job: Job) -> _AerCircuit:
        """One circuit: gates, and what is saved or measured at its end."""
        from qiskit import ClassicalRegister, QuantumCircuit
        from qiskit.circuit import Parameter
        from qiskit.quantum_info import SparsePauliOp
        from qiskit_aer.library import SaveExpectationValue
        from qiskit_aer.noise import depolarizing_error, thermal_relaxation_error

        if job.task == "gradient":
            job = shifted(job)
        channel, relaxation = cache(depolarizing_error), cache(thermal_relaxation_error)
        circuit = QuantumCircuit(job.n_qubits)
        if job.task == "counts":
            last = ClassicalRegister(job.n_qubits, "last")  # the lowest bits of an outcome
            circuit.add_register(last, *([ClassicalRegister(job.n_qubits, "midway")] if dynamic(job) else []))
        parameters = [Parameter(f"p{i}") for i in range(len(job.points[0]))]
        for step in job.steps:
            if step.name == "depolarize":
                circuit.append(channel(step.angle, len(step.qubits)), step.qubits)
            elif step.name == "relax":
                t1, t2 = (1 / rate if rate else inf for rate in (step.angle, step.scale))
                circuit.append(relaxation(t1, t2, 1.0), step.qubits)
            elif step.name == "measure":
                circuit.measure(step.qubits[0], job.n_qubits + step.qubits[0])
            else:
                with conditioned(circuit, step, job.n_qubits):
                    turned = step.parameter >= 0
                    angle = step.angle + step.scale * parameters[step.parameter] if turned else step.angle
                    given = (angle, *step.qubits) if step.name.startswith("r") else step.qubits
                    getattr(circuit, step.name)(*given)
        if job.task == "counts":
            circuit.barrier()
            circuit.measure(range(job.n_qubits), range(job.n_qubits))
        for i, terms in enumerate(job.observables if job.task != "counts" else ()):
            circuit.append(SaveExpectationValue(SparsePauliOp.from_list(list(terms)), f"o{i}"), range(job.n_qubits))
        return _AerCircuit(circuit, parameters)

    def compile(self, native: _AerCircuit, job: Job) -> Callable[[], Answer]:
        """The simulator; the common gates are native to every method, so nothing is transpiled unless the path says so."""
        if job.task == "gradient":
            values = self.compile(native, shifted(job))
            return lambda: unshifted(job, values())
        simulator = self._simulator(job.threads)
        points = np.array(job.points, dtype=float).reshape(len(job.points), -1)
        precision = self._observed(simulator)

        def run() -> Answer:
            data = _run(simulator, self._path, native, points, job)
            if job.task == "counts":
                return Answer(
                    counts=final_counts(((int(key, 16), n) for key, n in data[0].counts.items()), job.n_qubits),
                    precision=precision,
                )
            values = [[saved[f"o{i}"] for i in range(len(job.observables))] for saved in (point.to_dict() for point in data)]
            return Answer(values=np.array(values, dtype=float), precision=precision)

        return run

    def _simulator(self, threads: int) -> Any:
        from qiskit_aer import AerSimulator

        options: dict[str, Any] = {"method": self._method, "device": self._device, "precision": self._precision}
        if self._bond is not None:
            options["matrix_product_state_max_bond_dimension"] = self._bond
        if self._sampling is not None:
            options["extended_stabilizer_sampling_method"] = self._sampling
        return AerSimulator(max_parallel_threads=threads, max_parallel_experiments=threads, **options)

    def _observed(self, simulator: Any) -> str:
        """Aer always returns doubles: amplitudes that single precision represents exactly were computed in single."""
        from qiskit import QuantumCircuit

        if self._method == "stabilizer":
            return "bits"
        circuit = QuantumCircuit(1)
        circuit.h(0)
        circuit.save_statevector() if self._method != "density_matrix" else circuit.save_density_matrix()
        (data,) = _succeeded(simulator.run(circuit).result())
        state = np.asarray(next(iter(data.to_dict().values())))
        return "single" if np.array_equal(state, state.astype(np.complex64)) else "double"


def _run(simulator: Any, path: str, native: _AerCircuit, points: np.ndarray, job: Job) -> list[Any]:
    """The data of every point."""
    circuit, parameters = native
    used = [(i, p) for i, p in enumerate(parameters) if p in circuit.parameters]
    options = {"shots": job.shots or 1, "seed_simulator": job.seed}
    if path == "batched" and used:
        binds = [{p: points[:, i].tolist() for i, p in used}]
        return _succeeded(simulator.run(circuit, parameter_binds=binds, **options).result(), job.n_qubits)
    if path == "transpiled":
        from qiskit import transpile

        bound = [transpile(circuit, simulator).assign_parameters({p: row[i] for i, p in used}) for row in points]
    else:
        bound = [circuit.assign_parameters({p: row[i] for i, p in used}) for row in points]
    if path == "batched":
        return _succeeded(simulator.run(bound, **options).result(), job.n_qubits)
    return [_succeeded(simulator.run(one, **options).result(), job.n_qubits)[0] for one in bound]


def _succeeded(result: Any, n_qubits: int = 1) -> list[Any]:
    """The data of a result; HybridError when Aer failed, or left qubits out, and MemoryError when it had too little memory."""
    if not result.success:
        reasons = "; ".join(sorted({str(item.status) for item in result.results if not item.success} or {str(result.status)}))
        raise (MemoryError if "memory" in reasons.lower() else HybridError)(f"Qiskit Aer failed: {reasons}")
    for item in result.results:
        active = len(item.metadata["active_input_qubits"])
        if active != n_qubits:
            raise HybridError(f"Qiskit Aer simulated {active} of {n_qubits} qubits: the observable leaves the others out")
    return [item.data for item in result.results]
