"""Excitations of electrons between spin orbitals, a qubit each (Jordan-Wigner): their list, operators and circuits.

Spin orbital p is qubit p, its occupation the qubit's bit; up-spin orbitals are the first half of the qubits, down-spin ones the
second. An excitation turns the state by exp(theta (T - T^dagger)) with T = a+_r a_p or T = a+_r a+_s a_q a_p.
"""

from collections.abc import Sequence
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterExpression
from qiskit.circuit.library import XXPlusYYGate
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.errors import UsageError
from hybrid.base.types import Problem


class Excitation(NamedTuple):
    """Electrons leave `annihilated` and enter `created`, one or two, each ascending; no orbital in both."""

    annihilated: tuple[int, ...]
    created: tuple[int, ...]

    @property
    def between(self) -> list[int]:
        """The qubits whose parity is the sign of a fermionic excitation: those inside (p, r), or (p, q) and (r, s) ordered."""
        ends = sorted(self.annihilated + self.created)
        return [q for low, high in zip(ends[::2], ends[1::2], strict=True) for q in range(low + 1, high)]

    @property
    def sign(self) -> int:
        """The sign from reordering the ladder operators themselves, with the orbitals between them empty."""
        occupied, sign = set(self.annihilated), 1
        for p in self.annihilated:
            occupied.remove(p)
            sign *= (-1) ** sum(q < p for q in occupied)
        for p in reversed(self.created):
            sign *= (-1) ** sum(q < p for q in occupied)
            occupied.add(p)
        return sign


def occupied_orbitals(owner: str, problem: Problem) -> list[int]:
    """The orbitals of the problem's reference state.

    UsageError: no molecule, or one whose qubits are not spin orbitals, as its Hamiltonian does not conserve the number of ones
    in each half of them.
    """
    bits, n = problem.reference_bits, problem.hamiltonian.num_qubits
    if problem.n_electrons is None or bits is None:
        raise UsageError(f"{owner} needs a molecule: this problem has no electrons; take vqe with efficient_su2 or brick.")
    occupied = [p for p in range(n) if bits >> p & 1]
    if n % 2 or len(occupied) != problem.n_electrons or not _conserves_spins(problem.hamiltonian):
        raise UsageError(
            f"{owner} needs a molecule in the Jordan-Wigner mapping, a qubit per spin orbital, up spins first; this "
            f"Hamiltonian of {n} qubits and {problem.n_electrons} electrons is not (a parity or Bravyi-Kitaev mapping, "
            "or qubits tapered off): its excitations would be other circuits. Take vqe with efficient_su2 or brick."
        )
    return occupied


def _conserves_spins(hamiltonian: SparsePauliOp) -> bool:
    """Whether H commutes with the number of ones in either half of the qubits."""
    n = hamiltonian.num_qubits
    scale = 1e-9 * float(np.abs(hamiltonian.coeffs).max())
    for half in (range(n // 2), range(n // 2, n)):
        number = SparsePauliOp.from_sparse_list([("Z", [p], 1.0) for p in half], num_qubits=n)
        if np.abs(commutator(hamiltonian, number).coeffs).max() > scale:
            return False
    return True


def from_reference(occupied: Sequence[int], n: int) -> list[Excitation]:
    """Singles, then doubles, out of the reference that conserve both spins, each in lexicographic order."""
    virtual = [p for p in range(n) if p not in occupied]
    return [
        Excitation(left, into)
        for size in (1, 2)
        for left, into in product(combinations(occupied, size), combinations(virtual, size))
        if _spins(left, n) == _spins(into, n)
    ]


def generalized(n: int) -> list[Excitation]:
    """Singles, then doubles, between any orbitals that conserve both spins, each in lexicographic order."""
    return [
        Excitation(low, high)
        for size in (1, 2)
        for low, high in combinations(combinations(range(n), size), 2)
        if not set(low) & set(high) and _spins(low, n) == _spins(high, n)
    ]


def _spins(orbitals: tuple[int, ...], n: int) -> int:
    return sum(p >= n // 2 for p in orbitals)


def generator(excitation: Excitation, n: int, *, fermionic: bool = True) -> SparsePauliOp:
    """T - T^dagger on n qubits; without `fermionic` the sign of the electrons between is left out (qubit excitations)."""
    product = SparsePauliOp.from_sparse_list([("", [], 1.0)], num_qubits=n)
    for p, other in [*((p, 1j) for p in excitation.annihilated), *((p, -1j) for p in excitation.created)]:
        ladder = SparsePauliOp.from_sparse_list([("X", [p], 0.5), ("Y", [p], 0.5 * other)], num_qubits=n)
        product = ladder @ product
    if fermionic:
        parity = SparsePauliOp.from_sparse_list(
            [("Z" * len(excitation.between), excitation.between, excitation.sign)], num_qubits=n
        )
        product = parity @ product
    return (product - product.adjoint()).simplify()


def excite(circuit: QuantumCircuit, excitation: Excitation, theta: ParameterExpression, *, fermionic: bool = True) -> None:
    """Append exp(theta (T - T^dagger)), exactly: 2 CX or 14, and for the parity between two chains of CX and two CZ
    (Yordanov et al., Phys. Rev. A 102, 062612, 2020)."""
    between = excitation.between if fermionic else []
    chain = list(zip(between, between[1:], strict=False))
    angle = theta * excitation.sign if fermionic else theta
    for q, following in chain:
        circuit.cx(q, following)
    if between:
        circuit.cz(between[-1], excitation.created[0])
    if len(excitation.created) == 1:
        circuit.append(XXPlusYYGate(2 * angle, np.pi / 2), [*excitation.annihilated, *excitation.created])
    else:
        _double(circuit, excitation, angle)
    if between:
        circuit.cz(between[-1], excitation.created[0])
    for q, following in reversed(chain):
        circuit.cx(q, following)


def _double(circuit: QuantumCircuit, excitation: Excitation, theta: ParameterExpression) -> None:
    """|0011> -> cos theta |0011> + sin theta |1100> on (created, annihilated), all other states left alone
    (Anselmetti et al., New J. Phys. 23, 113010, 2021, fig. 6)."""
    a, b, i, j = *excitation.created, *excitation.annihilated
    turn = theta / 4

    def turned(sign_b: int, sign_a: int) -> None:
        circuit.ry(sign_b * turn, b)
        circuit.ry(sign_a * turn, a)

    circuit.cx(i, j)
    circuit.cx(a, i)
    circuit.h([j, a])
    circuit.cx(i, j)
    circuit.cx(a, b)
    turned(1, -1)
    circuit.cx(a, j)
    circuit.h(j)
    circuit.cx(j, b)
    turned(1, -1)
    circuit.cx(i, b)
    circuit.cx(i, a)
    turned(-1, 1)
    circuit.cx(j, b)
    circuit.h(j)
    circuit.cx(a, j)
    turned(-1, 1)
    circuit.cx(a, b)
    circuit.cx(i, a)
    circuit.h([a, j])
    circuit.cx(a, i)
    circuit.cx(i, j)


def commutator(a: SparsePauliOp, b: SparsePauliOp) -> SparsePauliOp:
    """[a, b]; the zero operator where they commute."""
    return (a @ b - b @ a).simplify()
