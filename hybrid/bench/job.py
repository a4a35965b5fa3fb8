"""A benchmark's job as plain data, the interface of a simulator's adapter, and the verdict on its answer.

A job needs only the standard library and NumPy, so that an adapter may run in an interpreter that has no Qiskit. Bit order,
Pauli strings and rotations are Qiskit's: qubit 0 is the lowest bit and the rightmost letter, rx(t) = exp(-i t X / 2).
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

Task: TypeAlias = Literal["expectations", "counts", "gradient"]
ONE_QUBIT = ("h", "x", "y", "z", "s", "sdg", "t", "tdg")
ROTATIONS = ("rx", "ry", "rz")
TWO_QUBIT = ("cx", "cz")
GATES = (*ONE_QUBIT, *ROTATIONS, *TWO_QUBIT)
"""The common gate set, which every adapter implements."""
DEPOLARIZE, RELAX = "depolarize", "relax"
"""rho -> (1 - p) rho + p I/d on one or two qubits, p in `angle`; and on one qubit populations that decay to |0> by exp(-angle),
coherences by exp(-scale), with 2 scale >= angle: t/T1 and t/T2."""
NOISE = (DEPOLARIZE, RELAX)
"""Error channels; an adapter may refuse either."""

DYNAMIC = ("measure",)
"""Mid-circuit measurement of its qubit, for counts only; later steps may depend on its outcome. An adapter may refuse it."""


class Step(NamedTuple):
    """One gate; a rotation turns by `angle` radians, plus `scale` times the point's entry `parameter` (-1: none).

    With a `condition` (-1: none) it is applied only in shots where the last `measure` of that qubit gave 1.
    """

    name: str
    qubits: tuple[int, ...]
    angle: float = 0.0
    parameter: int = -1
    scale: float = 1.0
    condition: int = -1

    def at(self, point: tuple[float, ...]) -> float:
        """The angle in radians at a point."""
        return self.angle if self.parameter < 0 else self.angle + self.scale * point[self.parameter]


class Job(NamedTuple):
    """What is asked of a simulator: all of `observables` at every point, counts, or <observables[0]> with its gradient.

    An observable is a tuple of (Pauli string, coefficient); `points` (k, p) holds one empty point where nothing is
    parametrised. Counts and gradients are asked at one point.
    """

    n_qubits: int
    steps: tuple[Step, ...]
    task: Task
    observables: tuple[tuple[tuple[str, float], ...], ...] = ()
    points: tuple[tuple[float, ...], ...] = ((),)
    shots: int = 0
    seed: int = 0
    threads: int = 1


class Answer(NamedTuple):
    """`values` (k, o) of `expectations`, or (1, 1) beside `gradient` (p,); `counts` by outcome as an integer.

    `precision` is what the simulator computed in, as observed (from the dtype of state or values), not as requested.
    """

    values: "Float[np.ndarray, 'k o'] | None" = None
    gradient: "Float[np.ndarray, ' p'] | None" = None
    counts: Mapping[int, int] | None = None
    precision: str = "double"


@runtime_checkable
class Adapter(Protocol):
    """A member of `adapters/` with its options bound. The harness times the four calls apart; only `translate` may be
    preceded by an import of the simulator's package, inside `load`."""

    def load(self) -> dict[str, str]:
        """Import the simulator; the versions of what was imported, by package."""
        ...

    def refusal(self, job: Job) -> str | None:
        """Why this job cannot be done, or None."""
        ...

    def translate(self, job: Job) -> Any:
        """The job in the simulator's own form."""
        ...

    def compile(self, native: Any, job: Job) -> Callable[[], Answer]:
        """All work that is done once; every call of the returned function computes the whole answer again."""
        ...


class Verdict(NamedTuple):
    """`right` is None where there is no reference; `metric` is at most `tolerance` in a right answer."""

    right: bool | None
    metric: float
    tolerance: float
    name: str
    tier: str
    reference: str


class Workload(NamedTuple):
    """What a member of `workloads/` returns: a job and the judge of its answers. A changed circuit is a new `version`."""

    job: Job
    version: int
    check: Callable[[Answer], Verdict]


def encode_job(job: Job) -> dict[str, Any]:
    """The job as JSON's own types; `decode_job` gives it back, every float to the bit."""
    return job._asdict()


def decode_job(plain: Mapping[str, Any]) -> Job:
    """The job that `encode_job` wrote, after JSON has made lists of its tuples."""
    steps = tuple(Step(name, tuple(qubits), *rest) for name, qubits, *rest in plain["steps"])
    observables = tuple(tuple((pauli, weight) for pauli, weight in terms) for terms in plain["observables"])
    points = tuple(tuple(point) for point in plain["points"])
    return Job(**{**plain, "steps": steps, "observables": observables, "points": points})


def encode_answer(answer: Answer) -> dict[str, Any]:
    """The answer as JSON's own types: arrays as nested lists, counts as pairs."""
    return {
        "values": None if answer.values is None else np.asarray(answer.values, dtype=float).tolist(),
        "gradient": None if answer.gradient is None else np.asarray(answer.gradient, dtype=float).tolist(),
        "counts": None if answer.counts is None else sorted([int(k), int(v)] for k, v in answer.counts.items()),
        "precision": str(answer.precision),
    }


def decode_answer(plain: Mapping[str, Any]) -> Answer:
    """The answer that `encode_answer` wrote."""
    values, gradient, counts = plain["values"], plain["gradient"], plain["counts"]
    return Answer(
        values=None if values is None else np.array(values, dtype=float),
        gradient=None if gradient is None else np.array(gradient, dtype=float),
        counts=None if counts is None else dict(counts),
        precision=plain["precision"],
    )
