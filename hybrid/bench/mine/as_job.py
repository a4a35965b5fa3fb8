"""A run without noise and shots as a plain job, for simulators that know nothing of this package (`hybrid.bench.adapters`)."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from hybrid import catalog
from hybrid.base.errors import UsageError
from hybrid.base.types import Expectation
from hybrid.base.types.algorithm import only_value
from hybrid.bench.job import GATES, ROTATIONS, Job, Step, Verdict, decode_answer
from hybrid.bench.mine.questions import RunQuestion, first_stage
from hybrid.bench.workloads._shared import judged_densely, layer, witness
from hybrid.measure.grouping import identity_apart
from hybrid.runs.setup import prepare
from hybrid.runs.spec import Spec

WITNESS_SEED = 41


class PlainRun(NamedTuple):
    """The circuit in the common gates, the observable without its `constant`, and the start (p,)."""

    n_qubits: int
    steps: tuple[Step, ...]
    terms: tuple[tuple[str, float], ...]
    constant: float
    start: tuple[float, ...]

    def job(self, question: RunQuestion, threads: int) -> Job:
        """The question as a job."""
        return Job(self.n_qubits, self.steps, question.task, (self.terms,), question.points, threads=threads)

    def witness_job(self) -> Job:
        """The circuit at its start and at random angles, with observables that show reversed qubits and negated angles.

        Random rotations of every qubit come first, so that no symmetry of the circuit hides what is wrong.
        """
        rng = np.random.default_rng(WITNESS_SEED)
        turns = rng.uniform(-np.pi, np.pi, (3, self.n_qubits))
        first = [step for name, angles in zip(ROTATIONS, turns, strict=True) for step in layer(name, self.n_qubits, angles)]
        points = (self.start, tuple(rng.uniform(-np.pi, np.pi, len(self.start)).tolist()))
        return Job(self.n_qubits, (*first, *self.steps), "expectations", (witness(self.n_qubits, rng),), points)

    def judged(self, answer: dict[str, Any]) -> Verdict:
        """The answer to the witness job against a dense simulation in NumPy."""
        return judged_densely(self.witness_job(), 1).check(decode_answer(answer))


def simulators() -> list[str]:
    """The simulators of the benchmark that `hybrid run` does not have."""
    return [name for name in catalog.names("adapters") if name not in catalog.names("backends")]


def is_plain(spec: Spec) -> bool:
    """Whether such a simulator can be asked: no noise, and exact values."""
    return not spec.shots and spec.device.partition(":")[0] == "ideal"


@cache
def plain(spec: Spec) -> PlainRun:
    """The run as a job; UsageError with the reason where it is none."""
    from qiskit import transpile

    if not is_plain(spec):
        raise UsageError("it knows no device and its shots: for runs on 'ideal' without shots")
    stage = first_stage(prepare(spec)).stage
    query, *others = stage.loss.queries
    if others or not isinstance(query, Expectation) or stage.loss.combine is not only_value or stage.loss.samples is not None:
        raise UsageError("what is minimised is not one expectation value")
    parameters = {parameter: index for index, parameter in enumerate(stage.ansatz.circuit.parameters)}
    circuit = transpile(query.circuit, basis_gates=list(GATES), optimization_level=1, seed_transpiler=0)
    steps = tuple(
        _step(item.operation, tuple(circuit.find_bit(q).index for q in item.qubits), parameters)
        for item in circuit.data
        if item.operation.name != "barrier"
    )
    constant, terms = identity_apart(query.observable)
    weighted = tuple((label, float(weight.real)) for label, weight in terms.to_list())
    return PlainRun(circuit.num_qubits, steps, weighted, constant, tuple(stage.start.tolist()))


def _step(gate: Any, qubits: tuple[int, ...], parameters: dict[Any, int]) -> Step:
    if gate.name not in GATES:
        raise UsageError(f"its circuit has the gate {gate.name}")
    if not gate.params:
        return Step(gate.name, qubits)
    (angle,) = gate.params
    used = getattr(angle, "parameters", ())
    if not used:
        return Step(gate.name, qubits, float(angle))
    if len(used) > 1:
        raise UsageError("an angle of its circuit depends on several parameters")
    (parameter,) = used
    at = [float(angle.bind({parameter: value})) for value in (0.0, 1.0, 2.0)]
    if abs(at[2] - 2 * at[1] + at[0]) > 1e-9:
        raise UsageError("an angle of its circuit is not linear in its parameter")
    return Step(gate.name, qubits, at[0], parameters[parameter], at[1] - at[0])
