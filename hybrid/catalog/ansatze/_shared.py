"""Shared by the ansaetze: Pauli terms and their rotations, a start near the reference state, a limit on layers."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterExpression
from qiskit.quantum_info import SparsePauliOp

from hybrid.base.errors import UsageError
from hybrid.base.types import Point, ProblemBase


class Term(NamedTuple):
    """`coefficient` times the product of `letters[i]` on `qubits[i]`, no identities among them."""

    letters: str
    qubits: tuple[int, ...]
    coefficient: float


def terms(hamiltonian: SparsePauliOp) -> list[Term]:
    """The Hamiltonian's terms without the identity, qubits ascending, zero coefficients left out."""
    result = []
    for letters, qubits, coefficient in hamiltonian.to_sparse_list():
        ordered = sorted(zip(qubits, letters, strict=True))
        if ordered and coefficient:
            result.append(Term("".join(a for _, a in ordered), tuple(q for q, _ in ordered), float(coefficient.real)))
    return result


def rotate(circuit: QuantumCircuit, term: Term, angle: ParameterExpression) -> None:
    """Append exp(-i angle/2 P) of the term's Pauli string P; longer strings by basis changes and a ladder of CX."""
    if term.letters in ("X", "Y", "Z", "XX", "YY", "ZZ"):
        getattr(circuit, f"r{term.letters.lower()}")(angle, *term.qubits)
        return
    *rest, last = term.qubits
    for letter, qubit in zip(term.letters, term.qubits, strict=True):
        if letter == "Y":
            circuit.sdg(qubit)
        if letter != "Z":
            circuit.h(qubit)
    for qubit, following in zip(rest, term.qubits[1:], strict=True):
        circuit.cx(qubit, following)
    circuit.rz(angle, last)
    for qubit, following in reversed(list(zip(rest, term.qubits[1:], strict=True))):
        circuit.cx(qubit, following)
    for letter, qubit in zip(term.letters, term.qubits, strict=True):
        if letter != "Z":
            circuit.h(qubit)
        if letter == "Y":
            circuit.s(qubit)


def near_reference(problem: ProblemBase, n_parameters: int, last_ry: int) -> Callable[[np.random.Generator], Point]:
    """Start 0.1 rad (normal) around the problem's reference basis state (else |0...0>), for RY and CX circuits.

    All angles zero leave |0...0>; the RY of the last layer, parameters `last_ry` onwards, flip the reference's ones. Small
    random angles leave that stationary point and avoid the plateau of uniform angles (McClean et al., Nat. Commun. 9, 4812,
    2018).
    """
    center = np.zeros(n_parameters)
    for q in range(problem.n_qubits):
        center[last_ry + q] = np.pi * ((problem.reference_bits or 0) >> q & 1)
    return lambda rng: center + rng.normal(0.0, 0.1, n_parameters)


def prepare_bits(circuit: QuantumCircuit, bits: int | None) -> None:
    """X on every qubit whose bit is one; nothing without bits."""
    for q in range(circuit.num_qubits):
        if (bits or 0) >> q & 1:
            circuit.x(q)


def check_layers(ansatz: str, option: str, value: int, least: int = 1) -> None:
    """UsageError unless least <= value <= 1000."""
    if not least <= value <= 1000:
        raise UsageError(f"ansatz '{ansatz}': {option} must lie between {least} and 1000, not {value}.")
