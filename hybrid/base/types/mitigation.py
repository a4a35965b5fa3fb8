"""What a method of error mitigation changes about a measurement. A method names the parts that it changes; the rest is left."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


class Twirl(NamedTuple):
    """Random Paulis that cancel, as angles of one compiled circuit: around the two-qubit `gates`, before the readout
    (`outcomes`), and drawn from the `inverse` of the Markovian noise. Each of the `instances` has an equal part of the shots.
    With `balanced` (and a power of two of instances above the number of qubits) every pair of outcomes is flipped in each of
    the four ways equally often.
    """

    gates: bool = False
    outcomes: bool = False
    inverse: bool = False
    instances: int = 32
    balanced: bool = False

    def with_another(self, other: "Twirl") -> "Twirl":
        """Both at once: the larger number of instances."""
        gates, outcomes = self.gates or other.gates, self.outcomes or other.outcomes
        return Twirl(gates, outcomes, self.inverse or other.inverse, max(self.instances, other.instances))


class Extrapolation(NamedTuple):
    """Circuits that are measured in place of each one, and the value that follows from theirs.

    `variants` makes f circuits of one in native gates; they run as they are, without being optimised. `combine` makes one value
    of f values (f,), the observable's constant part apart. Each variant gets its part of the shots, in proportion to `shares`.
    `about` says in words what the combined value is.
    """

    variants: "Callable[[QuantumCircuit], Sequence[QuantumCircuit]]"
    combine: Callable[[Float[np.ndarray, " f"]], float]
    shares: tuple[float, ...]
    about: str = ""


class Mitigation(NamedTuple):
    """The parts of a measurement that a method changes.

    `readout`: assignment errors are calibrated once and inverted, of each bit (with its asymmetry) or of each string of bits
    (which needs `twirl.outcomes`). `selection`: shots outside the state's symmetry sector are left out. `training`: so many
    Clifford circuits of known value fit the noise.
    """

    readout: Literal["", "bits", "strings"] = ""
    selection: Literal["", "auto", "parity", "number"] = ""
    twirl: Twirl | None = None
    extrapolation: Extrapolation | None = None
    training: int = 0

    @property
    def variants(self) -> int:
        """How many circuits are measured in place of one."""
        return 1 if self.extrapolation is None else len(self.extrapolation.shares)

    @property
    def calibrates(self) -> bool:
        """Whether circuits of its own are measured before the first value."""
        return bool(self.readout or self.training)


NO_MITIGATION = Mitigation()
