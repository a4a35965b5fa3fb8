"""The last few compiled circuits: an optimiser uses the same one many times."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, final

from qiskit import QuantumCircuit

SIZE = 32
Made = TypeVar("Made")


@final
class Remembered(Generic[Made]):
    """The last results made from a circuit and its options. Circuits are compared by content, because they may be changed."""

    def __init__(self) -> None:
        self._made: list[tuple[QuantumCircuit, tuple[Any, ...], Made]] = []

    def get(self, circuit: QuantumCircuit, given: tuple[Any, ...], make: Callable[[], Made]) -> Made:
        """The remembered result, or `make()`."""
        for i, (known, of, made) in enumerate(self._made):
            if of == given and known.layout == circuit.layout and known == circuit:
                self._made.append(self._made.pop(i))
                return made
        made = make()
        self._made = [*self._made[1 - SIZE :], (circuit.copy(), given, made)]
        return made
