"""What a backend is given, circuits with their error channels, and what it returns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float, Int, UInt64

from hybrid.base.types.shapes import Angles, Scalars, Shots
from hybrid.base.types.wide import Certificate, DiagonalTerms, NodeAxes

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp


class Counts(NamedTuple):
    """Distinct outcomes (u,) as integers, qubit 0 the lowest bit, how often each was seen (u,), and in which realization of
    the detunings (u,); an outcome has one entry for every realization that showed it. A shot counts `weights` (r,) of its
    realization, where they are not all 1."""

    outcomes: UInt64[np.ndarray, " u"]
    counts: Int[np.ndarray, " u"]
    realizations: Int[np.ndarray, " u"]
    weights: Float[np.ndarray, " r"] | None = None


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


Weights: TypeAlias = Float[np.ndarray, "s d"] | Sequence[DiagonalTerms]
"""Of every outcome of every setting, as numbers or as terms."""


class Operation(NamedTuple):
    """One unitary gate (a Qiskit `Gate`, its parameter an angle or a number) on `qubits`."""

    gate: Any
    qubits: tuple[int, ...]


class Setting(NamedTuple):
    """One circuit that is measured in the Z basis on all its qubits: gates and error channels in order of time."""

    n_qubits: int
    steps: tuple[Operation | Channel, ...]


class Task(NamedTuple):
    """What a backend compiles once: settings with shared angles, and for noise-free exact values the observable itself.

    Every point is given as `realizations` rows of angles, one for each draw of the detunings. `terms` are those of each setting
    where their sum is all that is asked, on more than `DENSE_QUBITS` qubits. With `axes` it is the mean over their nodes, and
    angles that depend on these are no angles of the task.
    """

    settings: tuple[Setting, ...]
    angles: Sequence[Any]
    observable: "SparsePauliOp | None"
    shots: int
    threads: int
    realizations: int = 1
    terms: Sequence[DiagonalTerms] | None = None
    axes: NodeAxes | None = None

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

    def differentiate(self, angles: Angles, weights: Weights | None = None) -> tuple[Scalars, Angles]:
        """f (k,) and df/dangle (k, m) with f = sum_s sum_x weights[s, x] p_s(x), or the task's observable without weights."""
        ...


@runtime_checkable
class WideRunner(DifferentiableRunner, Protocol):
    """A compiled task that needs no array over all outcomes."""

    def weighted(self, angles: Angles, weights: Sequence[DiagonalTerms]) -> Scalars:
        """f of `differentiate`, (k,)."""
        ...

    def weighted_by_setting(self, angles: Angles, weights: Sequence[DiagonalTerms]) -> Float[np.ndarray, "s k"]:
        """What each setting adds to f."""
        ...

    def slopes_by_setting(
        self, angles: Angles, weights: Sequence[DiagonalTerms]
    ) -> tuple[Float[np.ndarray, "s k"], Float[np.ndarray, "s k m"]]:
        """What each setting adds to f and df/dangle."""
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
    """A compiled task that can also compute the quantum geometric tensor of its state."""

    def metric(self, angles: "Float[np.ndarray, ' m']") -> "Float[np.ndarray, 'm m']":
        """Quantum geometric tensor of the first setting's pure state."""
        ...


@runtime_checkable
class Backend(Protocol):
    """A member of `backends/` with its options bound."""

    def compile(self, task: Task) -> Runner:
        """Do once what does not depend on the angles; raise UsageError for what this backend cannot do."""
        ...

    def memory_bytes(self, task: Task) -> int:
        """Peak memory of one point."""
        ...

    def describe(self, task: Task) -> str:
        """Simulator, method and precision, for the report."""
        ...


@runtime_checkable
class CertifiedBackend(Backend, Protocol):
    """A backend that says of wide tasks what it takes, and that averages over detunings by axes of nodes."""

    @property
    def detunings(self) -> str:
        """What was asked for: auto, nodes or sobol."""
        ...

    @property
    def memory(self) -> int | None:
        """Bytes that wide tasks may take; None for what is free."""
        ...

    def certificate(self, task: Task) -> Certificate | None:
        """None for a task that is computed as a whole."""
        ...

    def gradient_bytes(self, task: Task) -> int:
        """What a gradient of a wide task takes at least; 0 for others."""
        ...

    def takes_nodes(self, by_nodes: Sequence[Task], drawn: Task) -> bool:
        """Whether tasks with axes of nodes, one for the value and others for its error, replace the drawn realizations."""
        ...


class Recomputation(NamedTuple):
    """What a second simulator computes: the `task`, some `settings` of the first one's, without shots, for `rows` of angles."""

    backend: "Backend"
    task: Task
    settings: Sequence[int]
    rows: int


@runtime_checkable
class CheckedBackend(Backend, Protocol):
    """A backend whose reported values another simulator computes again."""

    def recomputation(self, task: Task) -> Recomputation | None:
        """The second simulator's part; None where the first one is the reference itself. Depends on the task alone."""
        ...


class Journal(Protocol):
    """Keeps the results of jobs before they are used; a part is the result of one circuit."""

    def recorded(self, key: str, asked: str) -> Mapping[str, Any] | None:
        """The part kept under this key, or None; `asked` identifies the question that it must answer."""
        ...

    def keep(self, send: Callable[[], tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
        """Send a job, keep its parts by key and the information about the job, and return the parts."""
        ...

    def submitted(self, job: str, of: str) -> None:
        """Keep the id of a job that was sent and has no result yet; `of` identifies its circuits."""
        ...

    def sent(self, of: str) -> str | None:
        """The id of a job with these circuits that was sent before, by a process that ended before its result was there."""
        ...

    def check(self) -> None:
        """Raises the interruption's error, where there is one: called while a machine is waited for."""
        ...


class NoJournal:
    """Keeps nothing."""

    def recorded(self, key: str, asked: str) -> Mapping[str, Any] | None:
        """See `Journal`."""
        return None

    def keep(self, send: Callable[[], tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
        """See `Journal`."""
        return send()[0]

    def submitted(self, job: str, of: str) -> None:
        """See `Journal`."""

    def sent(self, of: str) -> str | None:
        """See `Journal`."""
        return None

    def check(self) -> None:
        """See `Journal`."""


@runtime_checkable
class ForeignBackend(Backend, Protocol):
    """A backend with its own physics, such as a machine: it returns shots, works in jobs, and is used without a device."""

    @property
    def physics(self) -> str:
        """What the answers' noise comes from."""
        ...

    @property
    def shot_cycle_s(self) -> float | None:
        """Seconds per shot, where known."""
        ...

    def through(self, journal: Journal) -> "ForeignBackend":
        """The same backend, every job's result kept in the journal first."""
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
