"""What an algorithm measures, the session it measures with, and the solution it returns."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt64

from hybrid.base.types.optimization import Estimates, Optimizer
from hybrid.base.types.shapes import Point, Points, Scalars

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from qiskit.quantum_info import SparsePauliOp


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


class OutcomeFunction(NamedTuple):
    """A function of measured outcomes: `values` takes outcomes (u,) and gives numbers (u,) between `low` and `high`."""

    values: Callable[[UInt64[np.ndarray, " u"]], Float[np.ndarray, " u"]]
    low: float
    high: float


class Probabilities(NamedTuple):
    """Query: sum_x p_x w(x) over the outcomes x of all qubits, read in Z; `function_of(outcomes (u,), p (u,))` gives w.

    Where w depends on p, as for the conditional value at risk, it must be the derivative of the sum with respect to p.
    """

    circuit: "QuantumCircuit"
    function_of: Callable[[UInt64[np.ndarray, " u"], Float[np.ndarray, " u"]], OutcomeFunction]


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


@runtime_checkable
class Session(Protocol):
    """All that an algorithm may use: it measures and records, and hides backend, optimiser and files."""

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
