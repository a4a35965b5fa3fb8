"""Circuits in native gates made longer on purpose, the same without noise (Giurgica-Tiron et al., arXiv:2005.10921).

A circuit U is folded to U (U^dagger U)^m, or each of its gates G to G (G^dagger G)^m, for the odd factor 2m + 1.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import RZGate

from hybrid.base.errors import UsageError
from hybrid.base.gates import ROTATIONS

MOST_FOLDED = 25


def scale_factors(text: str) -> tuple[int, ...]:
    """The factors of a list such as 1/3/5; UsageError unless they are different odd numbers, the least first."""
    try:
        factors = tuple(int(word) for word in text.split("/"))
    except ValueError:
        raise UsageError(f"mitigation zne: factors is a list of odd numbers such as 1/3/5, not '{text}'.") from None
    wrong = [factor for factor in factors if factor < 1 or factor > MOST_FOLDED or factor % 2 == 0]
    if wrong:
        near = max(1, wrong[0] // 2 * 2 + 1)
        raise UsageError(
            f"mitigation zne: a circuit is folded to an odd factor from 1 to {MOST_FOLDED}, not to {wrong[0]}; "
            f"nearest: {min(near, MOST_FOLDED)}."
        )
    if len(factors) < 2 or list(factors) != sorted(set(factors)):
        raise UsageError(f"mitigation zne: factors are different numbers, the least first, as in 1/3/5, not {text}.")
    return factors


def fold(circuit: QuantumCircuit, factor: int, *, by: str = "circuit") -> QuantumCircuit:
    """The circuit of native gates folded to an odd factor: as a whole ("circuit"), each "gate", or each "pair", a gate on two
    qubits."""
    listed = [(item.operation, item.qubits) for item in circuit.data]
    result = circuit.copy_empty_like()
    for operation, qubits in listed:
        result.append(operation, qubits, copy=False)
        if operation.name != "barrier" and (by == "gate" or (by == "pair" and len(qubits) > 1)):
            _again(result, [(operation, qubits)], factor)
    if by == "circuit":
        _again(result, listed, factor)
    return result


def _again(result: QuantumCircuit, part: list[tuple[Any, Any]], factor: int) -> None:
    for _ in range((factor - 1) // 2):
        for operation, qubits in reversed(part):
            for gate in _inverse(operation):
                result.append(gate, qubits, copy=False)
        for operation, qubits in part:
            result.append(operation, qubits, copy=False)


def _inverse(operation: Any) -> Iterator[Any]:
    """The inverse in native gates: SX^dagger = RZ(pi) SX RZ(-pi); rotations by the opposite angle; CZ, delay, barrier stay."""
    if operation.name == "sx":
        yield from (RZGate(np.pi), operation, RZGate(-np.pi))
    elif operation.base_class in ROTATIONS:
        yield operation.base_class(-operation.params[0])
    else:
        yield operation
