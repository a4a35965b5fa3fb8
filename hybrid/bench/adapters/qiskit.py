"""Any backend with Qiskit's BackendV2 interface."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, final

from hybrid.base.errors import HybridError, UsageError
from hybrid.bench.adapters._shared import conditioned, dynamic, final_counts, noisy, refuse, simulator, versions
from hybrid.bench.job import Answer, Job


def qiskit(*, object: str, optimization: int = 1) -> "QiskitAdapter":
    """A BackendV2 of Qiskit, transpiled once and run: `object=package.module:name`, a backend or what returns one.

    Counts only, in the backend's own noise. `optimization` is the transpiler's level.
    """
    return QiskitAdapter(object, optimization)


@final
class QiskitAdapter:
    """The adapter with its options bound."""

    def __init__(self, object: str, optimization: int) -> None:
        self._object, self._optimization = object, optimization
        self._backend: Any = None

    def load(self) -> dict[str, str]:
        """Import Qiskit and the object; MissingPart without the module, UsageError without the name."""
        simulator("qiskit", "")
        head, _, name = self._object.partition(":")
        try:
            module = import_module(head)
        except ImportError as error:
            raise UsageError(f"adapter 'qiskit': object={self._object}: cannot import {head} ({error}).") from None
        value = getattr(module, name, None)
        if value is None:
            raise UsageError(f"adapter 'qiskit': object={self._object}: {head} has no '{name}'; write package.module:name.")
        self._backend = value() if callable(value) else value
        if not hasattr(self._backend, "target") or not hasattr(self._backend, "run"):
            raise UsageError(f"adapter 'qiskit': object={self._object} is not a BackendV2: it lacks target or run.")
        return versions("qiskit")

    def refusal(self, job: Job) -> str | None:
        """Counts alone, on as many qubits as the backend has."""
        limit = None if self._backend is None else self._backend.num_qubits
        if not 0 <= self._optimization <= 3:
            return "qiskit: optimization lies between 0 and 3"
        if limit is not None and job.n_qubits > limit:
            return f"{self._object} has {limit} qubits"
        if noisy(job):
            return "qiskit: a backend brings its own noise"
        midway = self._backend is None or "if_else" in self._backend.target.operation_names
        return refuse("qiskit", job, tasks=("counts",), midway=midway)

    def translate(self, job: Job) -> Any:
        """The circuit, measured."""
        from qiskit import ClassicalRegister, QuantumCircuit

        n = job.n_qubits
        circuit = QuantumCircuit(n)
        circuit.add_register(ClassicalRegister(n, "last"), *([ClassicalRegister(n, "midway")] if dynamic(job) else []))
        for step in job.steps:
            given = (step.at(job.points[0]), *step.qubits) if step.name.startswith("r") else step.qubits
            bits = [n + step.qubits[0]] if step.name == "measure" else []
            with conditioned(circuit, step, n):
                getattr(circuit, step.name)(*given, *bits)
        circuit.barrier()
        circuit.measure(range(n), range(n))
        return circuit

    def compile(self, native: Any, job: Job) -> Callable[[], Answer]:
        """Transpiled once."""
        from qiskit import transpile

        circuit = transpile(native, self._backend, optimization_level=self._optimization, seed_transpiler=job.seed)
        seeded = {"seed_simulator": job.seed} if "seed_simulator" in dir(self._backend.options) else {}

        def run() -> Answer:
            result = self._backend.run(circuit, shots=job.shots, **seeded).result()
            if not result.success:
                raise HybridError(f"{self._object} failed: {getattr(result, 'status', 'no reason given')}")
            outcomes = ((int(bits.replace(" ", ""), 2), number) for bits, number in result.get_counts().items())
            return Answer(counts=final_counts(outcomes, job.n_qubits), precision="unknown")

        return run
