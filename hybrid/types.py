"""Shapes, bit order and units, stated once; what an optimiser asks and what an algorithm measures.

Bit order: qubit 0 is the lowest bit of an outcome and the rightmost letter of a Pauli string (Qiskit's).
Angles are in radians; a name with a dimension ends in its unit (`duration_s`, `exact_ha`).
Axes: k points, p parameters, m angles (one per parametrised gate), s settings (measured circuits), u distinct outcomes,
r realizations of the detunings.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float, Int, UInt64

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp

Point: TypeAlias = Float[np.ndarray, " p"]
Points: TypeAlias = Float[np.ndarray, "k p"]
Pairs: TypeAlias = Float[np.ndarray, "k 2 p"]
Scalars: TypeAlias = Float[np.ndarray, " k"]
Angles: TypeAlias = Float[np.ndarray, "k m"]
Shots: TypeAlias = Int[np.ndarray, "r s"]


# --- What an optimiser asks ------------------------------------------------------------------------------------------


class Values(NamedTuple):
    """Question: the loss at every row of `points`; `x` is where the optimiser would stop now."""

    x: Point
    points: Points
    iteration: int


class Gradient(NamedTuple):
    """Question: the loss and its gradient at `x`."""

    x: Point
    iteration: int


class Metric(NamedTuple):
    """Question: the quantum geometric tensor (p, p) of the ansatz's state at `x`, computed without noise; no shots."""

    x: Point
    iteration: int


class Overlaps(NamedTuple):
    """Question: the fidelity |<psi(a)|psi(b)>|^2 of the ansatz's states at every pair of points (a, b), as measured."""

    x: Point
    pairs: Pairs
    iteration: int


Question: TypeAlias = Values | Gradient | Metric | Overlaps


@dataclass(frozen=True, slots=True)
class Losses:
    """Answer to `Values`: iterates and indexes as plain floats; `stderr` is zero where nothing is random."""

    values: Scalars
    stderr: Scalars

    def __iter__(self) -> Iterator[float]:
        return iter(self.values.tolist())

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> float:
        return float(self.values[index])


@dataclass(frozen=True, slots=True)
class LossGradient:
    """Answer to `Gradient`: unpacks as `(loss, gradient)`; both carry standard errors."""

    loss: float
    gradient: Point
    loss_stderr: float
    gradient_stderr: Point

    def __iter__(self) -> Iterator[Any]:
        return iter((self.loss, self.gradient))


Tensor: TypeAlias = Float[np.ndarray, "p p"]
"""Answer to `Metric`."""


class Estimates(NamedTuple):
    """Answer to `Overlaps`, and what a program returns: values with their standard errors, both (k,)."""

    values: Scalars
    stderr: Scalars


Optimization: TypeAlias = Generator[Question, Any, Point]
"""What an optimiser is: it yields questions, is sent answers, and returns the x at which it converged."""


@runtime_checkable
class Optimizer(Protocol):
    """A member of `optimizers/` with its options bound.

    Its file names in `ASKS` which of "metric" and "overlaps" it asks, so that a loss without a state is refused beforehand.
    """

    def __call__(self, x: Point, rng: np.random.Generator) -> Optimization: ...


# --- What an algorithm measures --------------------------------------------------------------------------------------


class Ansatz(NamedTuple):
    """A parametrised circuit and where to start: `initial(rng)` gives a point of shape (p,), in `circuit.parameters` order."""

    circuit: "QuantumCircuit"
    initial: Callable[[np.random.Generator], Point]


class Expectation(NamedTuple):
    """Query: <observable> after `circuit`."""

    circuit: "QuantumCircuit"
    observable: "SparsePauliOp"


class Overlap(NamedTuple):
    """Query: |<0| other^dagger circuit |0>|^2, the fidelity of two states, measured as the probability of all zeros."""

    circuit: "QuantumCircuit"
    other: "QuantumCircuit"


Query: TypeAlias = Expectation | Overlap


def only_value(values: Float[np.ndarray, "q k"]) -> Scalars:
    """The loss that is its single query."""
    return values[0]


def only_slope(values: Float[np.ndarray, "q k"]) -> Float[np.ndarray, "q k"]:
    """d(loss)/d(query) of the loss that is its single query."""
    return np.ones_like(values)


class Loss(NamedTuple):
    """Something to minimise: queries with values (q, k), `combine` -> losses (k,), `slope` -> d(loss)/d(query) (q, k).

    The session answers values, gradients and standard errors of any loss by the chain rule.
    """

    queries: tuple[Query, ...]
    combine: Callable[[Float[np.ndarray, "q k"]], Scalars] = only_value
    slope: Callable[[Float[np.ndarray, "q k"]], Float[np.ndarray, "q k"]] = only_slope


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A Hamiltonian to minimise and what is known of its answer; `sign` turns the minimum into the reported value.

    `exact` is the reported value's exact counterpart (None when unknown) and `baseline` what a classical method without
    entanglement (Hartree-Fock, mean field, local search) reaches; both in `unit`, both in the reported sign.
    """

    hamiltonian: "SparsePauliOp"
    unit: str
    ansatz: str
    exact: float | None = None
    baseline: float | None = None
    baseline_name: str = ""
    quantity: str = "energy"
    sign: int = 1
    n_electrons: int | None = None
    reference_bits: int | None = None
    decode: Callable[[int], str] | None = None


@runtime_checkable
class Session(Protocol):
    """All that an algorithm may touch: it measures and records, and hides backend, optimiser and files."""

    rng: np.random.Generator

    def ansatz(self, default: str, *, fixed: bool = False) -> Ansatz:
        """The ansatz of the run, or `default`; a `fixed` one cannot be replaced by `--ansatz`."""
        ...

    def minimize(self, loss: Loss, ansatz: Ansatz) -> "Solution":
        """The loss minimised over the ansatz's parameters by the run's optimiser."""
        ...


@runtime_checkable
class Algorithm(Protocol):
    """A member of `algorithms/` with its options bound: says what to measure."""

    def __call__(self, session: Session, problem: Problem) -> "Solution": ...


class Solution(NamedTuple):
    """Where a minimisation ended; `value` was measured afresh at `x`, never picked from the values seen on the way."""

    x: Point
    value: float
    stderr: float
    nfev: int
    njev: int
    iterations: int
    shots: int
    qpu_seconds: float | None
    converged: bool
    reason: str


# --- What a backend is asked -----------------------------------------------------------------------------------------


class Counts(NamedTuple):
    """Distinct outcomes (u,) as integers, qubit 0 the lowest bit, how often each was seen (u,), and in which realization of
    the detunings (u,); an outcome has one entry for every realization that showed it."""

    outcomes: UInt64[np.ndarray, " u"]
    counts: Int[np.ndarray, " u"]
    realizations: Int[np.ndarray, " u"]


@dataclass(frozen=True, slots=True)
class Depolarizing:
    """rho -> (1 - p) rho + p I/d on `qubits`; p = r d/(d-1) for an average infidelity r."""

    qubits: tuple[int, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Waiting for `duration_s`: populations decay to |0> with T1, coherences with T2."""

    qubit: int
    duration_s: float
    t1_s: float
    t2_s: float


@dataclass(frozen=True, slots=True)
class BitFlip:
    """X with the given probability (imperfect initialisation)."""

    qubit: int
    probability: float


Channel: TypeAlias = Depolarizing | Relaxation | BitFlip


class Operation(NamedTuple):
    """One unitary gate (a Qiskit `Gate`, its parameter an angle or a number) on `qubits`."""

    gate: Any
    qubits: tuple[int, ...]


class Setting(NamedTuple):
    """One circuit that is measured in the Z basis on all its qubits: gates and error channels in order of time."""

    n_qubits: int
    steps: tuple[Operation | Channel, ...]


class Task(NamedTuple):
    """What a backend compiles once: settings over shared angles, and for noise-free exact values the observable itself.

    Every point comes as `realizations` rows of angles, which differ in what the detunings do.
    """

    settings: tuple[Setting, ...]
    angles: Sequence[Any]
    observable: "SparsePauliOp | None"
    shots: int
    threads: int
    realizations: int = 1

    @property
    def n_qubits(self) -> int:
        """Qubits that are simulated."""
        return self.settings[0].n_qubits

    @property
    def noisy(self) -> bool:
        """Whether any setting holds an error channel."""
        return any(isinstance(step, Channel) for setting in self.settings for step in setting.steps)


@runtime_checkable
class Runner(Protocol):
    """A compiled task. Called many times; every call is a pure function of its arguments."""

    def expectations(self, angles: Angles) -> Scalars:
        """Exact <observable> of the first setting's circuit, (k,)."""
        ...

    def distributions(self, angles: Angles) -> Float[np.ndarray, "k s d"]:
        """Exact outcome probabilities of every setting, d = 2^n."""
        ...

    def counts(self, angles: Angles, shots: Shots, seeds: Sequence[Sequence[np.random.SeedSequence]]) -> list[list[Counts]]:
        """Counts per point and setting, `seeds[point][setting]`; `shots` (r, s) per realization and setting."""
        ...


@runtime_checkable
class DifferentiableRunner(Runner, Protocol):
    """A compiled task that can also be differentiated."""

    def differentiate(self, angles: Angles, weights: "Float[np.ndarray, 's d'] | None" = None) -> tuple[Scalars, Angles]:
        """f (k,) and df/dangle (k, m) with f = sum_s sum_x weights[s, x] p_s(x), or the task's observable without weights."""
        ...


@runtime_checkable
class SlopedRunner(DifferentiableRunner, Protocol):
    """A compiled task that can also be differentiated by the numbers of its error channels."""

    def channel_slopes(
        self, angles: "Float[np.ndarray, ' m']", weights: "Float[np.ndarray, 's d']"
    ) -> list[list[dict[str, float] | None]]:
        """Per setting and step df/d(number) of a channel by the number's name, f as in `differentiate`; None for a gate."""
        ...


@runtime_checkable
class GeometricRunner(Runner, Protocol):
    """A compiled task that also knows how its state turns with its angles."""

    def metric(self, angles: "Float[np.ndarray, ' m']") -> "Float[np.ndarray, 'm m']":
        """Quantum geometric tensor of the first setting's pure state."""
        ...


@runtime_checkable
class Backend(Protocol):
    """A member of `backends/` with its options bound."""

    def compile(self, task: Task) -> Runner:
        """Pay once what does not depend on the angles; refuse here what cannot be done."""
        ...

    def memory_bytes(self, task: Task) -> int:
        """What one point needs at its peak."""
        ...

    def describe(self, task: Task) -> str:
        """Which simulator, method and precision answers, for the report."""
        ...


@runtime_checkable
class DynamicBackend(Protocol):
    """A backend that can also measure, reset and branch in mid-circuit, without noise."""

    def run_dynamic(
        self, circuit: "QuantumCircuit", shots: int, seed: np.random.SeedSequence, threads: int
    ) -> Mapping[str, int]:
        """Counts by bit string, as Qiskit writes them."""
        ...

    def describe_dynamic(self) -> str:
        """Method and precision, for the report."""
        ...
