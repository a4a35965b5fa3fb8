"""Problems: a Hamiltonian, or labelled points."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

if TYPE_CHECKING:
    from qiskit.quantum_info import SparsePauliOp


@dataclass(frozen=True, kw_only=True)
class ProblemBase(ABC):
    """What a Hamiltonian and a set of labelled points share: what is reported of a solution, and where to start.

    `sign` turns the minimised loss into the reported value. `exact` is that value's exact counterpart (None when unknown) and
    `baseline` what a classical method without entanglement (Hartree-Fock, mean field, local search) reaches; both in `unit`,
    both in the reported sign. `reference_bits` is a basis state to start near.
    """

    unit: str
    quantity: str
    sign: int = 1
    exact: float | None = None
    baseline: float | None = None
    baseline_name: str = ""
    reference_bits: int | None = None

    @property
    @abstractmethod
    def n_qubits(self) -> int:
        """How many qubits the ansatz has."""

    @property
    def maximize(self) -> bool:
        """Whether a larger reported value is better."""
        return self.sign < 0


@dataclass(frozen=True, kw_only=True)
class Problem(ProblemBase):
    """A Hamiltonian to minimise, and what is known of its solution.

    `ansatz` is the one that it proposes, for a run the one that suits the device; `ansatz_reason` says why, if there is more to
    say than that the problem proposes it.
    """

    hamiltonian: "SparsePauliOp"
    ansatz: str
    ansatz_reason: str = ""
    quantity: str = "energy"
    n_electrons: int | None = None
    decode: Callable[[int], str] | None = None
    choices: "Choices | None" = None
    electrons: "Electrons | None" = None
    observables: "Callable[[], tuple[Observable, ...]] | None" = None

    @property
    def n_qubits(self) -> int:
        """How many qubits the Hamiltonian acts on."""
        return self.hamiltonian.num_qubits


class Observable(NamedTuple):
    """A further observable that is reported at the final point, beside its value in the reference state."""

    name: str
    operator: "SparsePauliOp"
    reference: float


class Electrons(NamedTuple):
    """Electrons of a molecule in `n_orbitals` spatial orbitals and how they are mapped to qubits: jordan_wigner, parity or
    bravyi_kitaev, spin orbitals ordered alpha first, then beta."""

    n_alpha: int
    n_beta: int
    n_orbitals: int
    mapping: str


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Objective and constraints of single outcomes of an optimisation problem, and its solution by a classical method.

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
class Dataset(ProblemBase):
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
    majority: float
    note: str
    quantity: str = "test accuracy"
    unit: str = ""

    @property
    def n_qubits(self) -> int:
        """A qubit per feature."""
        return len(self.features)

    @property
    def maximize(self) -> bool:
        """A larger accuracy is better, although the loss is minimised as it is."""
        return True
