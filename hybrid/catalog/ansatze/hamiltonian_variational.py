"""Hamiltonian variational ansatz: rotations about the Hamiltonian's terms, from the ground state of a simple part."""

from typing import Literal

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp, StabilizerState

from hybrid.base.errors import UsageError
from hybrid.base.types import Ansatz, Problem
from hybrid.catalog.ansatze._shared import Term, check_layers, prepare_bits, rotate, terms

TAKES = "Hamiltonian"


def hamiltonian_variational(problem: Problem, *, reps: int = 3, parameters: Literal["layer", "term"] = "layer") -> Ansatz:
    """Hamiltonian variational: `reps` layers of exp(-i theta/2 c P), terms c P of H (Wecker et al., PRA 92, 042303, 2015).

    Terms are taken in H's order into groups that commute (Ising: bonds, field; Heisenberg: even bonds, odd bonds). With
    `layer` one theta turns a whole group, c relative to its largest; with `term` each term has its own, c is a sign.

    The start state is the ground state of an easy group, one on more than half of the qubits that falls apart into
    pieces of one or two, each with a unique ground state: |+...+> in a field along X, singlets on the even bonds of a
    Heisenberg chain. Of several the one on most qubits, then the first; it is turned last in a layer. Without one: the
    problem's reference basis state, else |+...+>. Angles start on the ramp of a slow passage from the easy group to H,
    plus 0.01 rad at random.

    UsageError: reps outside 1..1000; terms that all commute and have no easy ground state (the state would not change).
    """
    check_layers("hamiltonian_variational", "reps", reps)
    n = problem.hamiltonian.num_qubits
    groups = _commuting(terms(problem.hamiltonian))
    easy = [(group, start) for group in groups if (start := _ground_state(n, group)) is not None]
    circuit = QuantumCircuit(n)
    if easy:
        last, start = max(easy, key=lambda pair: len({q for term in pair[0] for q in term.qubits}))
        groups = [group for group in groups if group is not last] + [last]
        circuit.compose(start, inplace=True)
    elif len(groups) < 2:
        raise UsageError(
            "ansatz 'hamiltonian_variational': all terms of the Hamiltonian commute, so its rotations could not move "
            "the state; take efficient_su2, real_amplitudes or (Z terms only) qaoa_layers."
        )
    elif problem.reference_bits is None:
        circuit.h(range(n))
    else:
        prepare_bits(circuit, problem.reference_bits)

    per_layer = len(groups) if parameters == "layer" else sum(map(len, groups))
    theta = ParameterVector("theta", reps * per_layer)
    angles, ramp = iter(theta), []
    strongest = max(abs(term.coefficient) for group in groups for term in group)
    for layer in range(reps):
        progress = (layer + 0.5) / reps
        for group in groups:
            largest = max(abs(term.coefficient) for term in group)
            slow = _STEP * largest / strongest * (progress if easy and group is not groups[-1] else 1.0)
            if parameters == "layer":
                angle = next(angles)
                ramp.append(slow)
                for term in group:
                    rotate(circuit, term, angle * (term.coefficient / largest))
            else:
                for term in group:
                    rotate(circuit, term, next(angles) * float(np.sign(term.coefficient)))
                    ramp.append(slow * abs(term.coefficient) / largest)
    center = np.array(ramp)
    return Ansatz(circuit, lambda rng: center + rng.normal(0.0, 0.01, center.size))


_STEP = 0.4
"""Angle at which the strongest term starts; a smaller one passes too fast, a larger one loses to Trotter errors."""


def _commuting(all_terms: list[Term]) -> list[list[Term]]:
    """Every term joins the first group with which it commutes; two strings do if they differ on evenly many qubits."""
    groups: list[list[Term]] = []
    at_qubit: list[dict[int, list[int]]] = []  # per group: which of its terms act on a qubit, and with which letter
    for term in all_terms:
        for group, touched in zip(groups, at_qubit, strict=True):
            clashes: dict[int, int] = {}
            for letter, qubit in zip(term.letters, term.qubits, strict=True):
                for other in touched.get(qubit, ()):
                    theirs = group[other].letters[group[other].qubits.index(qubit)]
                    clashes[other] = clashes.get(other, 0) + (theirs != letter)
            if not any(count % 2 for count in clashes.values()):
                break
        else:
            groups.append(group := [])
            at_qubit.append(touched := {})
        for qubit in term.qubits:
            touched.setdefault(qubit, []).append(len(group))
        group.append(term)
    return groups


def _ground_state(n: int, group: list[Term]) -> QuantumCircuit | None:
    """The group's ground state, |0> where nothing acts; None where the group is not easy."""
    pieces: dict[int, set[int]] = {}
    for term in group:
        piece = set(term.qubits).union(*(pieces.get(q, set()) for q in term.qubits))
        if len(piece) > 2:
            return None
        pieces |= dict.fromkeys(piece, piece)
    if 2 * len(pieces) <= n:
        return None
    circuit = QuantumCircuit(n)
    for qubits in sorted({tuple(sorted(piece)) for piece in pieces.values()}):
        members = [term for term in group if term.qubits[0] in qubits]
        local = [(term.letters, [qubits.index(q) for q in term.qubits]) for term in members]
        paulis = [SparsePauliOp.from_sparse_list([(*at, 1.0)], num_qubits=len(qubits)) for at in local]
        matrix = sum(term.coefficient * pauli.to_matrix() for term, pauli in zip(members, paulis, strict=True))
        energies, states = np.linalg.eigh(matrix)
        if energies[1] - energies[0] < 1e-9 * np.abs(energies).max():
            return None
        # A unique common eigenstate of Pauli strings is the stabiliser state of the signs it gives them.
        ground = states[:, 0]
        signs = [round((ground.conj() @ pauli.to_matrix() @ ground).real) for pauli in paulis]
        stabilizers = sorted(
            (f"{'-' if sign < 0 else '+'}{pauli.paulis[0].to_label()}" for sign, pauli in zip(signs, paulis, strict=True)),
            key=lambda label: label.count("Y"),  # redundant strings come last and drop out
        )
        state = StabilizerState.from_stabilizer_list(stabilizers, allow_redundant=True)
        circuit.compose(state.clifford.to_circuit(), qubits, inplace=True)
    return circuit
