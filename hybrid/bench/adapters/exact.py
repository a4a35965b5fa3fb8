"""The exact engine of this package, as a simulator among others."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, final

import numpy as np

from hybrid.bench.adapters._shared import noisy, refuse, simulator, versions
from hybrid.bench.job import Answer, Job


def exact(*, precision: Literal["double", "single"] = "double") -> "ExactAdapter":
    """The exact engine: fused blocks, batched over points, gradients in one reverse pass."""
    return ExactAdapter(precision)


class _ExactCircuit(NamedTuple):
    """Tasks of the engine, one per observable; the angles (m) of parametrised gates are offset + scale * point[parameter]."""

    tasks: list[Any]
    offset: np.ndarray
    scale: np.ndarray
    parameter: np.ndarray


@final
class ExactAdapter:
    """The adapter with its options bound."""

    def __init__(self, precision: str) -> None:
        self._precision = precision

    def load(self) -> dict[str, str]:
        """Import the engine."""
        for module in ("qiskit.circuit.library", "qiskit.quantum_info", "hybrid.simulators.engine", "hybrid.base.types"):
            simulator(module, "")
        return versions("numpy", "qiskit")

    def refusal(self, job: Job) -> str | None:
        """With noise the engine gives distributions, and so counts."""
        if noisy(job) and job.task != "counts":
            return "exact answers counts only where there is noise"
        return refuse("exact", job, tasks=("expectations", "counts", "gradient"), noise=True)

    def translate(self, job: Job) -> _ExactCircuit:
        """The circuit as the engine's steps, an angle of its own for every parametrised gate."""
        from qiskit.circuit import Parameter
        from qiskit.circuit.library import get_standard_gate_name_mapping
        from qiskit.quantum_info import SparsePauliOp

        from hybrid.base.types import Depolarizing, Operation, Setting, Task

        gates = get_standard_gate_name_mapping()
        parameters, steps = [], []
        for step in job.steps:
            if step.name == "depolarize":
                steps.append(Depolarizing(step.qubits, step.angle))
                continue
            gate = gates[step.name].to_mutable()
            if step.parameter >= 0:
                parameters.append(Parameter(f"a{len(parameters)}"))
                gate.params = [parameters[-1]]
            elif gate.params:
                gate.params = [step.angle]
            steps.append(Operation(gate, step.qubits))
        settings = (Setting(job.n_qubits, tuple(steps)),)
        wanted = job.observables[:1] if job.task == "gradient" else job.observables
        observables = [None] if job.task == "counts" else [SparsePauliOp.from_list(list(terms)) for terms in wanted]
        tasks = [Task(settings, parameters, observable, job.shots, job.threads) for observable in observables]
        turned = [step for step in job.steps if step.parameter >= 0]
        offset, scale = (np.array([getattr(step, name) for step in turned], dtype=float) for name in ("angle", "scale"))
        return _ExactCircuit(tasks, offset, scale, np.array([step.parameter for step in turned], dtype=int))

    def compile(self, native: _ExactCircuit, job: Job) -> Callable[[], Answer]:
        """One engine per observable, fused once."""
        from hybrid.base.machine import memory_bytes
        from hybrid.simulators.engine import Engine

        budget = memory_bytes()[1] // 2
        engines = [Engine(task, single=self._precision == "single", memory_bytes=budget) for task in native.tasks]
        precision = "single" if engines[0].dtype in (np.float32, np.complex64) else "double"
        points = np.array(job.points, dtype=float).reshape(len(job.points), -1)

        def angles() -> np.ndarray:
            return native.offset + native.scale * points[:, native.parameter]

        def values() -> Answer:
            return Answer(values=np.stack([e.expectations(angles()) for e in engines], axis=1), precision=precision)

        def counts() -> Answer:
            seed = np.random.SeedSequence(job.seed)
            ((drawn,),) = engines[0].counts(angles(), np.array([[job.shots]]), [[seed]])
            return Answer(counts=dict(zip(drawn.outcomes.tolist(), drawn.counts.tolist(), strict=True)), precision=precision)

        def gradient() -> Answer:
            value, slopes = engines[0].differentiate(angles())
            summed = np.bincount(native.parameter, native.scale * slopes[0], minlength=points.shape[1])
            return Answer(values=value[:, None], gradient=summed, precision=precision)

        return {"expectations": values, "counts": counts, "gradient": gradient}[job.task]
