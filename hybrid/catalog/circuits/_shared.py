"""Shared by the circuits: limits of their options, measuring at the end."""

from collections.abc import Sequence

from qiskit import ClassicalRegister, QuantumCircuit

from hybrid.base.errors import UsageError, shortened

MAX_QUBITS = 1000
"""A larger number is taken for a typing mistake."""


def check(owner: str, name: str, value: int, least: int, most: int) -> None:
    """UsageError unless least <= value <= most."""
    if not least <= value <= most:
        raise UsageError(f"circuit '{owner}': {name} must lie between {least} and {most}, not {value}.")


def check_bits(owner: str, name: str, bits: str, least: int, most: int) -> None:
    """UsageError unless `bits` is made of 0 and 1 and has a length from `least` to `most`."""
    if set(bits) - {"0", "1"}:
        raise UsageError(f"circuit '{owner}': {name} must be made of 0 and 1, not '{shortened(bits)}'.")
    if not least <= len(bits) <= most:
        raise UsageError(f"circuit '{owner}': {name} must have {least} to {most} digits, not {len(bits)}.")


def check_seed(owner: str, seed: int) -> None:
    """UsageError for a negative seed."""
    if seed < 0:
        raise UsageError(f"circuit '{owner}': seed must not be negative, not {seed}.")


def measured(circuit: QuantumCircuit, name: str, qubits: Sequence[int] | None = None) -> QuantumCircuit:
    """The circuit, named, with `qubits` (all) measured at its end: the i-th of them into bit i of register `c`."""
    chosen = range(circuit.num_qubits) if qubits is None else qubits
    circuit.name = name
    circuit.add_register(ClassicalRegister(len(chosen), "c"))
    circuit.measure(chosen, range(len(chosen)))
    return circuit
