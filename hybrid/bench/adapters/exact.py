"""The exact engine of this package, as a simulator among others."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Any, Literal, NamedTuple, final

import numpy as np

from hybrid.bench.adapters._shared import noisy, refuse, simulator, versions
from hybrid.bench.job import Answer, Job

MOST_NOISY = 12


def exact(*, precision: Literal["double", "single"] = "double") -> "ExactAdapter":
    """The exact engine: fused blocks, batched over points, gradients in one reverse pass."""
    return ExactAdapter(precision)


class _ExactCircuit(NamedTuple):
    """Tasks of the engine, one per observable; the angles (m) of parametrised gates are offset + scale * point[parameter].

    With noise an observable is measured: `weights` (s, 2^n) of the outcomes of each basis.
    """

    tasks: list[Any]
    offset: np.ndarray
    scale: np.ndarray
    parameter: np.ndarray
    weights: list[np.ndarray]


def _measured(plain: Any, terms: Sequence[tuple[str, float]], gates: Any) -> tuple[tuple[Any, ...], np.ndarray]:
    """A setting for every basis that terms share qubit by qubit, greedily, and the weights (s, 2^n) of its outcomes."""
    from hybrid.base.types import Operation

    n = plain.n_qubits
    bases: list[dict[int, str]] = []
    groups: list[list[tuple[int, float]]] = []
    for pauli, weight in terms:
        letters = {q: letter for q, letter in enumerate(reversed(pauli)) if letter != "I"}
        mask = sum(1 << q for q in letters)
        for basis, group in zip(bases, groups, strict=True):
            if all(basis.get(q, letter) == letter for q, letter in letters.items()):
                basis |= letters
                group.append((mask, weight))
                break
        else:
            bases.append(letters)
            groups.append([(mask, weight)])
    outcomes = np.arange(2**n)
    weights = np.array(
        [sum(w * (1 - 2 * (np.bitwise_count(outcomes & mask) & 1).astype(float)) for mask, w in group) for group in groups]
    )
    turns = {"X": ("h",), "Y": ("sdg", "h"), "Z": ()}
    settings = [
        plain._replace(steps=(*plain.steps, *(Operation(gates[g], (q,)) for q, letter in basis.items() for g in turns[letter])))
        for basis in bases
    ]
    return tuple(settings), weights


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
        """With noise, values come from all outcomes: on `MOST_NOISY` qubits at most."""
        if noisy(job) and job.task != "counts" and job.n_qubits > MOST_NOISY:
            return f"exact sums over all outcomes where there is noise: at most {MOST_NOISY} qubits here"
        return refuse("exact", job, tasks=("expectations", "counts", "gradient"), noise=True, relaxes=True)

    def translate(self, job: Job) -> _ExactCircuit:
        """The circuit as the engine's steps, an angle of its own for every parametrised gate."""
        from qiskit.circuit import Parameter
        from qiskit.circuit.library import get_standard_gate_name_mapping
        from qiskit.quantum_info import SparsePauliOp

        from hybrid.base.types import Depolarizing, Operation, Relaxation, Setting, Task

        gates = get_standard_gate_name_mapping()
        parameters, steps = [], []
        for step in job.steps:
            if step.name == "depolarize":
                steps.append(Depolarizing(step.qubits, step.angle))
                continue
            if step.name == "relax":
                t1_s, t2_s = (1 / rate if rate else inf for rate in (step.angle, step.scale))
                steps.append(Relaxation(step.qubits[0], 1.0, t1_s, t2_s))
                continue
            gate = gates[step.name].to_mutable()
            if step.parameter >= 0:
                parameters.append(Parameter(f"a{len(parameters)}"))
                gate.params = [parameters[-1]]
            elif gate.params:
                gate.params = [step.angle]
            steps.append(Operation(gate, step.qubits))
        plain = Setting(job.n_qubits, tuple(steps))
        wanted = job.observables[:1] if job.task == "gradient" else job.observables
        weights: list[np.ndarray] = []
        if job.task == "counts":
            tasks = [Task((plain,), parameters, None, job.shots, job.threads)]
        elif noisy(job):
            measured = [_measured(plain, terms, gates) for terms in wanted]
            tasks = [Task(settings, parameters, None, 0, job.threads) for settings, _ in measured]
            weights = [of_outcomes for _, of_outcomes in measured]
        else:
            observables = [SparsePauliOp.from_list(list(terms)) for terms in wanted]
            tasks = [Task((plain,), parameters, observable, job.shots, job.threads) for observable in observables]
        turned = [step for step in job.steps if step.parameter >= 0]
        offset, scale = (np.array([getattr(step, name) for step in turned], dtype=float) for name in ("angle", "scale"))
        return _ExactCircuit(tasks, offset, scale, np.array([step.parameter for step in turned], dtype=int), weights)

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
            if native.weights:
                both = zip(engines, native.weights, strict=True)
                columns = [np.einsum("ksd,sd->k", e.distributions(angles()), w) for e, w in both]
            else:
                columns = [e.expectations(angles()) for e in engines]
            return Answer(values=np.stack(columns, axis=1), precision=precision)

        def counts() -> Answer:
            seed = np.random.SeedSequence(job.seed)
            ((drawn,),) = engines[0].counts(angles(), np.array([[job.shots]]), [[seed]])
            return Answer(counts=dict(zip(drawn.outcomes.tolist(), drawn.counts.tolist(), strict=True)), precision=precision)

        def gradient() -> Answer:
            value, slopes = engines[0].differentiate(angles(), native.weights[0] if native.weights else None)
            summed = np.bincount(native.parameter, native.scale * slopes[0], minlength=points.shape[1])
            return Answer(values=value[:, None], gradient=summed, precision=precision)

        return {"expectations": values, "counts": counts, "gradient": gradient}[job.task]
