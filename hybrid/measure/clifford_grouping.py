"""A Clifford circuit that turns commuting Pauli strings into strings of Z, so that one measurement reads all of them.

Strings are treated one after the other (van den Berg & Temme, Quantum 4, 322 (2020), sec. 4): the shortest one that is not yet
Z only is made into X on one qubit by S, CX and CZ, then into Z by H. All others commute with it, so they have only I or Z on
that qubit, which needs no further gate. Qubits on which all strings agree are rotated first, each alone.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool
from qiskit import QuantumCircuit
from qiskit.quantum_info import Clifford, PauliList

Bits = Bool[np.ndarray, "t n"]


def diagonalizing(paulis: PauliList) -> tuple[QuantumCircuit, PauliList]:
    """U, and U P U^dagger for every P of the commuting `paulis`: strings of Z with their signs in the phase."""
    sweep = _Sweep(paulis.x.copy(), paulis.z.copy())
    sweep.rotate_alone()
    while (row := sweep.shortest()) is not None:
        sweep.clear(row)
    return sweep.circuit, paulis.evolve(Clifford(sweep.circuit), frame="s")


class _Sweep:
    """The strings' bits under the gates so far; row t has X or Y on qubit q where x[t, q], Z or Y where z[t, q]."""

    def __init__(self, x: Bits, z: Bits) -> None:
        self.x, self.z = x, z
        self.circuit = QuantumCircuit(x.shape[1])

    def rotate_alone(self) -> None:
        """Qubits on which no two strings differ: X and Y to Z."""
        for q in range(self.x.shape[1]):
            letters = {(bool(a), bool(b)) for a, b in zip(self.x[:, q], self.z[:, q], strict=True)} - {(False, False)}
            if len(letters) == 1 and self.x[:, q].any():
                if self.z[:, q].any():
                    self._s(q)
                self._h(q)

    def shortest(self) -> int | None:
        """The row with X or Y in it that acts on the fewest qubits where some string has X or Y; None when done."""
        active = self._active()
        rows = np.flatnonzero(self.x.any(axis=1))
        return int(min(rows, key=lambda t: (active[t].sum(), t))) if len(rows) else None

    def clear(self, row: int) -> None:
        """Make the row's part on qubits that are not yet done into Z on one of them."""
        for q in np.flatnonzero(self.x[row] & self.z[row]):
            self._s(q)
        flips = np.flatnonzero(self.x[row])
        pivot = flips[len(flips) // 2]
        for q in np.flatnonzero(self._active()[row] & self.z[row]):
            self._cz(pivot, q)
        for q in flips[flips != pivot]:
            self._cx(pivot, q)
        self._h(pivot)

    def _active(self) -> Bits:
        """Where a string acts on a qubit on which some string still has X or Y."""
        return (self.x | self.z) & self.x.any(axis=0)

    def _s(self, q: Any) -> None:
        self.circuit.s(q)
        self.z[:, q] ^= self.x[:, q]

    def _h(self, q: Any) -> None:
        self.circuit.h(q)
        self.x[:, q], self.z[:, q] = self.z[:, q].copy(), self.x[:, q].copy()

    def _cx(self, control: Any, target: Any) -> None:
        self.circuit.cx(control, target)
        self.x[:, target] ^= self.x[:, control]
        self.z[:, control] ^= self.z[:, target]

    def _cz(self, a: Any, b: Any) -> None:
        self.circuit.cz(a, b)
        self.z[:, a] ^= self.x[:, b]
        self.z[:, b] ^= self.x[:, a]
