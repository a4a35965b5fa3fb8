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
from jaxtyping import Bool, Float, Int, UInt64

from hybrid.errors import UsageError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
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


class Worth(NamedTuple):
    """What single outcomes count: `of` takes outcomes (u,) and gives numbers (u,) between `low` and `high`."""

    of: Callable[[UInt64[np.ndarray, " u"]], Float[np.ndarray, " u"]]
    low: float
    high: float


class Probabilities(NamedTuple):
    """Query: sum_x p_x w(x) over the outcomes x of all qubits, read in Z; `settle(outcomes (u,), p (u,))` gives the worth w.

    Where w depends on p it must be the derivative of the sum by p, as that of the conditional value at risk is.
    """

    circuit: "QuantumCircuit"
    settle: Callable[[UInt64[np.ndarray, " u"], Float[np.ndarray, " u"]], Worth]


Query: TypeAlias = Expectation | Overlap | Probabilities


def only_value(values: Float[np.ndarray, "q k"]) -> Scalars:
    """The loss that is its single query."""
    return values[0]


def only_slope(values: Float[np.ndarray, "q k"]) -> Float[np.ndarray, "q k"]:
    """d(loss)/d(query) of the loss that is its single query."""
    return np.ones_like(values)


class Loss(NamedTuple):
    """Something to minimise: queries with values (q, k), `combine` -> losses (k,), `slope` -> d(loss)/d(query) (q, k).

    With `samples` (m, f), values of the parameters `features` of every query's circuit, each query is measured at every sample,
    and q counts query by query, sample by sample. The session answers values, gradients and standard errors of any loss by the
    chain rule.
    """

    queries: tuple[Query, ...]
    combine: Callable[[Float[np.ndarray, "q k"]], Scalars] = only_value
    slope: Callable[[Float[np.ndarray, "q k"]], Float[np.ndarray, "q k"]] = only_slope
    features: "tuple[Parameter, ...]" = ()
    samples: "Float[np.ndarray, 'm f'] | None" = None


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
    choices: "Choices | None" = None
    electrons: "Electrons | None" = None

    @property
    def n_qubits(self) -> int:
        """How many qubits the Hamiltonian acts on."""
        return self.hamiltonian.num_qubits

    @property
    def maximize(self) -> bool:
        """Whether more is better in the reported sign."""
        return self.sign < 0


class Electrons(NamedTuple):
    """Electrons of a molecule in `n_orbitals` spatial orbitals and how they are mapped to qubits: jordan_wigner, parity or
    bravyi_kitaev, spin orbitals ordered alpha first, then beta."""

    n_alpha: int
    n_beta: int
    n_orbitals: int
    mapping: str


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What single outcomes of an optimisation problem are worth, and what a classical method makes of it.

    The first `n_variables` qubits are the variables, any others slack. `objective` (in the reported sign) and `feasible` take
    outcomes (u,); `best` is the best classical choice (None: not known), found by `method` in `seconds`. `penalty` says how
    constraints are punished, empty where there are none.
    """

    n_variables: int
    objective: Callable[[UInt64[np.ndarray, " u"]], Float[np.ndarray, " u"]]
    feasible: Callable[[UInt64[np.ndarray, " u"]], Bool[np.ndarray, " u"]]
    best: int | None
    method: str
    seconds: float
    penalty: str


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Labelled points for a classifier, split and scaled: features in radians, labels as indices of `classes`.

    `baseline` is the share of the test points that a classical classifier gets right, `majority` that of always naming the
    most frequent class; `note` says how the points were split and scaled.
    """

    train_x: Float[np.ndarray, "m f"]
    train_y: Int[np.ndarray, " m"]
    test_x: Float[np.ndarray, "t f"]
    test_y: Int[np.ndarray, " t"]
    features: tuple[str, ...]
    classes: tuple[str, ...]
    baseline: float
    baseline_name: str
    majority: float
    note: str
    quantity: str = "test accuracy"
    unit: str = ""
    sign: int = 1
    maximize: bool = True
    exact: None = None
    choices: None = None
    decode: None = None
    reference_bits: None = None

    @property
    def n_qubits(self) -> int:
        """A qubit per feature."""
        return len(self.features)

    @property
    def hamiltonian(self) -> "SparsePauliOp":
        """UsageError: there is none."""
        raise UsageError(
            "this ansatz is made for a Hamiltonian, and a set of labelled points has none; take efficient_su2, real_amplitudes "
            "or brick."
        )


@runtime_checkable
class Session(Protocol):
    """All that an algorithm may touch: it measures and records, and hides backend, optimiser and files."""

    rng: np.random.Generator

    def ansatz(self, default: str, *, fixed: bool = False) -> Ansatz:
        """The ansatz of the run, or `default`; a `fixed` one cannot be replaced by `--ansatz`."""
        ...

    def circuit(self, name: str) -> Ansatz:
        """A built-in ansatz with options, `zz_feature_map:reps=2`, whatever the run's ansatz is."""
        ...

    def minimize(self, loss: Loss, ansatz: Ansatz, *, share: float = 1.0, optimizer: Optimizer | None = None) -> "Solution":
        """The loss minimised over the ansatz's parameters by the run's optimiser, or by the algorithm's own.

        May be called again and again; each call may spend `share` of the evaluations and the machine time that are left.
        """
        ...

    def measure(self, query: Query, points: "Points | None" = None) -> Estimates:
        """The query at points (k, p), `query.circuit.parameters` and then any others of an overlap's second circuit; or, of
        circuits without parameters, once. Measured once and recorded; counts as k evaluations, which no budget refuses."""
        ...


@runtime_checkable
class Algorithm(Protocol):
    """A member of `algorithms/` with its options bound: says what to measure."""

    def __call__(self, session: Session, problem: Any) -> "Solution": ...


class Quantity(NamedTuple):
    """One more number of a result, in the reported sign; `interval` is one of 95 %, `reference` what to compare it with."""

    name: str
    value: float
    stderr: float = 0.0
    unit: str = ""
    interval: tuple[float, float] | None = None
    reference: float | None = None
    reference_name: str = "exact"


class Solution(NamedTuple):
    """Where a minimisation ended; `value` was measured afresh at `x`, never picked from the values seen on the way.

    What an algorithm returns: `quantities` are the numbers it reports besides. Costs are those of the minimisation; the record
    and the result have those of the whole run.
    """

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
    quantities: tuple[Quantity, ...] = ()


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


class Journal(Protocol):
    """Where the results of jobs are kept before anything else happens with them; a part is one circuit's."""

    def recorded(self, key: str, asked: str) -> Mapping[str, Any] | None:
        """The part that is kept under this key, if there is one; `asked` says what it must be the answer to."""
        ...

    def keep(self, send: Callable[[], tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
        """Send a job, keep its parts by key and what is told about the job, and hand the parts on."""
        ...


class NoJournal:
    """Keeps nothing."""

    def recorded(self, key: str, asked: str) -> Mapping[str, Any] | None:
        """See `Journal`."""
        return None

    def keep(self, send: Callable[[], tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
        """See `Journal`."""
        return send()[0]


@runtime_checkable
class ForeignBackend(Backend, Protocol):
    """A backend that brings its own physics, a machine for one: it answers with shots, by jobs, and no device goes with it."""

    @property
    def physics(self) -> str:
        """Whose physics the answers have."""
        ...

    @property
    def shot_cycle_s(self) -> float | None:
        """Seconds per shot, where known."""
        ...

    def through(self, journal: Journal) -> "ForeignBackend":
        """The same backend, every job's result given to the journal first."""
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
